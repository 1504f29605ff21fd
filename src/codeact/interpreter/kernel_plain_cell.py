"""Cells in plain Python, run without IPython's machinery: the same effects at a third of the cost.

Of a session's memory and of a small cell's time, most went into steps that only magics, prompts,
transformers and hooks need. What is plain is decided before anything runs; all else is left to
IPython.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import sys
from types import CodeType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codeact.interpreter.kernel_shell import Shell

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

_PROMPT = "In ["
"""IPython strips it; to Python `In [1]: x` would be an annotation."""
_FIRST_NAME = re.compile(r"\s*([A-Za-z_]\w*)")
_HOOKS = ("pre_run_cell", "post_run_cell")


class PlainCells:
    """Runs the plain ones of a shell's cells. Made while the shell is still as it came."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        transforms = shell.input_transformer_manager
        self._transforms = (transforms.cleanup_transforms, transforms.line_transforms)
        self._counts = self._count()
        self._magics = shell.magics_manager.magics["line"]
        self._callbacks = shell.events.callbacks
        self._inputs = shell.history_manager.input_hist_parsed  # type: ignore[union-attr]
        self._raw_inputs = shell.history_manager.input_hist_raw  # type: ignore[union-attr]
        shell.builtin_trap.__enter__()  # for good: to come and go with each cell costs as much

    def run(self, number: int, code: str) -> bool:
        """Whether the cell was plain; then it has run, and the shell knows how it ended."""
        compiled = self._compiled(number, code)
        if compiled is None:
            return False
        body, last, statements = compiled
        shell = self._shell
        if shell.refuses(statements):
            return True
        self._remember(code)
        self._trigger("pre_execute")
        names, attributes = shell.user_ns, shell.user_global_ns
        hook = sys.displayhook
        excepthook = sys.excepthook
        try:
            sys.excepthook = shell.excepthook
            if body is not None:
                exec(body, attributes, names)
            if last is not None:
                sys.displayhook = shell.displayhook
                exec(last, attributes, names)
        except BaseException as error:  # noqa: BLE001 - whatever the cell raises is its result
            shell.fail(error)
        finally:
            sys.displayhook = hook
            sys.excepthook = excepthook
        self._trigger("post_execute")
        return True

    def _compiled(
        self, number: int, code: str
    ) -> tuple[CodeType | None, CodeType | None, list[ast.stmt]] | None:
        """The statements and the last expression, compiled and as they are written; None where the
        cell is not plain.
        """
        shell = self._shell
        if self._is_hooked() or code.startswith(_PROMPT) or self._is_magic(code):
            return None
        compiler: Any = shell.compile
        name = compiler.cache(code, number, code)
        try:
            tree = compiler.ast_parse(code, name)
            statements = tree.body
            written = list(statements)
            last = statements.pop() if statements and isinstance(statements[-1], ast.Expr) else None
            with compiler.extra_flags(ast.PyCF_ALLOW_TOP_LEVEL_AWAIT):
                body = compiler(tree, name, "exec") if statements else None
                shown = compiler(ast.Interactive([last]), name, "single") if last else None
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
            return None
        if any(each and each.co_flags & inspect.CO_COROUTINE for each in (body, shown)):
            return None
        return body, shown, written

    def _is_hooked(self) -> bool:
        """Whether something wants to see or change cells before or after they run."""
        shell = self._shell
        return bool(
            shell.ast_transformers
            or shell.input_transformers_post
            or any(self._callbacks[each] for each in _HOOKS)
            or self._count() != self._counts
            or shell.ast_node_interactivity != "last_expr"
        )

    def _is_magic(self, code: str) -> bool:
        """Whether IPython may read a single line as a magic without its percent sign."""
        if "\n" in code.strip():
            return False
        first = _FIRST_NAME.match(code)
        return first is not None and first[1] in self._magics

    def _trigger(self, event: str) -> None:
        if self._callbacks[event]:
            self._shell.events.trigger(event)

    def _count(self) -> tuple[int, ...]:
        return tuple(map(len, self._transforms))

    def _remember(self, code: str) -> None:
        self._inputs.append(code)
        self._raw_inputs.append(code)
        names = self._shell.user_ns
        names["_iii"], names["_ii"], names["_i"] = (
            names.get("_ii", ""),
            names.get("_i", ""),
            self._raw_inputs[-2],
        )
