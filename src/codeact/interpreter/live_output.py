"""What a cell prints while it runs: told to a listener, bounded, kept in case the kernel dies."""

from __future__ import annotations

from collections.abc import Callable

from codeact.events import Emit, Event, OutputDelta, ignore
from codeact.interpreter.wire import WireError


class LiveOutput:
    """The output of one cell after another. `failed` is told what the listener raises."""

    def __init__(self, limit: int, failed: Callable[[Exception], None]) -> None:
        self._limit = limit
        self._failed = failed
        self._emit: Emit = ignore
        self._heard: list[str] = []
        self._left = 0

    @property
    def text(self) -> str:
        return "".join(self._heard)

    def open(self, emit: Emit) -> None:
        """A cell begins."""
        self._emit, self._heard, self._left = emit, [], self._limit

    def close(self) -> None:
        """The cell has ended; its text stays until the next one."""
        self._emit = ignore

    def hear(self, part: object) -> None:
        """One [stream, text], not trusted. Raises WireError where it makes no sense."""
        match part:
            case ["stdout" | "stderr" as stream, str(text)]:
                pass
            case _:
                raise WireError("output that is none")
        if self._left <= 0:
            return
        self._left -= len(text)
        self._heard.append(text)
        self.tell(OutputDelta(text=text, stream="stderr" if stream == "stderr" else "stdout"))

    def tell(self, event: Event) -> None:
        """Tell the cell's listener of something else that happens meanwhile."""
        try:
            self._emit(event)
        except Exception as error:  # noqa: BLE001 - the listener's fault comes out of execute
            self._failed(error)
