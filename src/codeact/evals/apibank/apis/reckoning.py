"""Sums and today's date."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass

from codeact.evals.apibank.databases import ApiWorld
from codeact.evals.apibank.refusal import ApiRefusal

NO_FORMULA = "{formula!r} cannot be reckoned. Write numbers, + - * / and brackets."
_LONGEST = 200

_SUMS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True, slots=True)
class Reckoning:
    world: ApiWorld

    def calculate(self, formula: str) -> float:
        """The value of a formula of numbers, + - * / and brackets."""
        try:
            if len(formula) > _LONGEST:
                raise ValueError(formula)
            return float(_value(ast.parse(formula.strip(), mode="eval").body))
        except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
            raise ApiRefusal(NO_FORMULA.format(formula=formula)) from None

    def today(self) -> str:
        """Today's date: the current day."""
        return self.world.today


def _value(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _SUMS:
            return _SUMS[type(sign)](_value(left), _value(right))
    raise ValueError(ast.dump(node))
