"""How values of a cell are shown: its last expression, and what `display` is given."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

_PLAIN = frozenset({bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset})
"""Types that have no rich form: asking for one costs more than a small cell."""


class Result(DisplayHook):
    """The last expression."""

    _last: Any = ""
    usual: Mapping[type, Any] = MappingProxyType({})
    """How plain scalars are printed as long as nobody has changed it; the others take the long way.
    """

    def __call__(self, result: Any = None) -> None:
        kind = type(result)
        if self.exec_result is not None or kind not in self.usual or not self._is_usual(kind):
            super().__call__(result)  # type: ignore[no-untyped-call]
            return
        try:
            text = repr(result)
        except ValueError:  # an integer of too many digits
            super().__call__(result)  # type: ignore[no-untyped-call]
            return
        self.check_for_underscore()  # type: ignore[no-untyped-call]
        if not self.quiet():
            shell: Any = self.shell
            self.update_user_ns(result)
            shell.output.note(text + "\n")

    def _is_usual(self, kind: type) -> bool:
        formatter: Any = self.shell.display_formatter  # type: ignore[union-attr]
        plain = formatter.formatters["text/plain"]
        return plain.type_printers.get(kind) is self.usual[kind] and bool(plain.enabled)

    def write_output_prompt(self) -> None:
        """No prompt."""

    def log_output(self, format_dict: Any) -> None:
        """No log."""

    def quiet(self) -> bool:
        shell: Any = self.shell
        return ";" in shell.cell and bool(super().quiet())  # type: ignore[no-untyped-call]

    def update_user_ns(self, result: Any) -> None:
        """`_` is the last value, unless the code has taken that name for itself."""
        names: dict[str, Any] = self.shell.user_ns  # type: ignore[union-attr]
        if names.get("_", self._last) is self._last:
            names["_"] = self._last = result

    def compute_format_data(self, result: Any) -> Any:
        if type(result) not in _PLAIN:
            return super().compute_format_data(result)  # type: ignore[no-untyped-call]
        formatter: Any = self.shell.display_formatter  # type: ignore[union-attr]
        return {"text/plain": formatter.formatters["text/plain"](result)}, {}

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        shell: Any = self.shell
        text = shell.show(format_dict)
        shell.output.note(text)

    def finish_displayhook(self) -> None:
        self._is_active = False


class Display(DisplayPublisher):
    """What `display` shows."""

    def publish(self, data: Any, *args: Any, **kwargs: Any) -> None:
        shell: Any = self.shell
        shell.output.write("stdout", shell.show(data))

    def clear_output(self, wait: bool = False) -> None:
        """What was printed stays."""
