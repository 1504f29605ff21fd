"""The tools that the command line names: functions of importable modules."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from codeact.errors import ConfigError
from codeact.tools import Tool, Toolbox


def load(names: Sequence[str], folder: str) -> Toolbox:
    """Tools by `module:function`, or by `module` alone: then its own public functions that have a
    docstring. Modules in `folder` can be imported.

    Raises ConfigError for whatever cannot be found or used.
    """
    if names and folder not in sys.path:
        sys.path.insert(0, folder)
    found: list[Any] = []
    for name in names:
        module, _, function = name.partition(":")
        found += [_named(name, module, function)] if function else _public(module)
    return Toolbox.of(found)


def _named(name: str, module: str, function: str) -> Any:
    value: Any = _import(module)
    for part in function.split("."):
        if not hasattr(value, part):
            have = ", ".join(_names(value)) or "none"
            raise ConfigError(f"-T {name}: {module} has no {part!r}. Its functions: {have}.")
        value = getattr(value, part)
    if not callable(value) and not isinstance(value, Tool):
        raise ConfigError(f"-T {name}: that is a {type(value).__name__}, not a function.")
    return value


def _public(module: str) -> list[Any]:
    loaded = _import(module)
    found = [getattr(loaded, name) for name in _names(loaded)]
    documented = [each for each in found if isinstance(each, Tool) or inspect.getdoc(each)]
    if not documented:
        raise ConfigError(
            f"-T {module}: the module has no public functions with a docstring. "
            f"Name one as -T {module}:function."
        )
    return documented


def _names(value: Any) -> list[str]:
    """The public functions that a module defines itself, and its Tools."""
    return (
        [
            name
            for name, member in vars(value).items()
            if not name.startswith("_")
            and (
                isinstance(member, Tool)
                or (inspect.isfunction(member) and member.__module__ == value.__name__)
            )
        ]
        if isinstance(value, ModuleType)
        else []
    )


def _import(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except Exception as error:  # whatever a user's module raises while it loads
        raise ConfigError(
            f"-T {module}: the module cannot be imported: {type(error).__name__}: {error}. "
            "Name it as an import statement does; the current folder is searched too."
        ) from error
