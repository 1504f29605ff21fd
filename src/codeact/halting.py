"""What ends an episode from outside: budgets, deadlines and somebody's interrupt."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import anyio

from codeact.consents import Decision, decision
from codeact.events import ApprovalAsked, ApprovalGiven, Emit, Event, Retrying, TextDelta
from codeact.messages import Usage
from codeact.trajectory import StopReason

T = TypeVar("T")

_LOOK_AGAIN = 0.05
"""Seconds between looks at a budget that stands still at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one episode may use; None is no limit. `cost` in US dollars, `seconds` of wall time, but
    for the time in which somebody is asked for consent.
    """

    tokens: int | None = None
    cost: float | None = None
    seconds: float | None = None

    def spent(self, usage: Usage) -> StopReason | None:
        """The limit of tokens or money that is used up, if one is."""
        if self.tokens is not None and usage.total_tokens >= self.tokens:
            return StopReason.TOKEN_BUDGET
        if self.cost is not None and usage.cost is not None and usage.cost >= self.cost:
            return StopReason.COST_BUDGET
        return None


class Halt:
    """Waits for an interrupt or the end of the time budget beside whatever is going on.

    `reason` is set once something called a halt; after that nothing new is begun.
    """

    def __init__(self, interrupt: anyio.Event | None, seconds: float | None) -> None:
        self._interrupt = interrupt
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._reason: StopReason | None = None
        self._held: float | None = None

    def hold(self) -> None:
        """Somebody is asked: until `release` the time does not count."""
        if self._held is None:
            self._held = time.monotonic()

    def release(self) -> None:
        """Time counts again. Does nothing where none was held."""
        if self._held is not None and self._deadline is not None:
            self._deadline += time.monotonic() - self._held
        self._held = None

    @property
    def reason(self) -> StopReason | None:
        if self._reason is None and self._interrupt is not None and self._interrupt.is_set():
            self._reason = StopReason.INTERRUPTED
        if self._reason is None and self._deadline is not None and self._remaining() <= 0:
            self._reason = StopReason.TIME_BUDGET
        return self._reason

    def _remaining(self) -> float:
        now = time.monotonic() if self._held is None else self._held
        return float("inf") if self._deadline is None else self._deadline - now

    async def guard(
        self,
        work: Callable[[], Awaitable[T]],
        soften: Callable[[], Awaitable[None]] | None = None,
    ) -> T | None:
        """The result of the work, or None when a halt cut it off.

        With `soften` the halt calls that instead of cancelling, and the work ends in its own way.
        """
        if self.reason is not None:
            return None
        if self._interrupt is None and self._deadline is None:
            return await work()
        result: T | None = None
        failure: Exception | None = None
        async with anyio.create_task_group() as group:

            async def watch() -> None:
                await self._called()
                if soften is None:
                    group.cancel_scope.cancel()
                else:
                    await soften()

            group.start_soon(watch)
            try:
                result = await work()
            except Exception as error:  # noqa: BLE001 - raised below, outside of the group's wrapping
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure
        return result

    async def _called(self) -> None:
        """Returns when a halt is called."""
        while self.reason is None:
            with anyio.move_on_after(max(self._remaining(), _LOOK_AGAIN)):
                if self._interrupt is None:
                    await anyio.sleep_forever()
                else:
                    await self._interrupt.wait()


class Listener:
    """Passes events on and remembers the reply that is being written, for when it is cut off, and
    what was decided. While somebody is asked the halt's time stands still.
    """

    def __init__(self, emit: Emit, halt: Halt) -> None:
        self._emit = emit
        self._halt = halt
        self.text = ""
        self.decisions: list[Decision] = []

    def begin(self) -> None:
        """A new reply is asked for."""
        self.text = ""
        self.decisions.clear()
        self._halt.release()

    def emit(self, event: Event) -> None:
        if isinstance(event, TextDelta):
            self.text += event.text
        elif isinstance(event, Retrying):
            self.text = ""
        elif isinstance(event, ApprovalAsked):
            self._halt.hold()
        elif isinstance(event, ApprovalGiven):
            self._halt.release()
            if event.consent is not None:
                self.decisions.append(decision(event.question, event.consent))
        self._emit(event)
