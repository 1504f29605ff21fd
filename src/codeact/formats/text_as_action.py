"""Text as the action: one tool call on a line, `Action: tool_name, argument, argument`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from codeact.actions import Action, Answer, CodeAction, InvalidAction, ToolCall
from codeact.formats import markers
from codeact.formats.feedback import feedback
from codeact.formats.fences import Shield
from codeact.formats.first_action import FirstAction, note_on, plain
from codeact.formats.json_as_action import NO_TOOLS, TOOLS
from codeact.formats.json_values import problem
from codeact.formats.quoted_arguments import (
    Unreadable,
    read_call,
    read_paper_call,
    spelled_call,
)
from codeact.messages import Message, NativeCall
from codeact.observations import Observation
from codeact.tools import Toolbox

Dialect = Literal["line", "m3"]
Commas = Literal["quoted", "paper"]

_LINE = re.compile(r"^[ \t]*+Action:([^\n]*+)", re.MULTILINE)
_SHOWN = frozenset({"", "text", "txt", "plaintext"})

_CALL = 'name_of_tool, "first argument", 2, option=true'
_M3_CALL = 'name_of_tool, "first argument", 2'
_FORM = f"Write a call on one line like this:\nAction: {_CALL}\nor answer in plain text."
_M3_FORM = markers.form(_M3_CALL)
_UNREADABLE = "The call cannot be read. {problem} {form}"
_EMPTY = "Nothing follows 'Action:'. {form}"

_CALLS = """\
Commas part the arguments, so put a text with a comma into quotes; a line break inside quotes is \
written \\n. Numbers, true, false and null stand without quotes, lists and objects in brackets as \
in JSON. Write one call per reply and end the reply with it; the tool's result comes back as the \
next message."""
_INSTRUCTIONS = {
    "line": f"""\
You act by calling a tool. A call is one line that names the tool and its arguments:

Action: {_CALL}

{_CALLS}

To answer the user, write plain text without a line that begins with "Action:".""",
    "m3": f"""\
You act by calling a tool. Each reply may begin with "Thought:" and your reasoning; then it has \
either one action or the answer. An action names the tool and its arguments between "Action:" and \
"End Action":

Thought: I look it up.
Action:
{_M3_CALL}
End Action

{_CALLS}

To answer, write "Answer:" followed by the answer and nothing else.""",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAsAction:
    """The action is the first line that begins with `Action:`; a reply without one is the answer.

    The grammar of a call stands in `quoted_arguments`. A call can be written when its names are
    identifiers and its values JSON; an answer when none of its lines begins with `Action:`. With
    `commas="paper"` the m3 dialect splits at every comma, as the benchmark does: then values with
    commas or quotes cannot be written.
    """

    dialect: Dialect = "line"
    commas: Commas = "quoted"

    @property
    def name(self) -> str:
        return {"line": "text", "m3": "m3-text"}[self.dialect]

    @property
    def stop(self) -> tuple[str, ...]:
        # A line ends at its break, but so do the thoughts before it: `ended` alone cuts the stream.
        return {"line": (), "m3": markers.STOP}[self.dialect]

    @property
    def native(self) -> bool:
        return False

    def instructions(self, toolbox: Toolbox) -> str:
        tools = TOOLS.format(listing=toolbox.listing()) if len(toolbox) else NO_TOOLS
        return f"{_INSTRUCTIONS[self.dialect]}\n\n{tools}"

    def parse(self, text: str, calls: Sequence[NativeCall] = ()) -> Action:
        return self._find(text).action

    def ended(self, text: str) -> bool:
        return "Action:" in text and self._find(text).settled

    def reply(self, text: str, calls: Sequence[NativeCall] = ()) -> Message:
        return Message(role="assistant", content=self._find(text).kept(text))

    def write(self, action: Action) -> str:
        match action:
            case ToolCall(name=name, args=args, kwargs=kwargs):
                call = spelled_call(name, args, dict(kwargs))
                if self.dialect == "m3":
                    return markers.written(markers.escaped(call))
                return f"Action: {call}"
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
            return markers.find(text, _M3_FORM, self._between_markers)
        return self._line(text)

    def _line(self, text: str) -> FirstAction:
        shield = Shield(text, shown=_SHOWN)
        line = _LINE.search(text)
        while line and (hidden_until := shield.end(line.start())):
            line = _LINE.search(text, hidden_until)
        if line is None:
            return plain(text, _FORM)
        settled = line.end() < len(text)
        rest = text[line.end() :]
        note = note_on(rest, another=_LINE.search(rest) is not None)
        action = self._call(line[1], note, _FORM)
        end = len(text) if isinstance(action, InvalidAction) else line.end()
        return FirstAction(action=action, end=end, settled=settled)

    def _between_markers(self, content: str, note: str) -> ToolCall | InvalidAction:
        return self._call(content, note, _M3_FORM)

    def _call(self, spelled: str, note: str, form: str) -> ToolCall | InvalidAction:
        if not spelled.strip():
            return InvalidAction(reason=_EMPTY.format(form=form), kind="empty")
        read = read_paper_call if self.commas == "paper" else read_call
        try:
            name, args, kwargs = read(spelled)
            if unusable := problem([list(args), kwargs]):
                raise Unreadable(f"An argument cannot be used: {unusable}.")
        except Unreadable as error:
            reason = _UNREADABLE.format(problem=error, form=form)
            return InvalidAction(reason=reason, kind="bad_call")
        return ToolCall(name=name, args=args, kwargs=kwargs, note=note)
