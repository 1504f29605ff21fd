"""The cells that clients want run: one after another, told as they go on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

from codeact.errors import CodeActError
from codeact.events import Event, OutputDelta
from codeact.interpreter import Execution
from codeact.interpreter.notebook import NotebookInterpreter, Shown
from codeact.jupyter.channels import Channels, Request
from codeact.jupyter.past import Past

SETTLE = 0.01
"""Seconds that a failed cell's reply waits: cells that were sent with it still arrive."""
_MESSAGES = {
    "display": "display_data",
    "update": "update_display_data",
    "error": "error",
    "clear": "clear_output",
}
_STOPPED = {"ename": "KeyboardInterrupt", "evalue": "", "traceback": ["KeyboardInterrupt"]}


class Telling:
    """One cell as it runs: what it prints and shows goes out under its request."""

    def __init__(self, channels: Channels, request: Request, number: int, *, silent: bool) -> None:
        self._channels = channels
        self._request = request
        self._number = number
        self._silent = silent
        self._printed: list[str] = []
        self.error: dict[str, Any] | None = None
        self.result: str | None = None
        self.payload: list[dict[str, Any]] = []

    def emit(self, event: Event) -> None:
        if isinstance(event, OutputDelta):
            self._printed.append(event.text)
            self.publish("stream", {"name": event.stream, "text": event.text})

    def show(self, shown: Shown) -> None:
        data = dict(shown.data)
        bundle = {"data": data, "metadata": dict(shown.metadata)}
        match shown.what:
            case "result":
                self.result = str(data.get("text/plain", ""))
                if not self._silent:
                    content = bundle | {"execution_count": self._number}
                    self.publish("execute_result", content)
            case "display" | "update":
                transient = {"transient": dict(shown.transient)}
                self.publish(_MESSAGES[shown.what], bundle | transient)
            case "error":
                self._fail(data)
            case "clear":
                self.publish("clear_output", data)
            case "payload":
                self.payload.append(data)

    def publish(self, kind: str, content: dict[str, Any]) -> None:
        self._channels.publish(kind, content, self._request)

    def end(self, execution: Execution) -> None:
        """What the kernel could not tell itself: that it died, that the cell did not begin."""
        if execution.state != "kept":
            printed = "".join(self._printed).rstrip()
            notice = execution.text.removeprefix(printed).strip()
            self.publish("stream", {"name": "stderr", "text": f"{notice}\n"})
            first = notice.partition("\n")[0].strip("[]")
            ename = execution.error or "StateLost"
            self._fail({"ename": ename, "evalue": first, "traceback": [f"{ename}: {first}"]})
        elif execution.error == "Interrupted" and self.error is None:
            self._fail(dict(_STOPPED))
        elif not execution.ok and self.error is None:
            last = execution.text.strip().rpartition("\n")[2]
            ename = execution.error or "Error"
            self._fail({"ename": ename, "evalue": last, "traceback": execution.text.splitlines()})

    def lose(self, error: CodeActError) -> None:
        """There is no kernel to run the cell."""
        ename, text = type(error).__name__, str(error)
        self._fail({"ename": ename, "evalue": text, "traceback": [f"{ename}: {text}"]})

    def _fail(self, error: dict[str, Any]) -> None:
        self.error = error
        self.publish("error", error)


class Cells:
    """The queue of one kernel. `notices` are told once, before the first cell's output."""

    def __init__(
        self, channels: Channels, interpreter: NotebookInterpreter, notices: Sequence[str]
    ) -> None:
        self._channels = channels
        self._interpreter = interpreter
        self._waiting: deque[Request] = deque()
        self._arrived = asyncio.Event()
        self._number = 0
        self.current: Request | None = None
        self.past = Past()
        self.notices = tuple(notices)
        self._told = 0

    def add(self, request: Request) -> None:
        self._waiting.append(request)
        self._arrived.set()

    def give_up(self) -> None:
        """What waits behind the running cell is not run."""
        while self.current is not None and self._waiting:
            self._abort(self._waiting.popleft())

    async def run(self) -> None:
        """Run what comes. Never returns."""
        while True:
            self._arrived.clear()
            while self._waiting:
                request = self.current = self._waiting.popleft()
                failed = await self._run(request)
                if failed and _stops(request):
                    self.give_up()
                self.current = None
            await self._arrived.wait()

    async def _run(self, request: Request) -> bool:
        """Whether it failed."""
        content = request.content
        code, silent = str(content.get("code", "")), bool(content.get("silent"))
        kept = bool(content.get("store_history", True)) and not silent
        number = self._number + 1
        self._number += kept
        telling = Telling(self._channels, request, number, silent=silent)
        telling.publish("status", {"execution_state": "busy"})
        if not silent:
            telling.publish("execute_input", {"code": code, "execution_count": number})
        for notice in self.notices[self._told :]:
            telling.publish("stream", {"name": "stderr", "text": f"{notice}\n"})
            self._told += 1
        values: dict[str, Any] = {}
        try:
            telling.end(
                await self._interpreter.run(
                    code, show=telling.show, emit=telling.emit, counted=kept
                )
            )
            expressions = content.get("user_expressions") or {}
            if expressions and telling.error is None:
                values = await self._interpreter.expressions(expressions)
        except CodeActError as error:
            telling.lose(error)
        if kept:
            self.past.add(number, code, telling.result)
        reply: dict[str, Any] = {"execution_count": number, "payload": telling.payload}
        if telling.error is None:
            reply |= {"status": "ok", "user_expressions": values}
        else:
            reply |= {"status": "error", **telling.error, "user_expressions": {}}
        if telling.error is not None and _stops(request):
            await asyncio.sleep(SETTLE)  # what comes after the reply is meant to run
        self._channels.reply("shell", request, reply)
        telling.publish("status", {"execution_state": "idle"})
        return telling.error is not None

    def _abort(self, request: Request) -> None:
        self._channels.publish("status", {"execution_state": "busy"}, request)
        self._channels.reply("shell", request, {"status": "aborted"})
        self._channels.publish("status", {"execution_state": "idle"}, request)


def _stops(request: Request) -> bool:
    """Whether an error in this cell stops those behind it."""
    return bool(request.content.get("stop_on_error", True))
