"""What shows a run to somebody: the contract of the screen, the plain text and the JSON lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from codeact.events import Event
from codeact.messages import Usage
from codeact.trajectory import StopReason

LIMITS = {
    StopReason.STEP_LIMIT: "stopped at the step limit (--max-steps)",
    StopReason.TOKEN_BUDGET: "stopped: the token budget is used up (--budget)",
    StopReason.COST_BUDGET: "stopped: the cost budget is used up (--budget)",
    StopReason.TIME_BUDGET: "stopped: the time budget is used up (--budget)",
    StopReason.STUCK: "stopped: the same action failed again and again",
    StopReason.CONTEXT_LIMIT: "stopped: the conversation is longer than the model can read",
    StopReason.INTERRUPTED: "interrupted",
    StopReason.FAILED: "failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run or a turn ended. `files` are new or changed ones in the workspace; No `seconds`
    have passed when nothing was begun.
    """

    stop_reason: StopReason
    answer: str | None = None
    error: str | None = None
    steps: int = 0
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    files: tuple[Path, ...] = ()
    folder: Path | None = None

    @property
    def summary(self) -> str:
        """One line: why it stopped where that is not an answer, steps, tokens, money, time."""
        parts = [] if self.answer is not None else [LIMITS.get(self.stop_reason, "no answer")]
        parts.append(f"{self.steps} step{'' if self.steps == 1 else 's'}")
        parts.append(tokens(self.usage))
        if self.usage.cost:
            parts.append(dollars(self.usage.cost))
        parts.append(duration(self.seconds))
        return " · ".join(parts)


class Presenter(Protocol):
    """Shows what happens. All methods return at once."""

    def begin(self, doing: str = "thinking") -> None:
        """A run or a turn begins, or a cell of the user's own."""

    def show(self, event: Event, pictures: Sequence[Path] = ()) -> None:
        """One event; with a finished step the files that hold its pictures."""

    def pause(self) -> None:
        """Somebody else writes to the terminal until `resume` or the next event."""

    def resume(self) -> None:
        """The terminal is free again and work goes on."""

    def notice(self, text: str) -> None:
        """Something that the user should know."""

    def tell(self, text: str) -> None:
        """What the user asked to see."""

    def finish(self, outcome: Outcome) -> None:
        """A run or a turn ended."""


def tokens(usage: Usage) -> str:
    count = usage.total_tokens
    return f"{'~' if usage.estimated else ''}{count:,} token{'' if count == 1 else 's'}"


def dollars(cost: float) -> str:
    if not cost:
        return "$0"
    return f"${cost:.2f}" if cost >= 0.995 else f"${cost:.4f}"


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 5 s`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def place(path: Path) -> str:
    """A path as short as a shell understands it."""
    home = Path.home()
    if home != Path("/") and path.is_relative_to(home):
        return str(Path("~") / path.relative_to(home))
    return str(path)
