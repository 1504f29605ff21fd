"""Native tool calling: the provider's own protocol as one more spelling of a tool call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any

from codeact.actions import Action, Answer, CodeAction, InvalidAction, ToolCall
from codeact.formats.feedback import feedback
from codeact.formats.first_action import plain
from codeact.formats.json_as_action import json_call
from codeact.formats.json_values import decode, described, problem
from codeact.messages import Message, NativeCall
from codeact.observations import Observation
from codeact.tools import Toolbox

_FORM = "Call a tool, or answer in plain text."
_UNUSABLE = (
    "The arguments of {name} cannot be used: {problem}. Call the tool again with one JSON "
    'object that names each argument, like {{"key": "value"}}.'
)
_FIRST_ONLY = (
    "Only the first of your {count} tool calls was made; the others were dropped. Make one call "
    "per reply."
)
_TOOLS = """\
You act by calling the tools you are given. Make one call per reply and wait: its result comes \
back as the next message, never write it yourself. To answer the user, write plain text and call \
no tool."""
_NO_TOOLS = "No tools are available in this conversation, so answer in plain text."


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeToolCalls:
    """The action is the first call beside the text; a reply without calls is the answer.

    `write` spells a call as the json format does, for people and for training: `parse` does not
    read calls from text.
    """

    @property
    def name(self) -> str:
        return "native"

    @property
    def stop(self) -> tuple[str, ...]:
        return ()

    @property
    def native(self) -> bool:
        return True

    def instructions(self, toolbox: Toolbox) -> str:
        return _TOOLS if len(toolbox) else _NO_TOOLS

    def parse(self, text: str, calls: Sequence[NativeCall] = ()) -> Action:
        if not calls:
            return plain(text, _FORM).action
        call = calls[0]
        kwargs, wrong = _arguments(call.arguments.strip() or "{}")
        if wrong is not None:
            reason = _UNUSABLE.format(name=call.name, problem=wrong)
            return InvalidAction(reason=reason, kind="bad_json", id=call.id)
        note = _FIRST_ONLY.format(count=len(calls)) if len(calls) > 1 else ""
        return ToolCall(name=call.name, kwargs=kwargs, id=call.id, note=note)

    def ended(self, text: str) -> bool:
        return False

    def reply(self, text: str, calls: Sequence[NativeCall] = ()) -> Message:
        return Message(role="assistant", content=text, calls=tuple(calls[:1]))

    def write(self, action: Action) -> str:
        match action:
            case ToolCall():
                return json_call(action)
            case CodeAction(code=code):
                return code
            case Answer(text=text):
                return text
            case InvalidAction():
                return ""

    def render(self, action: Action, observation: Observation) -> Message:
        content = feedback(action, observation)
        call_id = action.id if isinstance(action, ToolCall | InvalidAction) else ""
        if call_id:
            return Message(role="tool", content=content, media=observation.media, call_id=call_id)
        return Message(role="user", content=content, media=observation.media)


def _arguments(text: str) -> tuple[dict[str, Any], str | None]:
    """The named arguments, or what is wrong with them."""
    try:
        value, end = decode(text)
        if text[end:].strip():
            raise JSONDecodeError("Something follows the object", text, end)
    except JSONDecodeError as error:
        return {}, f"not valid JSON, {described(error)}"
    if not isinstance(value, dict):
        return {}, "they are no JSON object"
    return value, problem(value)
