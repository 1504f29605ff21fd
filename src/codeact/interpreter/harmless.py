"""Cells that cannot change anything: before them nothing has to be kept."""

from __future__ import annotations

import ast
import functools

MOST_CHARACTERS = 300
"""A longer cell is not looked at."""
_LOOKING = frozenset(
    {"abs", "bool", "float", "format", "id", "int", "isinstance", "len", "print", "range"}
    | {"repr", "round", "str", "type"}
)
"""None that goes through its argument: an iterator would be used up."""
_KEYWORDS = frozenset({"end", "flush", "ndigits", "sep"})
"""Not `file`: what is printed there changes it."""
_NODES = (
    ast.Module,
    ast.Expr,
    ast.Constant,
    ast.Name,
    ast.Load,
    ast.Attribute,
    ast.Subscript,
    ast.Slice,
    ast.Tuple,
    ast.List,
    ast.UnaryOp,
    ast.unaryop,
    ast.BinOp,
    ast.Add,
    ast.Sub,
    ast.Div,
    ast.FloorDiv,
    ast.Mod,
    ast.BoolOp,
    ast.boolop,
    ast.Compare,
    *(ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Is, ast.IsNot),
    ast.Call,
    ast.JoinedStr,
    ast.FormattedValue,
    ast.IfExp,
)


@functools.lru_cache(maxsize=256)  # models look at the same thing again and again
def is_harmless(code: str) -> bool:
    """Whether a cell only looks: names, constants, simple arithmetic, `print` and its like.

    A class can hide anything behind an operator; such a cell costs an older snapshot, no lie.
    """
    if len(code) > MOST_CHARACTERS:
        return False
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return all(_is_looking(node) for node in ast.walk(tree))


def _is_looking(node: ast.AST) -> bool:
    if isinstance(node, ast.keyword):
        return node.arg in _KEYWORDS
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _LOOKING
    return isinstance(node, _NODES)
