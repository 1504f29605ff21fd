"""The calculator tool: arithmetic in Python's notation, read by us and never run by Python."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any

FAILED = "Failed to evaluate expression: {reason}"

LONGEST = 2_000
"""Characters of an expression."""
BITS = 10_000
"""How long a power or a product may grow."""

MURKY = re.compile(r"\\|\d(?:and|or|if|in|is|else|not)")
"""What Python reads, but with a warning to whoever runs us."""

_PAIRS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_SINGLES: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "float": float,
    "int": int,
    "len": len,
    "max": max,
    "min": min,
    "round": round,
    "sorted": sorted,
    "sum": sum,
}


class _Refused(ValueError):
    """Part of an expression that is no arithmetic."""


def calculator(expression: str) -> Any:
    """Work out an arithmetic expression, such as "2 + (3 * 4)", and return its value."""
    try:
        if len(expression) > LONGEST:
            raise _Refused(f"it is longer than {LONGEST} characters")
        if MURKY.search(expression):
            raise _Refused("a backslash, or a number without a space after it")
        return _value(ast.parse(expression.strip(), mode="eval").body)
    except (
        ValueError,
        SyntaxError,
        ArithmeticError,
        TypeError,
        MemoryError,
        RecursionError,
    ) as error:
        return FAILED.format(reason=error)


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [_value(part) for part in parts]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _SINGLES:
            return _SINGLES[type(op)](_value(operand))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _PAIRS:
            return _PAIRS[type(op)](*_bounded(op, _value(left), _value(right)))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return _COMPARISONS[type(op)](_value(left), _value(right))
        case ast.IfExp(test=test, body=body, orelse=other):
            return _value(body) if _value(test) else _value(other)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*map(_value, args))
    raise _Refused(f"{ast.unparse(node)[:60]!r} is no arithmetic")


def _bounded(op: ast.operator, left: Any, right: Any) -> tuple[Any, Any]:
    """The operands, where the result stays small and is a number."""
    if not all(isinstance(each, int | float) for each in (left, right)):
        raise _Refused("only numbers can be added, multiplied and so on")
    if isinstance(left, int) and isinstance(right, int):
        length = left.bit_length()
        if isinstance(op, ast.Pow) and length * abs(right) > BITS:
            raise _Refused("the power is too large")
        if isinstance(op, ast.Mult) and length + right.bit_length() > BITS:
            raise _Refused("the product is too large")
    return left, right
