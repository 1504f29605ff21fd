"""The values of the names on a line of a cell, in few words, without running any of its code.

Values of builtin types are shown, arrays and frames by their shape, all others by their type: a
`__repr__` of the cell's own could do anything.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import linecache
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

MISSING: Any = object()
_LONGEST = 400
"""Characters of the whole line of values."""
_MOST = 8
"""Values on it."""
_ITEMS = 4
_TEXT = 60
_BITS = 256
_KEYS = 2000
"""Keys of a mapping that are looked at."""
_SOURCE = 200_000
"""Characters of a cell that is read once more for its failing line."""
_SKIPPED = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType, type)
_NUMBERS = (bool, int, float, complex, type(None), type(Ellipsis))
_FRAMES = {"DataFrame", "Series", "Index"}
_SHAPED = {"numpy": {"ndarray"}, "pandas": _FRAMES, "torch": {"Tensor"}}


@dataclass(frozen=True, slots=True)
class Line:
    """The statement of a cell that was running: its nodes and the names that it saw."""

    nodes: list[ast.AST]
    names: list[str]
    _locals: dict[str, Any]
    _globals: dict[str, Any] = field(repr=False)

    @classmethod
    def of(cls, frame: types.FrameType, number: int) -> Line | None:
        """None where the source is gone or is no Python."""
        source = "".join(linecache.getlines(frame.f_code.co_filename))
        if len(source) > _SOURCE:
            return None
        try:
            statement = _innermost(ast.parse(source), number)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        own = frame.f_locals
        seen = own if type(own) in (dict, _FrameLocals) else {}
        nodes = [each for part in _parts(statement) for each in ast.walk(part)] if statement else []
        nodes.sort(key=lambda node: _distance(node, number))
        return cls(nodes, [*seen, *frame.f_globals], dict(seen), frame.f_globals)

    def value_of_name(self, name: str) -> Any:
        for names in (self._locals, self._globals):
            if name in names:
                return names[name]
        return MISSING

    def value(self, node: ast.AST) -> Any:
        """What an expression means, as far as that takes no code of the cell's; else MISSING."""
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.value_of_name(name)
            case ast.Attribute(value=inner, attr=name):
                owner = self.value(inner)
                return MISSING if owner is MISSING else stored(owner, name)
            case ast.Subscript(value=inner, slice=place):
                return _item(self.value(inner), self.value(place))
        return MISSING

    def values(self) -> str:
        """The values as one short line, empty where there is nothing to tell."""
        told: dict[str, str] = {}
        for node in self.nodes:
            if len(told) >= _MOST:
                break
            if not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
                continue
            if not isinstance(node.ctx, ast.Load):
                continue
            value = self.value(node)
            name = ast.unparse(node)
            if value is not MISSING and not is_a(value, _SKIPPED) and len(name) <= _TEXT:
                told.setdefault(name, summary(value))
        line = "; ".join(f"{name} = {text}" for name, text in told.items())
        return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


_FrameLocals = type(sys._getframe().f_locals) if sys.version_info >= (3, 13) else dict


def _distance(node: ast.AST, number: int) -> tuple[int, int, int]:
    if not isinstance(node, ast.expr):
        return 0, 0, 0
    return abs(node.lineno - number), node.col_offset, node.end_col_offset or 0


def is_a(value: object, kinds: type | tuple[type, ...]) -> bool:
    """As isinstance, which asks the value itself for its class."""
    return issubclass(type(value), kinds)


def _innermost(tree: ast.Module, number: int) -> ast.stmt | None:
    found: ast.stmt | None = None
    inner: list[ast.stmt] = tree.body
    while inner:
        here = [s for s in inner if _first(s) <= number <= (s.end_lineno or s.lineno)]
        if not here:
            return found
        found = here[-1]
        inner = list(_nested(found))
    return found


def _first(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(each.lineno for each in decorators)])


def _nested(statement: ast.stmt) -> Iterator[ast.stmt]:
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
            yield from child.body


def _parts(statement: ast.stmt) -> Iterator[ast.AST]:
    """A simple statement whole; of one with a body, its head."""
    if not any(True for _ in _nested(statement)):
        yield statement
        return
    for child in ast.iter_child_nodes(statement):
        if not isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
            yield child


def stored(owner: object, name: str) -> Any:
    """An attribute that lies in an object, its class or a module as plain data or function."""
    if is_a(owner, type):
        spaces = [type.__dict__["__dict__"].__get__(each) for each in _bases(cast(type, owner))]
    else:
        kinds = _bases(type(owner))
        spaces = [type.__dict__["__dict__"].__get__(each) for each in kinds]
        if any("__dict__" in each and type(each["__dict__"]) is property for each in spaces):
            return MISSING
        try:
            own = object.__getattribute__(owner, "__dict__")
        except AttributeError:
            own = None
        if type(own) is dict:
            spaces.insert(0, own)
    for place, space in enumerate(spaces):
        if name in space:
            value = space[name]
            if type(value) is types.FunctionType and place and not is_a(owner, type):
                return types.MethodType(value, owner)
            has_get = any(
                "__get__" in type.__dict__["__dict__"].__get__(k) for k in _bases(type(value))
            )
            return MISSING if has_get and type(value) is not types.FunctionType else value
    return MISSING


def _computes(value: object) -> bool:
    """Whether reading it as an attribute would run code: a property, a slot …"""
    return any("__get__" in type.__dict__["__dict__"].__get__(each) for each in _bases(type(value)))


def _bases(kind: type) -> tuple[type, ...]:
    found: tuple[type, ...] = type.__dict__["__mro__"].__get__(kind)
    return found


def _item(owner: Any, key: Any) -> Any:
    if type(owner) in (list, tuple, str) and type(key) is int:
        return owner[key] if -len(owner) <= key < len(owner) else MISSING
    if type(owner) is dict and type(key) in (str, int):
        keys = keys_of(owner)
        return owner[key] if keys is not None and key in keys else MISSING
    return MISSING


def keys_of(owner: Any) -> list[str | int] | None:
    """The keys of a dict, the columns of a frame: the texts and numbers among them. None where
    there are none, too many, or others that could run code when they are compared.
    """
    if type(owner).__name__ in _FRAMES:
        return list(columns_of(owner)) or None
    if not is_a(owner, dict):
        return None
    keys = list(itertools.islice(dict.keys(owner), _KEYS + 1))
    if len(keys) > _KEYS:
        return None
    if any(type(key) not in (str, int, float, bool, tuple, bytes, type(None)) for key in keys):
        return None
    return [key for key in keys if type(key) is str or type(key) is int]


def columns_of(owner: Any) -> Iterator[str | int]:
    """The names of a frame's columns, of a series' first labels."""
    if _library(owner) != "pandas":
        return
    labels = owner.columns if type(owner).__name__ == "DataFrame" else getattr(owner, "index", ())
    for each in labels[:_KEYS]:
        if type(each) is str or type(each) is int:
            yield each


def _library(value: object) -> str:
    """The library whose very own type this is: of those that describe themselves safely."""
    kind = type(value)
    for name, kinds in _SHAPED.items():
        library = sys.modules.get(name)
        if library is not None:
            space = types.ModuleType.__getattribute__(library, "__dict__")
            if any(space.get(each) is kind for each in kinds):
                return name
    return ""


def _numbers_of_numpy() -> frozenset[type]:
    numpy = sys.modules.get("numpy")
    if type(numpy) is not types.ModuleType:
        return frozenset()
    kinds = vars(numpy).get("sctypeDict")
    return frozenset(kinds.values()) if type(kinds) is dict else frozenset()


def type_name(value: object) -> str:
    name: str = type.__dict__["__name__"].__get__(type(value))
    return name


def summary(value: Any, depth: int = 2) -> str:
    """A value in few words."""
    kind = type(value)
    if kind is int and value.bit_length() > _BITS:
        return f"int of about {int(value.bit_length() * 0.30103)} digits"
    if kind in _NUMBERS:
        return repr(value)
    if kind in (str, bytes):
        if len(value) <= _TEXT:
            return repr(value)
        return f"{kind.__name__} of {len(value)} characters {value[: _TEXT // 2]!r}…"
    if kind in (list, tuple, set, frozenset, dict):
        return _collection(value, depth)
    if kind in (range, slice):
        return repr(value) if len(repr(value)) <= _TEXT else kind.__name__
    library = _library(value)
    if library:
        return _shaped(value, library)
    if kind.__module__ == "numpy" and isinstance(
        value, getattr(sys.modules.get("numpy"), "number", ())
    ):
        number: Any = value
        return repr(number.item())[:_TEXT]
    if is_a(value, type):
        return f"class {type.__dict__['__name__'].__get__(value)}"
    return f"<{type_name(value)}>"


def _collection(value: Any, depth: int) -> str:
    kind = type(value).__name__
    if not depth:
        return f"<{kind} of {len(value)}>"
    first = list(itertools.islice(value.items() if kind == "dict" else value, _ITEMS))
    more = ", …" if len(value) > _ITEMS else ""
    if kind == "dict":
        pairs = (f"{summary(key, 0)}: {summary(item, depth - 1)}" for key, item in first)
        inner = f"{{{', '.join(pairs)}{more}}}"
    else:
        marks = {"list": "[]", "tuple": "()"}.get(kind, "{}")
        inner = marks[0] + ", ".join(summary(item, depth - 1) for item in first) + more + marks[1]
    if not value:
        return {"list": "[]", "tuple": "()", "dict": "{}"}.get(kind, f"{kind}()")
    if depth < 2:
        return inner
    return f"{kind} of {len(value)} {inner}"


def _shaped(value: Any, library: str) -> str:
    name = type_name(value)
    text = f"{name} {tuple(value.shape)}"
    if name == "DataFrame":
        columns = list(itertools.islice(value.columns, _ITEMS * 2))
        shown = ", ".join(summary(each, 0) for each in columns)
        return f"{text} of {shown}{', …' if len(value.columns) > len(columns) else ''}"
    if name == "Index":
        return text
    if library == "numpy" and value.dtype.hasobject:
        return f"{name} object {tuple(value.shape)}"
    dtype = str(value.dtype)
    if value.size <= _ITEMS and library == "numpy":
        return f"{name} {dtype} {value.tolist()!r}"[: 2 * _TEXT]
    return f"{name} {dtype} {tuple(value.shape)}"
