"""Budgets, deadlines and interrupts: what they stop, and what they let end in its own way."""

from __future__ import annotations

import anyio
import pytest

from codeact.events import Event, ReasoningDelta, Retrying, TextDelta, ignore
from codeact.halting import Budget, Halt, Listener
from codeact.messages import Usage
from codeact.trajectory import StopReason

pytestmark = pytest.mark.anyio

USED = Usage(input_tokens=60, output_tokens=40, cost=0.5)


@pytest.mark.parametrize(
    ("budget", "usage", "reason"),
    [
        (Budget(), USED, None),
        (Budget(tokens=101), USED, None),
        (Budget(tokens=100), USED, StopReason.TOKEN_BUDGET),
        (Budget(cost=0.51), USED, None),
        (Budget(cost=0.5), USED, StopReason.COST_BUDGET),
        (Budget(cost=0.1), Usage(cost=None), None),
        (Budget(tokens=1, cost=0.1), USED, StopReason.TOKEN_BUDGET),
        (Budget(tokens=0), Usage(), StopReason.TOKEN_BUDGET),
        (Budget(seconds=0), USED, None),
    ],
)
def test_a_budget_is_spent_when_its_limit_is_reached(
    budget: Budget, usage: Usage, reason: StopReason | None
) -> None:
    assert budget.spent(usage) is reason


async def answer() -> str:
    await anyio.sleep(0.001)
    return "done"


async def fail() -> str:
    await anyio.sleep(0.001)
    raise ValueError("its own fault")


async def forever() -> str:
    await anyio.sleep_forever()
    raise AssertionError


async def called(halt: Halt) -> bool:
    """Whether the halt keeps new work from beginning."""
    return await halt.guard(answer) is None


def halts() -> list[Halt]:
    return [
        Halt(None, None),
        Halt(anyio.Event(), None),
        Halt(None, 60.0),
        Halt(anyio.Event(), 60.0),
    ]


async def test_work_that_nobody_halts_gives_its_result() -> None:
    assert [await halt.guard(answer) for halt in halts()] == ["done"] * 4


async def test_work_that_fails_raises_its_own_error() -> None:
    for halt in halts():
        with pytest.raises(ValueError, match="its own fault"):
            await halt.guard(fail)


async def test_no_halt_has_a_reason_until_it_is_called() -> None:
    assert [halt.reason for halt in halts()] == [None] * 4


async def test_an_interrupt_cuts_off_work() -> None:
    interrupt = anyio.Event()
    halt = Halt(interrupt, None)
    async with anyio.create_task_group() as group:
        group.start_soon(_set_soon, interrupt)
        assert await halt.guard(forever) is None
    assert halt.reason is StopReason.INTERRUPTED


async def _set_soon(event: anyio.Event) -> None:
    await anyio.sleep(0.01)
    event.set()


async def test_the_end_of_the_time_cuts_off_work() -> None:
    halt = Halt(None, 0.01)
    assert await halt.guard(forever) is None
    assert halt.reason is StopReason.TIME_BUDGET


async def test_the_time_runs_out_beside_an_interrupt_that_never_comes() -> None:
    halt = Halt(anyio.Event(), 0.01)
    assert await halt.guard(forever) is None
    assert halt.reason is StopReason.TIME_BUDGET


async def test_nothing_begins_after_an_interrupt() -> None:
    interrupt = anyio.Event()
    interrupt.set()
    assert await called(Halt(interrupt, None))


async def test_nothing_begins_after_the_time_is_up() -> None:
    assert await called(Halt(None, 0.0))


async def test_the_first_reason_stays() -> None:
    interrupt = anyio.Event()
    halt = Halt(interrupt, 0.0)
    assert halt.reason is StopReason.TIME_BUDGET
    interrupt.set()
    assert halt.reason is StopReason.TIME_BUDGET


@pytest.mark.parametrize("seconds", [0.01, None])
async def test_softened_work_ends_in_its_own_way(seconds: float | None) -> None:
    interrupt, asked = anyio.Event(), anyio.Event()

    async def work() -> str:
        if seconds is None:
            interrupt.set()
        await asked.wait()
        return "half done"

    async def soften() -> None:
        asked.set()

    assert await Halt(interrupt, seconds).guard(work, soften) == "half done"


async def test_softened_work_may_fail_in_its_own_way() -> None:
    interrupt, asked = anyio.Event(), anyio.Event()

    async def work() -> str:
        interrupt.set()
        await asked.wait()
        raise ValueError("stopped badly")

    async def soften() -> None:
        asked.set()

    with pytest.raises(ValueError, match="stopped badly"):
        await Halt(interrupt, None).guard(work, soften)


async def test_work_that_ends_in_time_is_not_softened() -> None:
    softened = []

    async def soften() -> None:
        softened.append("yes")

    assert await Halt(None, 60.0).guard(answer, soften) == "done"
    assert softened == []


async def test_a_cancelled_caller_cancels_the_work() -> None:
    with anyio.move_on_after(0.01) as scope:
        await Halt(anyio.Event(), 60.0).guard(forever)
    assert scope.cancelled_caught


def test_a_listener_remembers_the_reply_that_is_being_written() -> None:
    heard: list[Event] = []
    listener = Listener(heard.append, Halt(None, None))
    said: list[Event] = [TextDelta(text="a"), ReasoningDelta(text="hm"), TextDelta(text="b")]
    for event in said:
        listener.emit(event)
    assert listener.text == "ab"
    assert heard == said


def test_a_listener_forgets_what_a_retry_makes_void() -> None:
    listener = Listener(ignore, Halt(None, None))
    listener.emit(TextDelta(text="half a rep"))
    listener.emit(Retrying(reason="dropped", seconds=1.0))
    listener.emit(TextDelta(text="whole"))
    assert listener.text == "whole"


def test_a_listener_forgets_the_reply_before() -> None:
    listener = Listener(ignore, Halt(None, None))
    listener.emit(TextDelta(text="first"))
    listener.begin()
    assert listener.text == ""
