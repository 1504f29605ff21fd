"""A run as JSON Lines: one object for each event, the last one `finished`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from codeact.actions import Action, Answer, CodeAction, InvalidAction, ToolCall
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


class JsonLines:
    """For programs. Without `stream` the three kinds of pieces (text, reasoning, output) are left
    out. ASCII only, so that nothing in it can command a terminal.
    """

    def __init__(self, *, out: TextIO, progress: TextIO, stream: bool = True) -> None:
        self._out = out
        self._progress = progress
        self._stream = stream

    def begin(self, doing: str = "thinking") -> None:
        pass

    def show(self, event: Event, pictures: Sequence[Path] = ()) -> None:
        match event:
            case TextDelta(text=text):
                self._piece(type="text", text=text)
            case ReasoningDelta(text=text):
                self._piece(type="reasoning", text=text)
            case OutputDelta(text=text, stream=stream):
                self._piece(type="output", text=text, stream=stream)
            case Retrying(reason=reason, seconds=seconds):
                self._write(type="retrying", reason=reason, seconds=seconds)
            case Compacted(removed=removed):
                self._write(type="compacted", removed=removed)
            case ApprovalAsked(question=question):
                self._write(type="approval_asked", text=question.text)
            case ApprovalGiven(question=question, consent=consent):
                given = None if consent is None else consent.given
                self._write(type="approval_given", text=question.text, given=given)
            case ActionParsed(action=action):
                self._write(type="action", **action_record(action))
            case StepFinished(index=index, step=step):
                observation = step.observation
                self._write(
                    type="step",
                    index=index,
                    ok=observation.ok,
                    error=observation.error,
                    observation=observation.text,
                    seconds=round(step.completion.seconds + observation.seconds, 6),
                    usage=dataclasses.asdict(step.completion.usage),
                    pictures=[str(path) for path in pictures],
                )

    def pause(self) -> None:
        pass

    def resume(self) -> None:
        pass

    def notice(self, text: str) -> None:
        self._progress.write(json.dumps(text)[1:-1] + "\n")

    def tell(self, text: str) -> None:
        self.notice(text)

    def finish(self, outcome: Outcome) -> None:
        self._write(
            type="finished",
            stop_reason=str(outcome.stop_reason),
            answer=outcome.answer,
            steps=outcome.steps,
            usage=dataclasses.asdict(outcome.usage),
            seconds=round(outcome.seconds, 3),
            files=[str(file) for file in outcome.files],
            folder=None if outcome.folder is None else str(outcome.folder),
            error=outcome.error,
        )

    def _piece(self, **record: Any) -> None:
        if self._stream:
            self._write(**record)

    def _write(self, **record: Any) -> None:
        self._out.write(json.dumps(record, default=repr) + "\n")
        self._out.flush()


def action_record(action: Action) -> dict[str, Any]:
    match action:
        case CodeAction(code=code):
            return {"kind": "code", "code": code}
        case ToolCall(name=name, args=args, kwargs=kwargs):
            return {"kind": "call", "name": name, "args": list(args), "kwargs": dict(kwargs)}
        case Answer(text=text):
            return {"kind": "answer", "text": text}
        case InvalidAction(reason=reason, kind=kind):
            return {"kind": "invalid", "label": kind, "reason": reason}
