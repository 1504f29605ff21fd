"""A run as plain lines of text: progress on one stream, the answer alone on another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from codeact.actions import Action, Answer, CodeAction, InvalidAction, ToolCall
from codeact.cli.folding import Folded, fold, fold_error, thought
from codeact.cli.harmless import clean, visible
from codeact.cli.presenter import Outcome
from codeact.events import (
    ActionParsed,
    ApprovalAsked,
    ApprovalGiven,
    Compacted,
    Event,
    OutputDelta,
    ReasoningDelta,
    Retrying,
    StepFinished,
    TextDelta,
)
from codeact.observations import Observation
from codeact.trajectory import Step

NO_OUTPUT = "(no output)"


def bare_answer(stream: TextIO) -> Callable[[str], None]:
    """Writes an answer as it is, for whoever reads the stream."""

    def write(answer: str) -> None:
        stream.write(clean(answer) + "\n")
        stream.flush()

    return write


def call_text(call: ToolCall) -> str:
    """A tool call as Python would spell it."""
    named = [f"{key}={value!r}" for key, value in call.kwargs.items()]
    return f"{call.name}({', '.join([*map(repr, call.args), *named])})"


def retry_notice(event: Retrying) -> str:
    return f"Trying again in {event.seconds:.1f} s: {event.reason}"


def compact_notice(event: Compacted) -> str:
    plural = "" if event.removed == 1 else "s"
    return f"The context is filling: {event.removed} old output{plural} shortened."


def observed(observation: Observation) -> Folded:
    """What is shown of an observation."""
    text = clean(observation.text)
    if not text.strip():
        return Folded(lines=() if observation.media else (NO_OUTPUT,))
    return fold(text) if observation.ok else fold_error(text)


class Plain:
    """Whole things only, each when it is complete; nothing moves and nothing is coloured."""

    def __init__(self, *, answer: Callable[[str], None], progress: TextIO) -> None:
        self._answer = answer
        self._progress = progress
        self._text = ""
        self._shown = False

    def begin(self, doing: str = "thinking") -> None:
        self._text, self._shown = "", False

    def show(self, event: Event, pictures: Sequence[Path] = ()) -> None:
        match event:
            case TextDelta(text=text):
                self._text += text
            case Retrying():
                self._text = ""
                self.notice(retry_notice(event))
            case Compacted():
                self.notice(compact_notice(event))
            case ActionParsed(action=action):
                self._action(action)
            case StepFinished(step=step):
                self._step(step, pictures)
            case ApprovalAsked(question=question):
                if isinstance(question.action, ToolCall):
                    self._say(f"--- approve {visible(question.text)}")
            case ReasoningDelta() | OutputDelta() | ApprovalGiven():
                pass

    def pause(self) -> None:
        pass

    def resume(self) -> None:
        pass

    def notice(self, text: str) -> None:
        self._say(f"[{clean(text)}]")

    def tell(self, text: str) -> None:
        self._say(clean(text))

    def finish(self, outcome: Outcome) -> None:
        if outcome.answer is not None:
            self._answer(outcome.answer)
        if outcome.error:
            self._say(f"Error: {clean(outcome.error)}")
        if outcome.seconds:
            self._say(*(f"File: {clean(str(file))}" for file in outcome.files))
            where = "" if outcome.folder is None else f" · {clean(str(outcome.folder))}"
            self._say(f"[{outcome.summary}{where}]")

    def _action(self, action: Action) -> None:
        self._shown = True
        match action:
            case CodeAction(code=code):
                self._thought(action)
                self._say("--- code", visible(code), "--- output")
            case ToolCall():
                self._thought(action)
                self._say(f"--- call {visible(call_text(action))}")
            case InvalidAction(reason=reason):
                self._thought(action)
                self._say(f"[The reply could not be used: {clean(reason).splitlines()[0]}]")
            case Answer():
                pass

    def _thought(self, action: Action) -> None:
        said = clean(thought(self._text, action))
        if said:
            self._say(said)

    def _step(self, step: Step, pictures: Sequence[Path]) -> None:
        if not self._shown:
            self._thought(step.action)
        if step.observation.source in ("interpreter", "tool"):
            folded = observed(step.observation)
            lines = [f"  {line}" for line in folded.lines]
            if folded.hidden:
                lines.insert(0 if folded.from_end else len(lines), f"  {folded.remark}")
            self._say(*lines, *(f"  Plot: {clean(str(path))}" for path in pictures))
        self._text, self._shown = "", False

    def _say(self, *lines: str) -> None:
        self._progress.write("".join(f"{line}\n" for line in lines))
        self._progress.flush()
