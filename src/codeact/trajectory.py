"""The record of an episode: exactly what the model saw and wrote, and what came of it."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from codeact.actions import Action, Answer, CodeAction, InvalidAction, ToolCall
from codeact.consents import Decision
from codeact.errors import DataError
from codeact.messages import Completion, Message, Usage
from codeact.observations import Observation

SCHEMA = "codeact.trajectory/1"

CUT_OFF = "A crash cut the line off; delete it to go on with the lines before it. "

_ACTIONS = {"code": CodeAction, "call": ToolCall, "answer": Answer, "invalid": InvalidAction}
_TAGS = {kind: tag for tag, kind in _ACTIONS.items()}


class StopReason(StrEnum):
    """Why an episode ended."""

    ANSWERED = "answered"
    """The user heard an answer and was content."""
    STEP_LIMIT = "step_limit"
    """The last allowed step was taken; an answer may still stand in the extra final step."""
    TOKEN_BUDGET = "token_budget"
    COST_BUDGET = "cost_budget"
    TIME_BUDGET = "time_budget"
    STUCK = "stuck"
    """The same failing action again and again, also after a nudge."""
    CONTEXT_LIMIT = "context_limit"
    """The prompt outgrew what the model can read, also when old observations were shortened;
    `Trajectory.error` holds the provider's words.
    """
    INTERRUPTED = "interrupted"
    """Somebody asked it to stop."""
    FAILED = "failed"
    """The world failed; `Trajectory.error` says how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One turn of the paper: a reply, its action, its observation.

    `completion` is what the model wrote. `reply` is how that stays in the prompt: cut after the
    first complete action, its closing mark restored. `feedback` is the observation as a message,
    None where the model is shown nothing more. `context` is set when the messages before this step
    were rewritten (compaction): then it holds all of them. `decisions` are what somebody was asked
    meanwhile and said.
    """

    completion: Completion
    reply: Message
    action: Action
    observation: Observation
    feedback: Message | None = None
    context: tuple[Message, ...] | None = None
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """The record of one episode. `metadata` names the model, the format and what else explains the
    run; `setting` is JSON data on what the code ran in: `sandbox` says which walls stood.
    """

    prompt: tuple[Message, ...]
    steps: tuple[Step, ...]
    stop_reason: StopReason
    error: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    setting: Mapping[str, Any] = field(default_factory=dict)

    @property
    def answer(self) -> str | None:
        """The answer that ended the episode, None where none did."""
        if self.steps and self.steps[-1].observation.done:
            action = self.steps[-1].action
            if isinstance(action, Answer):
                return action.text
        return None

    @property
    def usage(self) -> Usage:
        return sum((step.completion.usage for step in self.steps), Usage())

    @property
    def seconds(self) -> float:
        """Wall time of all completions and observations."""
        return sum(step.completion.seconds + step.observation.seconds for step in self.steps)

    def shown(self, index: int) -> list[Message]:
        """The messages that step `index` answered, byte for byte; `len(steps)` gives those of a
        next step.
        """
        return follow(self.prompt, self.steps[: index + 1], index)

    def messages(self) -> list[Message]:
        """Exactly what the model saw and wrote, the last reply and its feedback included."""
        return self.shown(len(self.steps))


def follow(
    prompt: Iterable[Message], steps: tuple[Step, ...] | list[Step], index: int
) -> list[Message]:
    """The messages before step `index`: the latest rewritten context, or the prompt, and all that
    was said since.
    """
    start, messages = 0, list(prompt)
    for position in range(min(index, len(steps) - 1), -1, -1):
        context = steps[position].context
        if context is not None:
            start, messages = position, list(context)
            break
    for step in steps[start:index]:
        messages.append(step.reply)
        if step.feedback is not None:
            messages.append(step.feedback)
    return messages


def to_json(trajectory: Trajectory) -> str:
    """One line of JSON, without its line break; fields at their defaults are left out.

    It can always be written as UTF-8: half of a surrogate pair, as models may write, is escaped.
    """
    record = {"schema": SCHEMA} | _plain(trajectory)
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=True)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def from_json(line: str) -> Trajectory:
    """The trajectory of one line. Raises DataError when the line is something else."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"Not a line of JSON: {error}.") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        found = record.get("schema") if isinstance(record, dict) else type(record).__name__
        raise DataError(f"Expected a record with schema {SCHEMA!r}, found {found!r}.")
    steps = record.get("steps")
    if isinstance(steps, list):
        record["steps"] = [_with_action(step, f"steps.{n}.action") for n, step in enumerate(steps)]
    trajectory: Trajectory = _read(Trajectory, record)
    return trajectory


def read(path: Path) -> Iterator[Trajectory]:
    """The trajectories of a JSON Lines file, one at a time. Raises DataError naming the file, the
    line and the field.
    """
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    trajectory = from_json(line.decode("utf-8"))
                except (DataError, UnicodeDecodeError) as error:
                    cut = "" if line.endswith(b"\n") else CUT_OFF
                    raise DataError(f"{path}, line {number}: {cut}{error}") from error
                yield trajectory


def append(path: Path, trajectory: Trajectory) -> None:
    """Add one line. A crash leaves at most half a line at the end; the next one begins after it."""
    line = to_json(trajectory).encode("utf-8") + b"\n"
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line
        file.write(line)


def plain_step(step: Step) -> dict[str, Any]:
    """One step as JSON-able data, as `to_json` writes it."""
    record: dict[str, Any] = _plain(step)
    return record


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        record = {"type": _TAGS[type(value)]} if type(value) in _TAGS else {}
        for name, default in _defaults(type(value)):
            member = getattr(value, name)
            if member is not default and member != default:
                record[name] = _plain(member)
        return record
    if isinstance(value, Mapping):
        return {str(key): _plain(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(member) for member in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    return repr(value)  # a format may spell arguments that JSON cannot


@functools.cache
def _defaults(kind: type) -> tuple[tuple[str, Any], ...]:
    """The fields of a dataclass with their defaults; a required one's equals nothing."""
    pairs = []
    for item in dataclasses.fields(kind):
        default: Any = item.default
        if item.default_factory is not dataclasses.MISSING:
            default = item.default_factory()
        pairs.append((item.name, default))
    return tuple(pairs)


def _with_action(step: Any, place: str) -> Any:
    """The step with its action read, which only the tag can tell apart."""
    match step:
        case {"action": {"type": str(tag), **fields}} if tag in _ACTIONS:
            return {**step, "action": _read(_ACTIONS[tag], fields, place)}
        case {"action": action}:
            known = ", ".join(_ACTIONS)
            raise DataError(f"{place}: Expected a type out of {known} (got {action!r:.80}).")
        case _:
            return step


def _read(kind: Any, record: Any, place: str = "") -> Any:
    from pydantic import ValidationError

    try:
        return _adapter(kind).validate_python(record)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in (place, *first["loc"]) if part != "")
        raise DataError(f"{field}: {first['msg']} (got {first['input']!r:.80}).") from error


@functools.cache
def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter  # takes longer to import than all nouns together

    return TypeAdapter(kind)
