"""The first action of a reply and where it ends: what every format looks for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from codeact.actions import Action, Answer, InvalidAction

_ANOTHER = (
    "Only the first action of your reply was carried out; everything after it was dropped. "
    "Write one action per reply."
)
_MADE_UP = (
    "What you wrote after the action was dropped: its output comes from carrying it out, "
    "never write it yourself."
)
_EMPTY = "Your reply was empty."
_OUTPUT = re.compile(
    r"[\s`*#\[<(]*+(?:execution |code |tool )?(?:output|results?|observation|stdout|out\[)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAction:
    """`end` is where the action ends in its reply; `closing` restores what is missing after that.
    `settled`: no further text could change it.
    """

    action: Action
    end: int
    closing: str = ""
    settled: bool = False

    def kept(self, text: str) -> str:
        """The reply up to the end of its first action, with its closing mark."""
        return text[: self.end] + self.closing


def plain(text: str, form: str) -> FirstAction:
    """A reply without an action: an answer, unless it says nothing."""
    if text.strip():
        return FirstAction(action=Answer(text=text.strip()), end=len(text))
    return FirstAction(action=InvalidAction(reason=f"{_EMPTY} {form}", kind="empty"), end=len(text))


def note_on(rest: str, *, another: bool) -> str:
    """What the model is told about the text after its first action, most often nothing."""
    if another:
        return _ANOTHER
    return _MADE_UP if _OUTPUT.match(rest) else ""
