"""What comes back for an action, from whichever source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from codeact.messages import Media

Source = Literal["interpreter", "tool", "user", "format"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """The text is what the model reads, bounded at its source; `log` is the path of the whole text
    when it was cut.

    `error` is a stable label of what failed: the exception's type name for code and tools, else one
    of "Timeout", "StateLost", "Interrupted", "Refused" (there was no consent), "UnknownTool",
    "BadArguments" or the kind of the invalid action. `done` ends the episode. `seconds` is wall
    time.
    """

    text: str
    source: Source
    ok: bool = True
    done: bool = False
    error: str | None = None
    media: tuple[Media, ...] = ()
    log: str | None = None
    seconds: float = 0.0
