"""The value of a written constant expression: numbers, lists, strings and their arithmetic."""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable
from typing import Any

LONGEST = 2_000
"""Characters of an expression that is read at all."""
_FAULTS = (SyntaxError, ValueError, TypeError, ArithmeticError, RecursionError, MemoryError)
_BITS = 10_000  # of a power's or a shift's result: beyond, nobody means the number

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.BitXor: operator.xor,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
}
_MAKERS: dict[type[ast.expr], Callable[[Any], Any]] = {
    ast.List: list,
    ast.Tuple: tuple,
    ast.Set: set,
}


class Unreadable(ValueError):
    """A text that is no constant expression, or one without a value."""


def value_of(text: str) -> Any:
    """What Python makes of the expression, without running anything: no names, no calls.

    Raises Unreadable.
    """
    if len(text) > LONGEST:
        raise Unreadable(f"{len(text)} characters are too many for an answer.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd spellings, which concern nobody here
            return _value(ast.parse(text.strip(), mode="eval").body)
    except _FAULTS as error:
        raise Unreadable(f"{text!r:.80} has no value: {error}") from error


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.List(elts=members) | ast.Tuple(elts=members) | ast.Set(elts=members):
            return _MAKERS[type(node)](_value(member) for member in members)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            return _UNARY[type(op)](_value(operand))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _combined(op, _value(left), _value(right))
    raise Unreadable(f"{type(node).__name__} is not part of a constant.")


def _combined(op: ast.operator, left: Any, right: Any) -> Any:
    if not (_is_number(left) and _is_number(right)):
        raise Unreadable("Only numbers are combined.")
    whole = isinstance(left, int) and isinstance(right, int)
    if whole and isinstance(op, ast.Pow) and left.bit_length() * right > _BITS:
        raise Unreadable("The power is too large.")
    return _BINARY[type(op)](left, right)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | complex)
