"""Code as the action: Python between execute tags, in a fence, or in M3ToolEval's markers."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from codeact.actions import Action, Answer, CodeAction, InvalidAction, ToolCall
from codeact.formats import markers
from codeact.formats.feedback import feedback
from codeact.formats.fences import PYTHON, Shield, blocks, closing_outside_strings, unwrap
from codeact.formats.first_action import FirstAction, note_on, plain
from codeact.formats.python_strings import mark_outside_strings
from codeact.messages import Message, NativeCall
from codeact.observations import Observation
from codeact.tools import Toolbox

Dialect = Literal["execute", "fence", "m3"]

_OPEN, _CLOSE = "<execute>", "</execute>"
_OPENER = re.compile(_OPEN, re.IGNORECASE)
_PYTHON_FENCE = re.compile(r"(?<![`~])[`~]{3,}+[ \t]*+\{?i?py", re.IGNORECASE)
_ANY_FENCE = re.compile("```|~~~")
_HALF_CLOSED = re.compile(r"<(?:/(?:e(?:x(?:e(?:c(?:u(?:t(?:e)?)?)?)?)?)?)?)\Z", re.IGNORECASE)
_BLANK_LINES = re.compile(r"(?:[^\S\n]*+\n)*+")

_EXAMPLE = "squares = [n * n for n in range(10)]\nprint(sum(squares))"
_FORMS = {
    "execute": f"{_OPEN}\nprint(1 + 1)\n{_CLOSE}",
    "fence": "```python\nprint(1 + 1)\n```",
    "m3": "Action:\nprint(1 + 1)\nEnd Action",
}
_RIGHT_FORM = "Write the action like this:\n{form}\nor answer in plain text."
_EMPTY = "The action holds no code. {form}"
_WRONG_LANGUAGE = (
    "The action is marked as {language}, but only Python runs here. For a shell command begin a "
    "line of Python with '!', as in '!ls'. {form}"
)

_INSTRUCTIONS = {
    "execute": f"""\
You act by writing Python. Put the code between {_OPEN} and {_CLOSE}:

{_OPEN}
{_EXAMPLE}
{_CLOSE}

Write one such block per reply and end the reply with it. Never write {_CLOSE} inside the code.""",
    "fence": f"""\
You act by writing Python. Put the code into a fenced block that begins with ```python:

```python
{_EXAMPLE}
```

Write one such block per reply and end the reply with it. It is run, so show code that should not \
run without a fence.""",
    "m3": f"""\
You act by writing Python. Each reply may begin with "Thought:" and your reasoning; then it has \
either one action or the answer. An action is code between "Action:" and "End Action":

Thought: I add up the squares.
Action:
{_EXAMPLE}
End Action

Write one action per reply and end the reply with it.""",
}
_CONDUCT = """\
The code runs and its output comes back as the next message: what it printed, the value of its \
last line, or the traceback. Variables, functions and imports stay for your later actions. Lines \
such as `!ls` and `%timeit f()` work as in a notebook. Print what you want to see.

The code works in a folder of its own. Files that the user gave you are there; save there what the \
user is to get, and name the file in your answer."""
_ANSWERS = {
    "execute": f"To answer the user, write plain text without {_OPEN}.",
    "fence": "To answer the user, write plain text without a ```python block.",
    "m3": 'To answer, write "Answer:" followed by the answer and nothing else.',
}
_TOOLS = """\
These tools are ordinary functions, already defined in your namespace. Call them by name without \
importing them, as many as you need in one action, also in loops and with each other's results:

{listing}"""
_NO_TOOLS = "There are no further tools: plain Python and the installed libraries are all you need."


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeAsAction:
    """Python is the action; a reply without an opening mark is the answer.

    A code text can be written when it is trimmed and dedented, is no fenced block as a whole, and
    has no closing mark outside a string literal (in the m3 dialect: no marker at all). An answer
    can be written when it holds no opening mark.
    """

    dialect: Dialect = "execute"

    @property
    def name(self) -> str:
        return {"execute": "code", "fence": "code-fence", "m3": "m3-code"}[self.dialect]

    @property
    def stop(self) -> tuple[str, ...]:
        # A fence has none: "\n```" would also end the reply at its opening line, and answers that
        # show a block. There `ended` alone cuts the stream.
        return {"execute": (_CLOSE,), "fence": (), "m3": markers.STOP}[self.dialect]

    @property
    def native(self) -> bool:
        return False

    def instructions(self, toolbox: Toolbox) -> str:
        tools = _TOOLS.format(listing=toolbox.listing()) if len(toolbox) else _NO_TOOLS
        return "\n\n".join([_INSTRUCTIONS[self.dialect], _CONDUCT, _ANSWERS[self.dialect], tools])

    def parse(self, text: str, calls: Sequence[NativeCall] = ()) -> Action:
        return self._find(text).action

    def ended(self, text: str) -> bool:
        match self.dialect:
            case "execute":
                return _CLOSE in text.lower() and self._find(text).settled
            case "fence":
                opened = _PYTHON_FENCE.search(text)
                closed = opened and _ANY_FENCE.search(text, opened.end())
                return bool(closed) and self._find(text).settled
            case "m3":
                return self._find(text).settled

    def reply(self, text: str, calls: Sequence[NativeCall] = ()) -> Message:
        return Message(role="assistant", content=self._find(text).kept(text))

    def write(self, action: Action) -> str:
        match action:
            case CodeAction(code=code):
                return self._written(code)
            case ToolCall(name=name, args=args, kwargs=kwargs):
                named = [f"{key}={value!r}" for key, value in kwargs.items()]
                return self._written(f"{name}({', '.join([*map(repr, args), *named])})")
            case Answer(text=text):
                return f"Answer: {text}" if self.dialect == "m3" else text
            case InvalidAction():
                return ""

    def render(self, action: Action, observation: Observation) -> Message:
        content = feedback(action, observation)
        return Message(role="user", content=content, media=observation.media)

    def _find(self, text: str) -> FirstAction:
        match self.dialect:
            case "execute":
                return _tagged(text)
            case "fence":
                return _fenced(text)
            case "m3":
                return markers.find(text, markers.form("print(1 + 1)"), _between_markers)

    def _written(self, code: str) -> str:
        match self.dialect:
            case "execute":
                return f"{_OPEN}\n{code}\n{_CLOSE}"
            case "fence":
                return f"```python\n{code}\n```"
            case "m3":
                return markers.written(code)


def _tagged(text: str) -> FirstAction:
    """The first opening tag in the open, up to the first closing tag outside a string literal."""
    opener = _OPENER.search(text)
    if opener is None:
        return plain(text, _form("execute"))
    shield = Shield(text, shown=PYTHON | {""}, spans=True)
    while hidden_until := shield.end(opener.start()):
        opener = _OPENER.search(text, hidden_until)
        if opener is None:
            return plain(text, _form("execute"))
    close = mark_outside_strings(_CLOSE, text, opener.end(), whole=True)
    if close is None:
        half = _HALF_CLOSED.search(text, max(opener.end(), len(text) - len(_CLOSE)))
        stop = half.start() if half else len(text)
        action = _code_of(text[opener.end() : stop], "execute")
        return _first(action, text, stop, closing=_CLOSE)
    action = _code_of(text[opener.end() : close[0]], "execute")
    settled = opener.start() < shield.undecided and (
        mark_outside_strings(_CLOSE, text, opener.end(), whole=False) is not None
    )
    rest = text[close[1] :]
    another = _OPENER.search(rest) is not None
    return _first(action, text, close[1], note=note_on(rest, another=another), settled=settled)


def _fenced(text: str) -> FirstAction:
    """The first fenced block of Python; a block in another language or in none is never run."""
    block = next((block for block in blocks(text) if block.language in PYTHON), None)
    if block is None:
        return plain(text, _form("fence"))
    close = closing_outside_strings(text, block.mark, block.body, whole=True)
    if close is None:
        body = re.sub(rf"\n[ \t]*{block.mark[0]}+\Z", "\n", text[block.body :])
        stop = block.body + len(body)
        closing = f"{'' if body.endswith(chr(10)) else chr(10)}{block.mark}"
        return _first(_code_of(text[block.body : stop], "fence"), text, stop, closing=closing)
    action = _code_of(text[block.body : close[0]], "fence")
    strict = closing_outside_strings(text, block.mark, block.body, whole=False)
    rest = text[close[1] :]
    another = any(block.language in PYTHON for block in blocks(rest))
    note = note_on(rest, another=another)
    return _first(action, text, close[1], note=note, settled=strict is not None)


def _first(
    action: CodeAction | InvalidAction,
    text: str,
    end: int,
    *,
    closing: str = "",
    note: str = "",
    settled: bool = False,
) -> FirstAction:
    if isinstance(action, InvalidAction):
        return FirstAction(action=action, end=len(text), settled=settled)
    noted = CodeAction(code=action.code, note=note)
    return FirstAction(action=noted, end=end, closing=closing, settled=settled)


def _between_markers(content: str, note: str) -> CodeAction | InvalidAction:
    action = _code_of(content, "m3")
    return CodeAction(code=action.code, note=note) if isinstance(action, CodeAction) else action


def _code_of(content: str, dialect: Dialect) -> CodeAction | InvalidAction:
    """The code of an action's content: out of its fence, trimmed, dedented."""
    language, code = ("", content) if dialect == "fence" else unwrap(content)
    if language and language not in PYTHON:
        reason = _WRONG_LANGUAGE.format(language=language[:40], form=_form(dialect))
        return InvalidAction(reason=reason, kind="wrong_language")
    code = _trimmed(code)
    if not code:
        return InvalidAction(reason=_EMPTY.format(form=_form(dialect)), kind="empty")
    return CodeAction(code=code)


def _trimmed(code: str) -> str:
    """Without blank lines around and without the indentation that all lines share."""
    code = code.rstrip()
    blank = _BLANK_LINES.match(code)
    code = code[blank.end() if blank else 0 :]
    lines = code.split("\n")
    indents = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines if line.strip()]
    shared = os.path.commonprefix(indents)  # noqa: RUF071 - by character is meant
    if not shared:
        return code
    return "\n".join(line.removeprefix(shared) if line.strip() else line for line in lines)


def _form(dialect: Dialect) -> str:
    return _RIGHT_FORM.format(form=_FORMS[dialect])
