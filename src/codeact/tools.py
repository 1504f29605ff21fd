"""Python functions offered to the agent: one signature and one call for every format."""

from __future__ import annotations

import contextlib
import difflib
import functools
import inspect
import keyword
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from codeact.actions import ToolCall
from codeact.errors import ConfigError
from codeact.events import Emit, ignore
from codeact.messages import ToolSchema
from codeact.signatures import (
    by_position,
    checks_of,
    is_async,
    json_schema,
    paragraph,
    plain_parameters,
    routine,
    signature_of,
    signature_text,
    unwrapped,
)
from codeact.tool_threads import in_thread

TOOL_SECONDS = 60.0
"""How long one tool call may take unless its tool says otherwise."""

NOBODY = (
    "{name}() may be called only with somebody's approval, and nobody can be asked here, so it was "
    "not called. Do without it, or say in your answer what it would be needed for."
)


class UnknownTool(LookupError):
    """The model named a tool that does not exist."""


class BadArguments(TypeError):
    """The model's arguments do not fit the tool's signature."""


class ToolTimeout(TimeoutError):
    """The tool did not return in time."""


class Refused(PermissionError):
    """A person or a rule said no, so nothing was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One function. `signature` and `description` are what the model reads; `seconds` bounds one
    call (None: no bound). With `needs_approval` it is called only after somebody's consent.
    """

    name: str
    signature: str
    description: str
    function: Callable[..., Any]
    seconds: float | None = TOOL_SECONDS
    needs_approval: bool = False

    def schema(self) -> ToolSchema:
        """The tool for the provider's native tool calling."""
        return ToolSchema(
            name=self.name,
            description=self.description or self.signature,
            parameters=json_schema(self.function),
        )


def tool(
    function: Callable[..., Any],
    *,
    name: str | None = None,
    description: str | None = None,
    seconds: float | None = TOOL_SECONDS,
    needs_approval: bool = False,
) -> Tool:
    """A Tool from a function, sync or async: its name, its typed signature, the first paragraph of
    its docstring.

    Raises ConfigError when the name is not a Python identifier (a lambda) or the function has no
    signature.
    """
    if not callable(function):
        raise ConfigError(f"A tool is made of a function, {function!r:.80} cannot be called.")
    subject = unwrapped(function)
    own_name: str = getattr(subject, "__name__", type(subject).__name__)
    named = name or own_name
    if not named.isidentifier() or keyword.iskeyword(named):
        raise ConfigError(
            f"A tool needs a name that Python can call, {named!r} is none. "
            "Use tool(function, name=...)."
        )
    if description is None:
        description = paragraph(function)
    if function is subject:
        function = routine(function)  # the method of an object, which unlike it has a hash
    try:
        inspect.signature(function)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"The tool {named!r} has no readable signature: {error}. "
            "Wrap it in a typed function of your own."
        ) from error
    return Tool(
        name=named,
        signature=named + signature_text(function),
        description=description,
        function=function,
        seconds=seconds,
        needs_approval=needs_approval,
    )


Guard = Callable[[ToolCall, Tool, Emit], Awaitable[None]]
"""Returns when the call may be made, else raises Refused. The call holds the values that the tool
will receive, by the names of its parameters.
"""


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The tools of one agent, by name, in order. Every call passes the `guard`; without one those
    tools that need approval are refused.
    """

    tools: tuple[Tool, ...] = ()
    guard: Guard | None = field(default=None, repr=False, compare=False)
    _by_name: Mapping[str, Tool] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        by_name: dict[str, Tool] = {}
        for each in self.tools:
            if each.name in by_name:
                raise ConfigError(
                    f"Two tools are named {each.name!r}. Rename one with tool(function, name=...)."
                )
            by_name[each.name] = each
        object.__setattr__(self, "_by_name", by_name)

    @classmethod
    def of(cls, functions: Iterable[Callable[..., Any] | Tool]) -> Toolbox:
        """A toolbox of plain functions and Tools."""
        return cls(tuple(each if isinstance(each, Tool) else tool(each) for each in functions))

    def __len__(self) -> int:
        return len(self.tools)

    def __iter__(self) -> Iterator[Tool]:
        return iter(self.tools)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._by_name)

    def find(self, name: str) -> Tool:
        """The tool of that name. Raises UnknownTool with the nearest names."""
        try:
            return self._by_name[name]
        except KeyError:
            raise UnknownTool(self._unknown(name)) from None

    def bind(
        self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """The arguments checked against the signature and brought to the annotated types
        (pydantic's lax rules).

        Raises UnknownTool, BadArguments.
        """
        bound = self._bound(self.find(name), args, kwargs)
        return list(bound.args), dict(bound.kwargs)

    def _bound(
        self, found: Tool, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> inspect.BoundArguments:
        signature = signature_of(found.function)
        plain = plain_parameters(found.function)
        if plain is not None and not kwargs and plain[1] <= len(args) <= len(plain[0]):
            given = dict(zip(plain[0], args, strict=False))  # as `bind` does it, at a tenth
            bound = inspect.BoundArguments(signature, given)
        else:
            bound = _by_signature(found, signature, args, kwargs)
        checks = checks_of(found.function)
        for parameter, value in bound.arguments.items():
            check = checks.get(parameter)
            if check is not None and value is not signature.parameters[parameter].default:
                bound.arguments[parameter] = _checked(found, parameter, check, value)
        return bound

    async def call(
        self,
        name: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        emit: Emit = ignore,
        waiting: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> Any:
        """Call a tool, in another thread where it is synchronous.

        The guard is asked inside of `waiting`; its questions are told to `emit`. Raises
        UnknownTool, BadArguments, Refused, ToolTimeout (a synchronous tool's thread is then left
        behind) and whatever the tool raises.
        """
        found = self.find(name)
        bound = self._bound(found, args, kwargs or {})
        if self.guard is not None:
            with waiting():
                await self.guard(_by_parameter(found, bound), found, emit)
        elif found.needs_approval:
            raise Refused(NOBODY.format(name=name))
        try:
            return await _called(found, bound)
        except SystemExit as error:  # argparse and its like end the program when they fail
            raise _no_exit(name, error) from error

    def direct(self, name: str) -> Tool | None:
        """The tool, where any thread may call it: it is synchronous, and nobody is to be asked."""
        found = self._by_name.get(name)
        if found is None or found.needs_approval or self.guard is not None:
            return None
        return None if is_async(found.function) else found

    def made(self, found: Tool, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Call a tool of `direct` in this thread, as `call` does it but without its deadline; what
        it returns may have to be awaited.
        """
        bound = self._bound(found, args, kwargs)
        try:
            return found.function(*bound.args, **bound.kwargs)
        except SystemExit as error:
            raise _no_exit(found.name, error) from error

    def listing(self) -> str:
        """The tools as the model reads them: one signature a line, its description below."""
        lines = []
        for number, each in enumerate(self.tools, 1):
            lines.append(f"[{number}] {each.signature}")
            lines += [f"    {line.strip()}" for line in each.description.splitlines()]
        return "\n".join(lines)

    def schemas(self) -> tuple[ToolSchema, ...]:
        return tuple(each.schema() for each in self.tools)

    def _unknown(self, name: str) -> str:
        near = difflib.get_close_matches(name, self._by_name, n=3, cutoff=0.6)
        if near:
            guess = " or ".join(repr(each) for each in near)
            return f"There is no tool named {name!r}. Did you mean {guess}?"
        if not self._by_name:
            return f"There is no tool named {name!r}: no tools are available."
        return f"There is no tool named {name!r}. The tools are: {', '.join(self._by_name)}."


EMPTY = Toolbox()


async def _called(found: Tool, bound: inspect.BoundArguments) -> Any:
    function = functools.partial(found.function, *bound.args, **bound.kwargs)
    if is_async(found.function):
        return await in_time(found, function())
    result = await in_thread(function, found.seconds, _too_late(found))
    return await in_time(found, result) if inspect.isawaitable(result) else result


async def in_time(found: Tool, result: Awaitable[Any]) -> Any:
    """What it comes to within the tool's seconds. Raises ToolTimeout."""
    import anyio

    with anyio.move_on_after(found.seconds):
        return await result
    raise _too_late(found)


def _too_late(found: Tool) -> ToolTimeout:
    seconds = found.seconds or 0
    return ToolTimeout(f"The tool {found.name!r} did not return within {seconds:g} seconds.")


def _no_exit(name: str, error: SystemExit) -> RuntimeError:
    return RuntimeError(f"The tool {name!r} called sys.exit({error.code!r}).")


def _by_signature(
    found: Tool, signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> inspect.BoundArguments:
    positional, named = by_position(signature, list(args), dict(kwargs))
    try:
        return signature.bind(*positional, **named)
    except TypeError as error:
        raise BadArguments(f"{found.name}(): {error}. Its signature is {found.signature}") from None


def _by_parameter(found: Tool, bound: inspect.BoundArguments) -> ToolCall:
    """The call with every value that the tool will receive, its own defaults included."""
    whole = inspect.BoundArguments(bound.signature, bound.arguments.copy())
    whole.apply_defaults()
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for name, value in whole.arguments.items():
        match bound.signature.parameters[name].kind:
            case inspect.Parameter.POSITIONAL_ONLY:
                args.append(value)
            case inspect.Parameter.VAR_POSITIONAL:
                args += value
            case inspect.Parameter.VAR_KEYWORD:
                kwargs |= value
            case _:
                kwargs[name] = value
    return ToolCall(name=found.name, args=tuple(args), kwargs=kwargs)


def _checked(found: Tool, parameter: str, check: Any, value: Any) -> Any:
    from pydantic import ValidationError

    try:
        return check.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "".join(f"[{part!r}]" for part in first["loc"])
        given = repr(first["input"])
        raise BadArguments(
            f"{found.name}(): bad value for {parameter!r}{where}: {first['msg']}, got "
            f"{given if len(given) <= 100 else given[:100] + '…'}. "
            f"Its signature is {found.signature}"
        ) from None
