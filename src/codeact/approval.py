"""Who must agree before code runs or a tool is called: rules, and the gate that asks.

The gate stands in the host, in the one path that all calls take: a kernel can ask for a call and
say nothing about its approval. The person is shown the values that the tool will receive, after
they were checked against its signature. What a rule allows is not recorded; every question and its
answer is told to the listener and kept in the step. While somebody is asked, neither the cell's
deadline nor the tool's own nor the episode's budget of seconds runs; the time still counts in the
`seconds` that a step took.
"""

from __future__ import annotations

import fnmatch
import reprlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import anyio

from codeact.actions import CodeAction, ToolCall
from codeact.consents import Consent, Question
from codeact.errors import CodeActError, ConfigError
from codeact.events import ApprovalAsked, ApprovalGiven, Emit, ignore
from codeact.tools import NOBODY, Refused, Tool, Toolbox

DECLINED_CALL = (
    "The user was asked and declined this call of {name}(), so it was not made.{message} Do not "
    "make the same call again: propose another way, or ask the user in plain language what they "
    "would like instead."
)
DECLINED_CELL = (
    "[The user looked at this code and declined to run it, so nothing was run.{message} Do not "
    "send the same code again: propose another way, or ask the user in plain language what they "
    "would like instead.]"
)
SAYING = " The user says: {message}"
FORBIDDEN_CALL = "{name}() may not be called like this here: {reason} It was not called."
FORBIDDEN_CELL = "[This code may not run here: {reason} Nothing was run.]"
NOBODY_FOR_CELLS = (
    "[Code is run here only with somebody's approval, and nobody can be asked, so nothing was run. "
    "Answer the user in plain language.]"
)
ASKING_FAILED = "Nobody could be asked for approval: {kind}: {error}"
NO_PATTERNS = 'named() wants the names of tools or patterns like "delete_*".'
HUGE = "<a number of {bits:,} bits>"
LEFT_OUT = "\n[… {count:,} characters left out …]\n"

SHOWN = 4_000
"""Characters of a call that a person is shown: head and tail."""
SHOWN_VALUE = 1_500
"""Characters of one of its values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """A rule's no. The reason is read by the model: a sentence."""

    reason: str


Ruling = Literal["allow", "ask"] | Refuse
Rule = Callable[[CodeAction | ToolCall, Tool | None], Ruling]
"""What is to be done with a cell, or a call of a tool with the values it will receive."""
Ask = Callable[[Question], Awaitable[Consent | bool]]
"""Gets somebody's answer. It is cancelled when the work is stopped meanwhile."""


def allow_all(action: CodeAction | ToolCall, tool: Tool | None) -> Ruling:
    """Everything goes, tools that need approval too."""
    return "allow"


def declared(action: CodeAction | ToolCall, tool: Tool | None) -> Ruling:
    """Somebody is asked for the tools that say so themselves."""
    return "ask" if tool is not None and tool.needs_approval else "allow"


def each_cell(action: CodeAction | ToolCall, tool: Tool | None) -> Ruling:
    """Somebody is asked for each cell, and for the tools that say so themselves."""
    return "ask" if isinstance(action, CodeAction) else declared(action, tool)


def each_call(action: CodeAction | ToolCall, tool: Tool | None) -> Ruling:
    """Somebody is asked for each call of a tool."""
    return "ask" if isinstance(action, ToolCall) else "allow"


def everything(action: CodeAction | ToolCall, tool: Tool | None) -> Ruling:
    """Somebody is asked for each cell and each call."""
    return "ask"


def named(*patterns: str) -> Rule:
    """Somebody is asked for tools whose name fits a pattern (`delete_*`), and for those that say so
    themselves. Raises ConfigError without a pattern.
    """
    if not patterns:
        raise ConfigError(NO_PATTERNS)

    def rule(action: CodeAction | ToolCall, tool: Tool | None) -> Ruling:
        if isinstance(action, ToolCall) and any(
            fnmatch.fnmatchcase(action.name, pattern) for pattern in patterns
        ):
            return "ask"
        return declared(action, tool)

    return rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A rule, and whom to ask; where it is nobody, what would be asked is refused."""

    rule: Rule = declared
    ask: Ask | None = None


DEFAULT = Approval()
"""Code runs and tools are called, but for the tools that need approval: nobody can be asked."""


class ApprovalFailed(CodeActError):
    """The one who asks has failed; nothing was done."""


class Gate:
    """Lets through what may be done. One for each conversation, which its lasting answers end with.

    Questions are asked one after the other, however many calls wait.
    """

    def __init__(self, approval: Approval = DEFAULT) -> None:
        self.approval = approval
        self._turn = anyio.Lock()
        self._lasting: dict[str, Consent] = {}
        self._always: Consent | None = None
        self._guarded: tuple[Toolbox, Toolbox] | None = None

    def guarded(self, toolbox: Toolbox) -> Toolbox:
        """The toolbox whose calls pass this gate; for the same one the same again."""
        if self._guarded is None or self._guarded[0] is not toolbox:
            self._guarded = toolbox, replace(toolbox, guard=self.admit)
        return self._guarded[1]

    async def admit(
        self, action: CodeAction | ToolCall, tool: Tool | None = None, emit: Emit = ignore
    ) -> None:
        """Returns when it may be done. Raises Refused, ApprovalFailed."""
        ruling = self.approval.rule(action, tool)
        if isinstance(ruling, Refuse):
            text = FORBIDDEN_CALL if isinstance(action, ToolCall) else FORBIDDEN_CELL
            raise Refused(text.format(name=_name(action), reason=ruling.reason))
        if ruling == "allow":
            return
        async with self._turn:
            consent = self._said(action)
            if consent is None:
                consent = await self._asked(action, emit)
                self._remember(action, consent)
        if not consent.given:
            raise Refused(_declined(action, consent))

    def _said(self, action: CodeAction | ToolCall) -> Consent | None:
        return self._lasting.get(_name(action)) or self._always

    def _remember(self, action: CodeAction | ToolCall, consent: Consent) -> None:
        if consent.scope == "tool":
            self._lasting[_name(action)] = consent
        elif consent.scope == "conversation":
            self._always = consent

    async def _asked(self, action: CodeAction | ToolCall, emit: Emit) -> Consent:
        ask = self.approval.ask
        if ask is None:
            cell = isinstance(action, CodeAction)
            raise Refused(NOBODY_FOR_CELLS if cell else NOBODY.format(name=_name(action)))
        question = Question(action=action, text=shown(action))
        consent: Consent | None = None
        emit(ApprovalAsked(question=question))
        try:
            answer = await ask(question)
            consent = answer if isinstance(answer, Consent) else Consent(given=answer is True)
        except Exception as error:  # whatever it is, nothing may be done
            text = ASKING_FAILED.format(kind=type(error).__name__, error=error)
            raise ApprovalFailed(text) from error
        finally:
            emit(ApprovalGiven(question=question, consent=consent))
        return consent


def shown(action: CodeAction | ToolCall) -> str:
    """What a person reads before they agree: code whole; a call with its values, each bounded.
    Characters that a terminal would obey or not show are spelled out.
    """
    match action:
        case CodeAction(code=code):
            return visible(code)
        case ToolCall(name=name, args=args, kwargs=kwargs):
            named = [_named(key, value) for key, value in kwargs.items()]
            return cut(f"{name}({', '.join([*map(_value, args), *named])})", SHOWN)


def visible(text: str) -> str:
    """Every character that is not printable spelled out, but line breaks and tabs."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each in "\n\t" else each.encode("unicode_escape").decode()
        for each in text
    )


def cut(text: str, limit: int) -> str:
    """Head and tail, and between them how much is missing."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return text[:half] + LEFT_OUT.format(count=len(text) - 2 * half) + text[-half:]


class _Bounded(reprlib.Repr):
    """The spelling of a value in bounded time, whatever its size."""

    def repr_str(self, x: str, level: int) -> str:
        return _ends(x)

    def repr_bytes(self, x: bytes, level: int) -> str:
        return _ends(x)

    def repr_int(self, x: int, level: int) -> str:
        return repr(x) if abs(x) < 10**SHOWN_VALUE else HUGE.format(bits=x.bit_length())


_BOUNDED = _Bounded()
_BOUNDED.maxlevel = 6
_BOUNDED.maxlist = _BOUNDED.maxtuple = _BOUNDED.maxset = _BOUNDED.maxfrozenset = 60
_BOUNDED.maxdict = _BOUNDED.maxdeque = _BOUNDED.maxarray = 60
_BOUNDED.maxother = SHOWN_VALUE


def _value(value: Any) -> str:
    return cut(visible(_BOUNDED.repr(value)), 2 * SHOWN_VALUE)


def _named(key: str, value: Any) -> str:
    """A name that is none (a tool may take any) must not read like two arguments."""
    if key.isidentifier() and key.isprintable():
        return f"{key}={_value(value)}"
    return f"**{{{_value(key)}: {_value(value)}}}"


def _ends(whole: str | bytes) -> str:
    if len(whole) <= SHOWN_VALUE:
        return repr(whole)
    half = SHOWN_VALUE // 2
    between = LEFT_OUT.format(count=len(whole) - 2 * half).strip()
    return f"{whole[:half]!r} {between} {whole[-half:]!r}"


def _name(action: CodeAction | ToolCall) -> str:
    """A tool's name, empty for a cell."""
    return action.name if isinstance(action, ToolCall) else ""


def _declined(action: CodeAction | ToolCall, consent: Consent) -> str:
    message = consent.message.strip()
    said = SAYING.format(message=message) if message else ""
    if said and said[-1] not in ".!?":
        said += "."
    text = DECLINED_CALL if isinstance(action, ToolCall) else DECLINED_CELL
    return text.format(name=_name(action), message=said)
