"""Formats for a single call: code is read by Python's own grammar, and never run."""

from __future__ import annotations

import ast
import builtins
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codeact.actions import Action, CodeAction, InvalidAction, ToolCall
from codeact.formats import ActionFormat, by_name
from codeact.messages import Message, NativeCall
from codeact.observations import Observation
from codeact.tools import Toolbox

EXAMPLE = ToolCall(name="ReserveTable", kwargs={"restaurant": "Chez Ann, Lyon", "guests": 2})

ASK = "Call one API. Your reply is that call and nothing else, spelled like this:\n\n{example}"
ASK_NATIVE = "Call one API, by your tool calling."
NAMED = "Give each argument by its name, as a plain value."
NO_CALL = "The code calls no API."
NO_PYTHON = "The code is no Python: {problem}."
NOT_PLAIN = "The arguments of {name}() must be written out as plain values."

_UNREAD = (SyntaxError, ValueError, TypeError, MemoryError, RecursionError)


@dataclass(frozen=True, slots=True)
class OneCall:
    """Another format in which code is the first call that it would make."""

    format: ActionFormat

    @property
    def name(self) -> str:
        """Another one than the format's, because code of this one needs no interpreter."""
        return f"{self.format.name}-call"

    @property
    def stop(self) -> tuple[str, ...]:
        return self.format.stop

    @property
    def native(self) -> bool:
        return self.format.native

    def instructions(self, toolbox: Toolbox) -> str:
        """The spelling, and the APIs where the provider is not told them."""
        if self.native:
            return ASK_NATIVE
        ask = ASK.format(example=self.write(EXAMPLE))
        return "\n\n".join([ask, NAMED, f"These are the APIs:\n\n{toolbox.listing()}"])

    def parse(self, text: str, calls: Sequence[NativeCall] = ()) -> Action:
        action = self.format.parse(text, calls)
        return first_call(action.code) if isinstance(action, CodeAction) else action

    def ended(self, text: str) -> bool:
        return self.format.ended(text)

    def reply(self, text: str, calls: Sequence[NativeCall] = ()) -> Message:
        return self.format.reply(text, calls)

    def write(self, action: Action) -> str:
        return self.format.write(action)

    def render(self, action: Action, observation: Observation) -> Message:
        return self.format.render(action, observation)


FORMATS = ("code", "json", "text", "native")


def format_of(name: str) -> OneCall:
    """Raises ConfigError for an unknown name."""
    return OneCall(by_name(name))


def spelled(
    format: ActionFormat, call: ToolCall, number: int
) -> tuple[str, tuple[NativeCall, ...]]:
    """A call with named arguments as a reply of the format: its text, or the native call."""
    if not format.native:
        return format.write(call), ()
    arguments = json.dumps(dict(call.kwargs), ensure_ascii=False)
    return "", (NativeCall(id=f"call_{number}", name=call.name, arguments=arguments),)


def first_call(code: str) -> ToolCall | InvalidAction:
    """The call of an API that the code would make first; what is built in is none.

    Arguments are literals, or names that a line above gave a literal.
    """
    try:
        tree = ast.parse(code)
        seen = _Seen()
        for line in tree.body:
            seen.visit(line)
            if seen.found is not None:
                return seen.found
    except _UNREAD as error:
        problem = " ".join(str(error).split()) or type(error).__name__
        return InvalidAction(reason=NO_PYTHON.format(problem=problem), kind="bad_code")
    return InvalidAction(reason=NO_CALL, kind="no_call")


class _Seen(ast.NodeVisitor):
    """Walks code in the order in which it would run, up to the first call."""

    def __init__(self) -> None:
        self.found: ToolCall | InvalidAction | None = None
        self.known: dict[str, Any] = {}

    def visit(self, node: ast.AST) -> None:
        if self.found is None:
            super().visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        if self.found is not None:
            return
        name = _name(node.func)
        if name is not None:
            self.found = self._call(name, node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        value = self._value(node.value)
        for target in node.targets:
            if isinstance(target, ast.Name) and value is not _UNKNOWN:
                self.known[target.id] = value

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Runs only when it is called."""

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """Runs only when it is called."""

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Runs only when it is called."""

    def _call(self, name: str, node: ast.Call) -> ToolCall | InvalidAction:
        args = [self._value(each) for each in node.args]
        kwargs = {each.arg: self._value(each.value) for each in node.keywords}
        named = {key: value for key, value in kwargs.items() if key is not None}
        if len(named) < len(node.keywords) or _UNKNOWN in (*map(_hold, (*args, *named.values())),):
            return InvalidAction(reason=NOT_PLAIN.format(name=name), kind="not_plain")
        return ToolCall(name=name, args=tuple(args), kwargs=named)

    def _value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Name):
            return self.known.get(node.id, _UNKNOWN)
        try:
            return ast.literal_eval(node)
        except _UNREAD:
            return _UNKNOWN


class _Unknown:
    """Stands for a value that only running the code would tell."""


_UNKNOWN = _Unknown()


def _hold(value: Any) -> Any:
    """The mark itself or None, so that values of any kind can be looked through."""
    return value if value is _UNKNOWN else None


def _name(function: ast.expr) -> str | None:
    """The API that is called; None for what Python has built in and for methods of values."""
    if isinstance(function, ast.Name) and not hasattr(builtins, function.id):
        return function.id
    return None
