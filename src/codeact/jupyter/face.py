"""One kernel as Jupyter's clients see it: requests in, our interpreter's answers out."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from codeact import __version__
from codeact.errors import InterpreterLost
from codeact.interpreter.notebook import NotebookInterpreter
from codeact.jupyter.cells import Cells
from codeact.jupyter.channels import Channels, Request

PROTOCOL = "5.4"
FAREWELL_SECONDS = 0.05
"""How long the last messages have to leave before the sockets close."""

BANNER = "codeact {version}, Python {python}: each notebook in a session of its own."
FAILED = "{kind} could not be answered: {error}"
Answer = Callable[[Request], Awaitable[dict[str, Any]]]


class Face:
    """Serves the clients of one kernel until it is told to end, and closes its session."""

    def __init__(
        self, channels: Channels, interpreter: NotebookInterpreter, notices: Sequence[str]
    ) -> None:
        self._channels = channels
        self._interpreter = interpreter
        interpreter.ask = self._ask
        self._cells = Cells(channels, interpreter, notices)
        self._over = asyncio.Event()
        self._awaited: asyncio.Future[str] | None = None
        self._asking = asyncio.Lock()
        self._answers: dict[str, Answer] = {
            "kernel_info_request": self._kernel_info,
            "complete_request": self._complete,
            "inspect_request": self._inspect,
            "is_complete_request": self._is_complete,
            "history_request": self._history,
            "comm_info_request": self._comm_info,
            "interrupt_request": self._interrupt,
            "shutdown_request": self._shutdown,
        }
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen. Raises ConfigError; the session is closed then."""
        try:
            await self._channels.bind()
        except BaseException:
            self._channels.close()
            await self._interpreter.aclose()
            raise

    async def serve(self) -> None:
        """Answer until `end` or a client's shutdown; then all is closed."""
        self._channels.publish("status", {"execution_state": "starting"})
        work = [
            asyncio.create_task(each)
            for each in (
                self._hear("shell"),
                self._hear("control"),
                self._hear_answers(),
                self._cells.run(),
                self._channels.welcome(),
                self._channels.beat(),
            )
        ]
        over = asyncio.create_task(self._over.wait())
        try:
            await asyncio.wait([over, *work], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._interpreter.aclose()
            await asyncio.sleep(FAREWELL_SECONDS)
            for each in (over, *work, *self._tasks):
                each.cancel()
            results = await asyncio.gather(*work, return_exceptions=True)
            self._channels.close()
        for result in results:
            if isinstance(result, Exception):
                raise result

    def end(self) -> None:
        """Close soon, whatever runs."""
        self._over.set()

    async def interrupt(self) -> None:
        """Stop what runs and what waits."""
        self._cells.give_up()
        await self._interpreter.interrupt()

    async def _hear(self, name: Any) -> None:
        """Cells wait in a queue, all else is answered at once, even while one runs."""
        while True:
            request = await self._channels.receive(name)
            if request is None:
                continue
            if request.kind == "execute_request":
                self._cells.add(request)
            else:
                task = asyncio.create_task(self._answer(name, request))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _answer(self, name: Any, request: Request) -> None:
        publish = self._channels.publish
        publish("status", {"execution_state": "busy"}, request)
        answer = self._answers.get(request.kind)
        if answer is not None:
            try:
                content = {"status": "ok", **await answer(request)}
            except (InterpreterLost, LookupError, TypeError, ValueError) as error:
                said = FAILED.format(kind=request.kind, error=error)
                ename = type(error).__name__
                content = {"status": "error", "ename": ename, "evalue": said, "traceback": []}
            self._channels.reply(name, request, content)
        elif request.kind == "comm_open":  # nobody is there to talk with
            publish("comm_close", {"comm_id": request.content.get("comm_id"), "data": {}}, request)
        publish("status", {"execution_state": "idle"}, request)
        if request.kind == "shutdown_request":
            self.end()

    async def _hear_answers(self) -> None:
        while True:
            request = await self._channels.receive("stdin")
            if request is not None and request.kind == "input_reply":
                self._answered(request)

    def _answered(self, request: Request) -> None:
        asked = self._cells.current
        if asked is None or request.client != asked.client:
            return
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(str(request.content.get("value", "")))

    async def _ask(self, prompt: str, password: bool) -> str:
        """One question after another, to the client whose cell asks."""
        async with self._asking:
            asked = self._cells.current
            if asked is None or not asked.content.get("allow_stdin", True):
                raise StdinNotImplementedError(NOBODY)
            self._awaited = asyncio.get_running_loop().create_future()
            self._channels.ask(asked, {"prompt": prompt, "password": password})
            return await self._awaited

    async def _kernel_info(self, request: Request) -> dict[str, Any]:
        python = sys.version.partition(" ")[0]
        return {
            "protocol_version": PROTOCOL,
            "implementation": "codeact",
            "implementation_version": __version__,
            "language_info": {
                "name": "python",
                "version": python,
                "mimetype": "text/x-python",
                "file_extension": ".py",
                "pygments_lexer": "ipython3",
                "codemirror_mode": {"name": "ipython", "version": 3},
                "nbconvert_exporter": "python",
            },
            "banner": BANNER.format(version=__version__, python=python),
            "help_links": [],
            "supported_features": [],
        }

    async def _complete(self, request: Request) -> dict[str, Any]:
        code = str(request.content["code"])
        cursor = _place(request)
        empty = {"matches": [], "cursor_start": cursor, "cursor_end": cursor, "metadata": {}}
        return empty | await self._interpreter.complete(code, cursor)

    async def _inspect(self, request: Request) -> dict[str, Any]:
        code, detail = str(request.content["code"]), int(request.content.get("detail_level") or 0)
        found = await self._interpreter.inspect(code, _place(request), detail)
        data = found.get("data", {})
        return {"found": bool(data), "data": data, "metadata": {}}

    async def _is_complete(self, request: Request) -> dict[str, Any]:
        found = await self._interpreter.is_complete(str(request.content["code"]))
        return found or {"status": "unknown"}

    async def _history(self, request: Request) -> dict[str, Any]:
        return {"history": self._cells.past.asked(request.content)}

    async def _comm_info(self, request: Request) -> dict[str, Any]:
        return {"comms": {}}

    async def _interrupt(self, request: Request) -> dict[str, Any]:
        await self.interrupt()
        return {}

    async def _shutdown(self, request: Request) -> dict[str, Any]:
        content = {"restart": bool(request.content.get("restart"))}
        self._channels.publish("shutdown_reply", {"status": "ok", **content}, request)
        return content


class StdinNotImplementedError(NotImplementedError):
    """The client that runs the cell cannot be asked."""


NOBODY = "This client does not let code ask for input. Put the value into the code."


def _place(request: Request) -> int:
    """Where the cursor is, in characters."""
    cursor = request.content.get("cursor_pos")
    return len(str(request.content["code"])) if cursor is None else int(cursor)
