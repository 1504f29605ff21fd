"""JSON as the action: one tool call as an object with "tool", "args" and "kwargs"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any, Literal

from codeact.actions import Action, Answer, CodeAction, InvalidAction, ToolCall
from codeact.formats import markers
from codeact.formats.feedback import feedback
from codeact.formats.fences import Shield, blocks
from codeact.formats.first_action import FirstAction, note_on, plain
from codeact.formats.json_values import decode, described, dumped, problem
from codeact.messages import Message, NativeCall
from codeact.observations import Observation
from codeact.tools import Toolbox

Dialect = Literal["object", "m3"]

_JSON = frozenset({"json", "jsonc", "json5"})
_BRACE = re.compile(r"\{(?=\s*+[\"'}t])")
_OPEN_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+\\?\Z', re.DOTALL)
_ATTEMPT = re.compile(r"\{\s*+[\"']?tool[\"']?\s*+:")

_EXAMPLE = '{"tool": "name_of_tool", "args": ["first argument", 2], "kwargs": {"option": true}}'
_M3_EXAMPLE = '{"tool": "name_of_tool", "args": ["first argument", 2]}'
_FORM = f"Write a call as one JSON object like this:\n{_EXAMPLE}\nor answer in plain text."
_M3_FORM = markers.form(_M3_EXAMPLE)
_NOT_JSON = "The call is not valid JSON: {problem}. {form}"
_UNUSABLE = "The call cannot be used: {problem}. {form}"
_BAD_NAME = '"tool" must be the name of a tool as a string, not {value}. {form}'
_BAD_ARGS = '"args" must be a list of arguments, or an object of named ones, not {value}. {form}'
_BAD_KWARGS = '"kwargs" must be an object of named arguments, not {value}. {form}'
_TWICE = 'Named arguments stand in "args" and in "kwargs"; put all of them into one. {form}'
_UNKNOWN = 'A call has the keys "tool", "args" and "kwargs"; {key} is none of them. {form}'

_CALLS = """\
Write one call per reply and end the reply with it; the tool's result comes back as the next \
message. Arguments are JSON values, in the order of the tool's signature or by name."""
_INSTRUCTIONS = {
    "object": f"""\
You act by calling a tool. A call is one JSON object that names the tool and its arguments:

{_EXAMPLE}

Leave out "args" or "kwargs" when you have none. {_CALLS}

To answer the user, write plain text without such an object.""",
    "m3": f"""\
You act by calling a tool. Each reply may begin with "Thought:" and your reasoning; then it has \
either one action or the answer. An action is a JSON object between "Action:" and "End Action":

Thought: I look it up.
Action:
{_M3_EXAMPLE}
End Action

{_CALLS}

To answer, write "Answer:" followed by the answer and nothing else.""",
}
TOOLS = "These are the tools:\n\n{listing}"
NO_TOOLS = "No tools are available in this conversation, so answer in plain text."


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonAsAction:
    """The action is the first JSON object in the reply that has the key "tool", bare or in a fence
    marked json or nothing; a reply without one is the answer.

        call   = {"tool": string [, "args": list | object] [, "kwargs": object]}

    An object as "args" holds named arguments. The m3 dialect reads exactly one object between its
    markers; there any other "args" is the only argument, and other keys are ignored. An answer can
    be written when it holds no object with "tool" and no broken JSON fence.
    """

    dialect: Dialect = "object"

    @property
    def name(self) -> str:
        return {"object": "json", "m3": "m3-json"}[self.dialect]

    @property
    def stop(self) -> tuple[str, ...]:
        return {"object": (), "m3": markers.STOP}[self.dialect]

    @property
    def native(self) -> bool:
        return False

    def instructions(self, toolbox: Toolbox) -> str:
        tools = TOOLS.format(listing=toolbox.listing()) if len(toolbox) else NO_TOOLS
        return f"{_INSTRUCTIONS[self.dialect]}\n\n{tools}"

    def parse(self, text: str, calls: Sequence[NativeCall] = ()) -> Action:
        return self._find(text).action

    def ended(self, text: str) -> bool:
        if self.dialect == "object" and not ('"tool"' in text and "}" in text):
            return False
        return self._find(text).settled

    def reply(self, text: str, calls: Sequence[NativeCall] = ()) -> Message:
        return Message(role="assistant", content=self._find(text).kept(text))

    def write(self, action: Action) -> str:
        match action:
            case ToolCall():
                spelled = json_call(action)
                return (
                    spelled
                    if self.dialect == "object"
                    else markers.written(markers.escaped(spelled))
                )
            case CodeAction(code=code):
                return code
            case Answer(text=text):
                return f"Answer: {text}" if self.dialect == "m3" else text
            case InvalidAction():
                return ""

    def render(self, action: Action, observation: Observation) -> Message:
        content = feedback(action, observation)
        return Message(role="user", content=content, media=observation.media)

    def _find(self, text: str) -> FirstAction:
        if self.dialect == "m3":
            return markers.find(text, _M3_FORM, _between_markers)
        return _object(text)


def json_call(call: ToolCall) -> str:
    """The canonical spelling of a call."""
    spelled: dict[str, Any] = {"tool": call.name}
    if call.args or not call.kwargs:
        spelled["args"] = list(call.args)
    if call.kwargs:
        spelled["kwargs"] = dict(call.kwargs)
    return dumped(spelled)


def _object(text: str) -> FirstAction:
    """The first object with "tool". Objects are looked at from the outside: what is nested in
    another one is no call, and a broken one ends where it breaks: in a string that is still open,
    at the end of the text.
    """
    shield = Shield(text, shown=_JSON | {""})
    attempt: InvalidAction | None = None
    position = 0
    while brace := _BRACE.search(text, position):
        if hidden_until := shield.end(brace.start()):
            position = hidden_until
            continue
        try:
            value, position = decode(text, brace.start())
        except JSONDecodeError as error:
            position = max(error.pos, brace.end())
            if attempt is None and _attempted(text, brace.start(), position):
                reason = _NOT_JSON.format(problem=described(error), form=_FORM)
                attempt = InvalidAction(reason=reason, kind="bad_json")
            if _OPEN_STRING.match(text, error.pos):
                break
            continue
        if "tool" in value:
            return _found(text, value, brace.start(), position)
    attempt = attempt or _broken_fence(text)
    return FirstAction(action=attempt, end=len(text)) if attempt else plain(text, _FORM)


def _attempted(text: str, start: int, broken: int) -> bool:
    return bool(_ATTEMPT.match(text, start)) or text.find('"tool"', start, broken) >= 0


def _found(text: str, value: dict[str, Any], start: int, end: int) -> FirstAction:
    rest = text[end:]
    note = note_on(rest, another=_ATTEMPT.search(rest) is not None)
    action = _call(value, note, _FORM)
    if isinstance(action, InvalidAction):
        return FirstAction(action=action, end=len(text), settled=True)
    around = next((block for block in blocks(text) if block.start < start < block.end), None)
    closing = f"\n{around.mark}" if around else ""
    return FirstAction(action=action, end=end, closing=closing, settled=True)


def _call(value: dict[str, Any], note: str, form: str) -> ToolCall | InvalidAction:
    name, args, kwargs = value["tool"], value.get("args", []), value.get("kwargs", {})
    unknown = next((key for key in value if key not in ("tool", "args", "kwargs")), None)
    reason = None
    if unusable := problem(value):
        reason = _UNUSABLE.format(problem=unusable, form=form)
    elif not isinstance(name, str) or not name.strip():
        reason = _BAD_NAME.format(value=_excerpt(name), form=form)
    elif unknown is not None:
        reason = _UNKNOWN.format(key=_excerpt(unknown), form=form)
    elif not isinstance(args, list | dict):
        reason = _BAD_ARGS.format(value=_excerpt(args), form=form)
    elif not isinstance(kwargs, dict):
        reason = _BAD_KWARGS.format(value=_excerpt(kwargs), form=form)
    elif isinstance(args, dict) and kwargs:
        reason = _TWICE.format(form=form)
    if reason is not None:
        return InvalidAction(reason=reason, kind="bad_json")
    if isinstance(args, dict):
        args, kwargs = [], args
    return ToolCall(name=name, args=tuple(args), kwargs=kwargs, note=note)


def _between_markers(content: str, note: str) -> ToolCall | InvalidAction:
    body = content.strip()
    fence = next(blocks(body), None)
    if fence and not fence.start and fence.end == len(body) and fence.language in _JSON | {""}:
        body = body[fence.body : fence.closing].strip()
    try:
        value, end = decode(body)
        if body[end:].strip():
            raise JSONDecodeError("Something follows the call", body, end)
    except JSONDecodeError as error:
        reason = _NOT_JSON.format(problem=described(error), form=_M3_FORM)
        return InvalidAction(reason=reason, kind="bad_json")
    if not isinstance(value, dict):
        reason = _NOT_JSON.format(problem="it is no object", form=_M3_FORM)
        return InvalidAction(reason=reason, kind="bad_json")
    args = value.get("args", [])
    spelled = {"tool": value.get("tool"), "args": args if isinstance(args, list) else [args]}
    kwargs = {"kwargs": value["kwargs"]} if "kwargs" in value else {}
    return _call(spelled | kwargs, note, _M3_FORM)


def _broken_fence(text: str) -> InvalidAction | None:
    """A fence that is marked as JSON and holds none."""
    for block in blocks(text):
        body = text[block.body : block.closing].strip()
        if block.language == "json" and body:
            try:
                decode(body)
            except JSONDecodeError as error:
                reason = _NOT_JSON.format(problem=described(error), form=_FORM)
                return InvalidAction(reason=reason, kind="bad_json")
    return None


def _excerpt(value: Any) -> str:
    text = dumped(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
