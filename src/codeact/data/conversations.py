"""A conversation to learn from: messages, and which of them are learned."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from codeact.compaction import estimated_tokens
from codeact.errors import DataError
from codeact.messages import Message, NativeCall, Role
from codeact.trajectory import Trajectory

SCHEMA = "codeact.conversation/1"
MASKED = "masked_steps"
"""In a trajectory's metadata: the indices of steps that are read and not learned."""

ROLES: frozenset[str] = frozenset(get_args(Role))
NO_CONVERSATION = "no conversation of schema {schema}: {error}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message. `learned`: its author is the model that is trained, and it is worth learning."""

    role: Role
    content: str
    learned: bool = False
    calls: tuple[NativeCall, ...] = ()
    call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """`task` is the same for all conversations about one task: they stay on one side of a split.

    `source` is what a mixture counts by.
    """

    id: str
    source: str
    task: str
    said: tuple[Said, ...]

    @property
    def tokens(self) -> int:
        """A guess from the characters."""
        messages = [Message(role=e.role, content=e.content, calls=e.calls) for e in self.said]
        return estimated_tokens(messages)

    @property
    def words(self) -> str:
        """All that is said but for the system message."""
        return "\n".join(each.content for each in self.said if each.role != "system")


def of_trajectory(trajectory: Trajectory, name: str = "") -> Conversation:
    """What an agent saw and wrote, up to its last reply: its replies are learned, but for those of
    steps that are masked and those before a context that was rewritten. Pictures are left out.

    `name` is the id where the trajectory names no task.
    """
    about = trajectory.metadata
    wrong = {int(index) for index in about.get(MASKED, "").split()}
    messages = trajectory.messages()
    last = max((n for n, each in enumerate(messages) if each.role == "assistant"), default=-1)
    replies = sum(message.role == "assistant" for message in messages)
    step = len(trajectory.steps) - replies
    said = []
    for message in messages[: last + 1]:
        reply = message.role == "assistant"
        said.append(
            Said(
                role=message.role,
                content=message.content,
                learned=reply and step >= 0 and step not in wrong,
                calls=message.calls,
                call_id=message.call_id,
            )
        )
        step += reply
    task = about.get("task", name)
    epoch = about.get("epoch", "0")
    source = about.get("source") or about.get("domain") or "unknown"
    id = task if epoch == "0" else f"{task}#{epoch}"
    return Conversation(id=id, source=source, task=task, said=tuple(said))


def to_record(conversation: Conversation) -> dict[str, Any]:
    """As JSON-able data; `from_record` reads it back."""
    return {
        "schema": SCHEMA,
        "id": conversation.id,
        "source": conversation.source,
        "task": conversation.task,
        "messages": [_plain(each) for each in conversation.said],
    }


def from_record(record: Mapping[str, Any]) -> Conversation:
    """Raises DataError."""
    try:
        return Conversation(
            id=str(record["id"]),
            source=str(record["source"]),
            task=str(record["task"]),
            said=tuple(_said(each) for each in record["messages"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(NO_CONVERSATION.format(schema=SCHEMA, error=repr(error))) from error


def line_of(record: Mapping[str, Any]) -> bytes:
    """A record as a line of JSON; half of a surrogate pair, as models may write, is escaped."""
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace") + b"\n"


def calls_of(records: Any) -> tuple[NativeCall, ...]:
    """Native calls as the OpenAI format spells them. Raises KeyError, TypeError."""
    return tuple(
        NativeCall(
            id=str(each["id"]),
            name=str(each["function"]["name"]),
            arguments=str(each["function"]["arguments"]),
        )
        for each in records or ()
    )


def plain_calls(calls: tuple[NativeCall, ...]) -> list[dict[str, Any]]:
    """Native calls in the OpenAI format's spelling."""
    return [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in calls
    ]


def _plain(said: Said) -> dict[str, Any]:
    record: dict[str, Any] = {"role": said.role, "content": said.content}
    if said.role == "assistant":
        record["train"] = said.learned
    if said.calls:
        record["tool_calls"] = plain_calls(said.calls)
    if said.call_id is not None:
        record["tool_call_id"] = said.call_id
    return record


def _said(record: Mapping[str, Any]) -> Said:
    role, content = record["role"], record["content"]
    if role not in ROLES or not isinstance(content, str):
        raise ValueError(f"a message of role {role!r:.40} with content {content!r:.40}")
    return Said(
        role=role,
        content=content,
        learned=role == "assistant" and bool(record.get("train", True)),
        calls=calls_of(record.get("tool_calls")),
        call_id=record.get("tool_call_id"),
    )
