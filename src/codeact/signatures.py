"""What a function's signature says: to the model as text and JSON Schema, to us as checks."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any

signature_of = functools.lru_cache(maxsize=1024)(inspect.signature)


def routine(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself, or the method that makes an object callable."""
    if inspect.isroutine(function) or isinstance(function, functools.partial):
        return function
    method: Callable[..., Any] = type(function).__call__
    return method


def signature_text(function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(
            annotation=_Bare(parameter.annotation)
            if parameter.annotation is not parameter.empty
            else parameter.empty,
            default=_Bare(repr(parameter.default))
            if parameter.default is not parameter.empty
            else parameter.empty,
        )
        for parameter in signature.parameters.values()
    ]
    returned = signature.return_annotation
    if returned is not signature.empty:
        returned = _Bare(returned)
    return str(signature.replace(parameters=parameters, return_annotation=returned))


class _Bare:
    """An annotation or a default that shows itself without quotes or memory addresses."""

    def __init__(self, value: Any) -> None:
        text = value if isinstance(value, str) else inspect.formatannotation(value)
        self.text = (
            "..."
            if " at 0x" in text or len(text) > 120
            else text.replace("typing.", "").replace("__main__.", "")
        )

    def __repr__(self) -> str:
        return self.text


def by_position(
    signature: inspect.Signature, args: list[Any], kwargs: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Native and JSON calls name everything: give what has no name in Python its place."""
    kinds = {name: parameter.kind for name, parameter in signature.parameters.items()}
    takes_any = inspect.Parameter.VAR_KEYWORD in kinds.values()
    variadic = next(
        (name for name, kind in kinds.items() if kind is inspect.Parameter.VAR_POSITIONAL), None
    )
    if (
        variadic in kwargs
        and not args
        and isinstance(kwargs[variadic], (list, tuple))
        and not takes_any
    ):
        before = [
            name for name, kind in kinds.items() if kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        ]
        args = [kwargs.pop(name) for name in before if name in kwargs] + list(kwargs.pop(variadic))
    only = [name for name, kind in kinds.items() if kind is inspect.Parameter.POSITIONAL_ONLY]
    if not args and only and not takes_any:
        for name in only:
            if name not in kwargs:
                break
            args.append(kwargs.pop(name))
    return args, kwargs


@functools.lru_cache(maxsize=1024)
def checks_of(function: Callable[..., Any]) -> dict[str, Any]:
    """A pydantic validator for each annotated parameter that pydantic can judge."""
    from pydantic import ConfigDict, TypeAdapter
    from pydantic.errors import PydanticUserError

    checks: dict[str, Any] = {}
    for name, hint in _hints(function).items():
        if name == "return" or hint is Any:
            continue
        kind = signature_of(function).parameters[name].kind
        wanted: Any = hint
        if kind is inspect.Parameter.VAR_POSITIONAL:
            wanted = tuple.__class_getitem__((hint, ...))
        elif kind is inspect.Parameter.VAR_KEYWORD:
            wanted = dict.__class_getitem__((str, hint))
        try:
            checks[name] = TypeAdapter(wanted)
        except PydanticUserError:
            try:
                checks[name] = TypeAdapter(wanted, config=ConfigDict(arbitrary_types_allowed=True))
            except PydanticUserError:
                continue
    return checks


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    parameters = signature_of(function).parameters
    try:
        hints = typing.get_type_hints(routine(function), include_extras=True)
    except (NameError, TypeError, AttributeError):  # a name that only type checkers can see
        return {}
    return {name: hint for name, hint in hints.items() if name in parameters}


@functools.lru_cache(maxsize=1024)
def json_schema(function: Callable[..., Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    definitions: dict[str, Any] = {}
    required: list[str] = []
    closed = True
    checks = checks_of(function)
    for name, parameter in signature_of(function).parameters.items():
        schema = checks[name].json_schema() if name in checks else {}
        definitions |= schema.pop("$defs", {})
        if parameter.kind is parameter.VAR_KEYWORD:
            closed = False
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            properties[name] = schema or {"type": "array", "items": {}}
            continue
        if parameter.default is parameter.empty:
            required.append(name)
        elif isinstance(parameter.default, (str, int, float, bool, type(None))):
            schema = {**schema, "default": parameter.default}
        properties[name] = schema
    return (
        {"type": "object", "properties": properties}
        | ({"required": required} if required else {})
        | ({"additionalProperties": False} if closed else {})
        | ({"$defs": definitions} if definitions else {})
    )
