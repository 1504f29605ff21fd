"""What a function's signature says: to the model as text and JSON Schema, to us as checks."""

from __future__ import annotations

import functools
import inspect
import json
import math
import typing
import warnings
from collections.abc import Callable
from typing import Any

signature_of = functools.lru_cache(maxsize=1024)(inspect.signature)


def unwrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """What bears the name: of a partial, what it was made of."""
    while isinstance(function, functools.partial):
        function = function.func
    return function


def routine(function: Callable[..., Any]) -> Callable[..., Any]:
    """What does the work: a function, a method, a class, or what makes an object callable."""
    inner = unwrapped(function)
    if inspect.isroutine(inner) or inspect.isclass(inner):
        return inner
    method: Callable[..., Any] = inner.__call__  # type: ignore[operator]
    return method


def paragraph(function: Callable[..., Any]) -> str:
    """The first paragraph of the docstring of a function or of an object that can be called."""
    text = routine(function).__doc__ or inspect.getdoc(unwrapped(function)) or ""
    return inspect.cleandoc(text).split("\n\n")[0].strip()


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
            if " at 0x" in text or "\n" in text or len(text) > 120
            else text.replace("typing.", "").replace("__main__.", "")
        )

    def __repr__(self) -> str:
        return self.text


@functools.lru_cache(maxsize=1024)
def plain_parameters(function: Callable[..., Any]) -> tuple[tuple[str, ...], int] | None:
    """The names of its parameters and how many have to be given, where each may be given by its
    place and there are no others.
    """
    parameters = signature_of(function).parameters.values()
    placed = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if any(each.kind not in placed for each in parameters):
        return None
    names = tuple(each.name for each in parameters)
    return names, sum(each.default is each.empty for each in parameters)


@functools.lru_cache(maxsize=1024)
def is_async(function: Callable[..., Any]) -> bool:
    """Whether calling it gives something to await."""
    return inspect.iscoroutinefunction(routine(function))


def by_position(
    signature: inspect.Signature, args: list[Any], kwargs: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Native and JSON calls name everything: give what has no name in Python its place."""
    if args or not kwargs:
        return args, kwargs
    parameters = list(signature.parameters.values())
    nameless = [
        place
        for place, each in enumerate(parameters, 1)
        if each.name in kwargs
        and (
            each.kind is each.POSITIONAL_ONLY
            or (each.kind is each.VAR_POSITIONAL and isinstance(kwargs[each.name], (list, tuple)))
        )
    ]
    for each in parameters[: nameless[-1]] if nameless else ():
        if each.kind is each.VAR_POSITIONAL:
            args.extend(kwargs.pop(each.name))
        elif each.name in kwargs:
            args.append(kwargs.pop(each.name))
        elif each.default is not each.empty:
            args.append(each.default)
        else:
            break
    return args, kwargs


@functools.lru_cache(maxsize=1024)
def checks_of(function: Callable[..., Any]) -> dict[str, Any]:
    """A pydantic validator for each annotated parameter that pydantic can judge."""
    checks: dict[str, Any] = {}
    for name, hint in _hints(function).items():
        kind = signature_of(function).parameters[name].kind
        wanted: Any = hint
        if kind is inspect.Parameter.VAR_POSITIONAL:
            wanted = tuple.__class_getitem__((hint, ...))
        elif kind is inspect.Parameter.VAR_KEYWORD:
            wanted = dict.__class_getitem__((str, hint))
        check = _check(wanted)
        if check is not None:
            checks[name] = check
    return checks


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    parameters = signature_of(function).parameters
    work = routine(function)
    try:
        hints = typing.get_type_hints(
            work.__init__ if inspect.isclass(work) else work, include_extras=True
        )
    except Exception:  # noqa: BLE001 - an annotation may be any expression, also for readers only
        return {}
    return {name: hint for name, hint in hints.items() if name in parameters and hint is not Any}


def _check(wanted: Any) -> Any:
    """A pydantic validator, None where pydantic cannot judge."""
    from pydantic import ConfigDict, TypeAdapter
    from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of annotations that say nothing
        for config in (None, ConfigDict(arbitrary_types_allowed=True)):
            try:
                check: TypeAdapter[Any] = TypeAdapter(wanted, config=config)
                check.rebuild(raise_errors=True)
            except (PydanticUserError, PydanticUndefinedAnnotation):
                continue
            return check
    return None


@functools.lru_cache(maxsize=1024)
def json_schema(function: Callable[..., Any]) -> str:
    """The parameters as JSON Schema text."""
    properties: dict[str, Any] = {}
    definitions: dict[str, Any] = {}
    required: list[str] = []
    closed = True
    checks = checks_of(function)
    for name, parameter in signature_of(function).parameters.items():
        schema = _schema(checks[name]) if name in checks else {}
        definitions |= schema.pop("$defs", {})
        if parameter.kind is parameter.VAR_KEYWORD:
            closed = False
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            properties[name] = schema or {"type": "array", "items": {}}
            continue
        if parameter.default is parameter.empty:
            required.append(name)
        elif _is_json(parameter.default):
            schema["default"] = parameter.default
        properties[name] = schema
    whole = (
        {"type": "object", "properties": properties}
        | ({"required": required} if required else {})
        | ({"additionalProperties": False} if closed else {})
        | ({"$defs": definitions} if definitions else {})
    )
    return json.dumps(whole, separators=(",", ":"))


def _schema(check: Any) -> dict[str, Any]:
    from pydantic.errors import PydanticUserError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of defaults that JSON cannot spell
        try:
            schema: dict[str, Any] = check.json_schema()
        except PydanticUserError:  # values that only Python can make
            return {}
    return schema


def _is_json(default: Any) -> bool:
    if isinstance(default, float):
        return math.isfinite(default)
    return default is None or type(default) in (str, int, bool)
