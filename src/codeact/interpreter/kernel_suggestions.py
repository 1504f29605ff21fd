"""What may have been meant: the nearest of the names, keys, columns and parameters that exist.

Nothing of the cell's is run to find out: attributes are read from where they are stored.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import inspect
import pkgutil
import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from codeact.interpreter.kernel_values import MISSING, Line, columns_of, is_a, keys_of, stored

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

DID_YOU_MEAN = "Did you mean {names}?"
IMPORT = "Did you forget `{line}`?"
PARAMETERS = "Its parameters are: {names}."
NO_PARAMETERS = "It has no parameters."
KEYS = "There are: {names}."
_MOST = 3
_SHOWN = 12
"""Names that are listed where none is near."""
_CANDIDATES = 5000
_ALIASES = {
    "np": "import numpy as np",
    "pd": "import pandas as pd",
    "plt": "import matplotlib.pyplot as plt",
    "sns": "import seaborn as sns",
    "sp": "import sympy as sp",
    "Path": "from pathlib import Path",
    "Counter": "from collections import Counter",
    "defaultdict": "from collections import defaultdict",
    "datetime": "from datetime import datetime",
    "timedelta": "from datetime import timedelta",
    "Decimal": "from decimal import Decimal",
    "Fraction": "from fractions import Fraction",
    "combinations": "from itertools import combinations",
    "permutations": "from itertools import permutations",
    "product": "from itertools import product",
    "reduce": "from functools import reduce",
    "sqrt": "from math import sqrt",
}


def near(wanted: str, candidates: Iterable[object]) -> list[str]:
    """The nearest few, best first: another case or spaces around it first of all."""
    names: dict[str, None] = {}
    for each in candidates:
        if type(each) is str and each != wanted and len(each) < 200:
            names[each] = None
        if len(names) >= _CANDIDATES:
            break
    if not wanted or len(wanted) > 200:
        return []
    plain = wanted.strip().casefold()
    same = [name for name in names if name.strip().casefold() == plain]
    if same:
        return same[:_MOST]
    public = [name for name in names if wanted.startswith("_") or not name.startswith("_")]
    return difflib.get_close_matches(wanted, public, n=_MOST, cutoff=0.7)


def meant(names: list[str]) -> str:
    """As a question; empty where nothing is near."""
    return DID_YOU_MEAN.format(names=" or ".join(map(repr, names))) if names else ""


def of_name(wanted: str, names: Iterable[object]) -> str:
    """For a name that is not defined."""
    if wanted in _ALIASES:
        return IMPORT.format(line=_ALIASES[wanted])
    if wanted in sys.stdlib_module_names:
        return IMPORT.format(line=f"import {wanted}")
    return meant(near(wanted, names))


def of_keyword(wanted: str, parameters: list[str]) -> str:
    """For a keyword that a function does not take."""
    if not parameters:
        return NO_PARAMETERS
    return meant(near(wanted, parameters)) or PARAMETERS.format(names=", ".join(parameters))


def suggestion(error: BaseException, line: Line | None) -> str:
    """What may have been meant where this error was raised; empty where nothing is near."""
    match error:
        case UnboundLocalError():
            return ""
        case NameError(name=str(name)) if line is not None:
            return _of_missing_name(name, line)
        case AttributeError(name=str(name), obj=owner):
            return meant(near(name, _attributes(owner)))
        case ModuleNotFoundError(name=str(name)):
            return meant(near(name.partition(".")[0], _modules()))
        case ImportError() if line is not None:
            return _of_imported(line)
        case KeyError() if line is not None:
            return _of_key(error, line)
        case TypeError() if line is not None:
            return _of_call(line)
    return ""


def _of_missing_name(name: str, line: Line) -> str:
    owner = line.value_of_name("self")
    if owner is not MISSING and stored(owner, name) is not MISSING:
        return meant([f"self.{name}"])
    return of_name(name, [*line.names, *vars(builtins)])


def _attributes(owner: object) -> Iterator[object]:
    if is_a(owner, types.ModuleType):
        yield from list(types.ModuleType.__getattribute__(owner, "__dict__"))
        return
    yield from columns_of(owner)
    kinds = type.__dict__["__mro__"].__get__(owner if is_a(owner, type) else type(owner))
    for kind in kinds:
        yield from list(type.__dict__["__dict__"].__get__(kind))
    try:
        own = object.__getattribute__(owner, "__dict__")
    except AttributeError:
        return
    if type(own) is dict:
        yield from list(own)


def _modules() -> Iterator[object]:
    yield from sys.stdlib_module_names
    yield from (name.partition(".")[0] for name in list(sys.modules) if isinstance(name, str))
    yield from (each.name for each in pkgutil.iter_modules())


def _of_imported(line: Line) -> str:
    for node in line.nodes:
        if isinstance(node, ast.ImportFrom) and not node.level:
            module = sys.modules.get(node.module or "")
            if is_a(module, types.ModuleType):
                there = list(_attributes(module))
                for each in node.names:
                    if each.name not in there:
                        return meant(near(each.name, there))
    return ""


def _of_key(error: KeyError, line: Line) -> str:
    for node in line.nodes:
        if not isinstance(node, ast.Subscript):
            continue
        keys = keys_of(line.value(node.value))
        if keys is None:
            continue
        for wanted in _keys_in(node.slice, line):
            if wanted not in keys:
                return _of_missing_key(wanted, keys)
    return ""


def _keys_in(node: ast.expr, line: Line) -> Iterator[str | int]:
    parts = node.elts if isinstance(node, (ast.List, ast.Tuple)) else [node]
    for part in parts:
        value = line.value(part)
        if type(value) is str or type(value) is int:
            yield value


def _of_missing_key(wanted: str | int, keys: list[str | int]) -> str:
    other = [key for key in keys if type(key) is not type(wanted) and str(key) == str(wanted)]
    if other:
        return DID_YOU_MEAN.format(names=repr(other[0]))
    found = near(wanted, keys) if isinstance(wanted, str) else []
    if found or not keys:
        return meant(found)
    shown = ", ".join(repr(key)[:60] for key in keys[:_SHOWN])
    return KEYS.format(names=shown + (", …" if len(keys) > _SHOWN else ""))


def _of_call(line: Line) -> str:
    for node in line.nodes:
        if not isinstance(node, ast.Call):
            continue
        parameters = _parameters(line.value(node.func))
        if parameters is None:
            continue
        for each in node.keywords:
            if each.arg is not None and each.arg not in parameters:
                return of_keyword(each.arg, parameters)
    return ""


def _parameters(function: object) -> list[str] | None:
    """The names that a function takes; None where it takes any, or that cannot be told."""
    if type(function) is types.MethodType:
        found = _parameters(function.__func__)
        return None if found is None else found[1:]
    if is_a(function, type):
        found = _parameters(stored(function, "__init__"))
        return None if found is None else found[1:]
    if type(function) is not types.FunctionType:
        return None
    own: Mapping[str, Any] = function.__dict__
    signature = own.get("__signature__")
    if type(signature) is inspect.Signature:
        kinds = [each.kind for each in signature.parameters.values()]
        return None if inspect.Parameter.VAR_KEYWORD in kinds else list(signature.parameters)
    code = function.__code__
    if code.co_flags & inspect.CO_VARKEYWORDS or "__wrapped__" in own:
        return None
    return list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
