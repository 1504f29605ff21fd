"""A call made in a world: its arguments brought to the API's types, and what came of it."""

from __future__ import annotations

import ast
import functools
import inspect
import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codeact.actions import ToolCall
from codeact.evals.apibank.catalogue import Api, Function, catalogue
from codeact.evals.apibank.databases import ApiWorld
from codeact.evals.apibank.refusal import ApiRefusal

_TRUTH = {"true": True, "false": False}

NO_FIT = "{name} cannot take {value!r} for {parameter}."


class Misfit(TypeError):
    """Arguments that an API cannot take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a call gave; `refusal` is what the API said instead."""

    result: Any = None
    refusal: str | None = None


def fit(api: Api, call: ToolCall) -> dict[str, Any]:
    """The arguments by name, in the API's types, with its defaults.

    A number stands for the text that spells it and a text for the number, the truth value, the list
    or the object that it spells, because text formats cannot always tell. Raises Misfit.
    """
    signature = inspect.signature(api.function)
    try:
        bound = signature.bind(*call.args, **dict(call.kwargs))
    except TypeError as error:
        raise Misfit(f"{api.name}: {error}.") from None
    bound.apply_defaults()
    kinds = _kinds(api.function)
    return {
        name: _fitted(api.name, name, kinds.get(name, str), value)
        for name, value in bound.arguments.items()
    }


def perform(
    world: ApiWorld, name: str, arguments: Mapping[str, Any], recorded: Any = None
) -> Outcome:
    """Make the call. What it draws by chance is taken from the recorded result, if there is one."""
    api = catalogue(world)[name]
    world.given = _drawn(recorded)
    try:
        return Outcome(result=api.function(**arguments))
    except ApiRefusal as error:
        return Outcome(refusal=str(error))
    finally:
        world.given = None


def _drawn(recorded: Any) -> str | None:
    """The token or number in a recorded result."""
    if isinstance(recorded, dict):
        token = recorded.get("token")
        return token if isinstance(token, str) else None
    return recorded if isinstance(recorded, str) and recorded.isdigit() else None


def _kinds(function: Function) -> dict[str, Any]:
    return _hints(getattr(function, "__func__", function))


@functools.lru_cache(maxsize=256)  # the search is a new function in each world
def _hints(function: Function) -> dict[str, Any]:
    return typing.get_type_hints(function)


def _fitted(name: str, parameter: str, kind: Any, value: Any) -> Any:
    read = _read(kind, value)
    if read is None:
        raise Misfit(NO_FIT.format(name=name, value=value, parameter=parameter))
    return read


def _read(kind: Any, value: Any) -> Any:
    """The value as the kind, None where it is none."""
    if kind is str:
        return _text(value)
    if kind is bool:
        return _TRUTH.get(str(value).strip().casefold())
    if kind is int:
        return _whole(value)
    listed = _listed(value)
    if listed is None:
        return None
    inner = typing.get_args(kind)[0]
    members = [_text(each) if inner is str else _texts(each) for each in listed]
    return None if None in members else members


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if known else None


def _texts(value: Any) -> dict[str, str] | None:
    """An object of texts."""
    if not isinstance(value, dict):
        return None
    members: dict[str, str] = {}
    for key, each in value.items():
        text = _text(each)
        if text is None:
            return None
        members[str(key)] = text
    return members


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value) if isinstance(value, str) else value
        whole = int(number)
    except (ValueError, TypeError, OverflowError):
        return None
    return whole if whole == number else None


def _listed(value: Any) -> list[Any] | None:
    if isinstance(value, list | tuple):
        return list(value)
    if not isinstance(value, str):
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            listed = read(value)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        if isinstance(listed, list | tuple):
            return list(listed)
    return None
