"""Text that models and programs wrote, made harmless for a page."""

from __future__ import annotations

import re
from html import escape

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def safe(text: str) -> str:
    """Escaped; control characters, and those that turn the reading order, are spelled out."""
    return escape(_CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", text))
