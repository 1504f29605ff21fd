"""An interpreter behind a notebook: rich values as they come, questions to its user, completion."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from codeact.events import Emit, ignore
from codeact.interpreter import Execution
from codeact.interpreter.answers import DIED_BETWEEN
from codeact.interpreter.forked import ForkedInterpreter
from codeact.interpreter.questions import Ask, Questions, nobody
from codeact.interpreter.snapshots import Snapshot
from codeact.interpreter.wire import Frame, WireError

What = Literal["display", "update", "result", "error", "clear", "payload"]
PATIENCE = 3.0
"""Seconds that an editor waits for what is known about the namespace."""
NO_FILES = "a notebook's files are its user's"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Something that a cell shows. `data` is a bundle of MIME types, or what an error, a payload or
    a clearing of the output says; `transient` holds the display id.
    """

    what: What
    data: Mapping[str, Any]
    metadata: Mapping[str, Any]
    transient: Mapping[str, Any]


Show = Callable[[Shown], None]


class NotebookInterpreter(ForkedInterpreter):
    """A ForkedInterpreter whose cells show and ask. Snapshots keep the variables only: the folder
    is the notebook's own, and large perhaps.

    `ask` answers `input()` and `getpass`; the time that it takes does not count. It may be replaced
    at any time.
    """

    def __init__(self, *, ask: Ask = nobody, **settings: Any) -> None:
        super().__init__(**settings)
        self.ask = ask
        self._show: Show | None = None
        self._questions = Questions(
            lambda prompt, password: self.ask(prompt, password), self._deadline.paused
        )
        self._guesses: set[asyncio.Task[dict[str, Any]]] = set()

    async def run(
        self, code: str, *, show: Show, emit: Emit = ignore, counted: bool = True
    ) -> Execution:
        """As `execute`, and `show` is told in order with `emit`. A cell that is not `counted` gives
        its number to the next one. Raises InterpreterLost.
        """
        self._show = show
        self._questions.open()
        try:
            return await self.execute(code, emit=emit)
        finally:
            self._questions.close()
            self._show = None
            if not counted:
                self._cell -= 1

    async def complete(self, code: str, cursor: int) -> dict[str, Any]:
        """Completions at a place in a text: `matches`, `cursor_start`, `cursor_end`. Empty where
        the kernel is busy or does not know in time.
        """
        return await self._guess({"kind": "complete", "code": code, "cursor": cursor})

    async def inspect(self, code: str, cursor: int, detail: int) -> dict[str, Any]:
        """Help about what stands at a place in a text, as `data`; empty likewise."""
        head = {"kind": "inspect", "code": code, "cursor": cursor, "detail": detail}
        return await self._guess(head)

    async def is_complete(self, code: str) -> dict[str, Any]:
        """Whether a text is a whole cell: `status`, `indent`; empty likewise."""
        return await self._guess({"kind": "is_complete", "code": code})

    async def expressions(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """The value of each expression, as a bundle, or its error; no deadline holds."""
        return await self._introspect({"kind": "expressions", "code": dict(texts)})

    async def _guess(self, head: dict[str, Any]) -> dict[str, Any]:
        """Nothing is stopped when time is over: an editor's question must not cost any state."""
        if self._lock.locked():
            return {}
        task = asyncio.create_task(self._introspect(head))
        self._guesses.add(task)
        task.add_done_callback(self._guesses.discard)
        done, _ = await asyncio.wait([task], timeout=PATIENCE)
        return task.result() if done else {}

    async def _introspect(self, head: dict[str, Any]) -> dict[str, Any]:
        async with self._lock:
            if self._obituary:
                return {}
            await self._awake()
            told = await self._ask({"op": "introspect", **head}, None)
            if told is None:
                assert self._child is not None
                self._obituary = DIED_BETWEEN.format(how=self._child.epitaph())
            return told or {}

    def _greeting(self) -> dict[str, Any]:
        return {**super()._greeting(), "notebook": True}

    async def _keep_files(self, shot: Snapshot) -> None:
        shot.files = NO_FILES

    def _hear(self, frame: Frame) -> None:
        assert self._child is not None
        match frame.head:
            case {
                "op": "shown",
                "what": "display" | "update" | "result" | "error" | "clear" | "payload" as what,
                "data": dict() as data,
                "metadata": dict() as metadata,
                "transient": dict() as transient,
            }:
                self._shown(Shown(what=what, data=data, metadata=metadata, transient=transient))
            case {"op": "input"}:
                self._questions.hear(frame, self._child.send)
            case {"op": "cancel", "id": int(key)}:
                self._questions.cancel(key)
                super()._hear(frame)
            case {"op": "told", "id": int(number), "found": dict() as found}:
                if self._asked is not None and number == self._number and not self._asked.done():
                    self._asked.set_result(found)
            case {"op": "shown" | "told"}:
                raise WireError("a frame of a notebook that is none")
            case _:
                super()._hear(frame)

    def _shown(self, shown: Shown) -> None:
        if self._show is not None:
            try:
                self._show(shown)
            except Exception as error:  # noqa: BLE001 - the listener's fault comes out of execute
                self._fail(error)
