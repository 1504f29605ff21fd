"""An alarm rings once, at the latest time that it was set to."""

from __future__ import annotations

import asyncio
import time

import pytest

from codeact.interpreter.alarm import Alarm

pytestmark = pytest.mark.anyio


async def test_it_rings_once_when_its_time_has_come() -> None:
    rung: list[float] = []
    alarm = Alarm(lambda: rung.append(time.monotonic()))
    began = time.monotonic()
    alarm.set(0.05)
    assert alarm.is_set
    await asyncio.sleep(0.2)
    assert len(rung) == 1
    assert rung[0] - began >= 0.049
    assert not alarm.is_set


async def test_set_later_it_rings_later() -> None:
    rung: list[float] = []
    alarm = Alarm(lambda: rung.append(time.monotonic()))
    began = time.monotonic()
    alarm.set(0.05)
    alarm.set(0.15)
    await asyncio.sleep(0.3)
    assert len(rung) == 1
    assert rung[0] - began >= 0.149


async def test_set_sooner_it_rings_sooner() -> None:
    rung = asyncio.Event()
    alarm = Alarm(rung.set)
    alarm.set(60)
    alarm.set(0.02)
    await asyncio.wait_for(rung.wait(), 5)


async def test_cleared_it_is_silent_and_can_be_set_again() -> None:
    rung: list[int] = []
    alarm = Alarm(lambda: rung.append(1))
    alarm.set(0.02)
    alarm.clear()
    await asyncio.sleep(0.1)
    assert rung == []
    alarm.set(0.02)
    await asyncio.sleep(0.1)
    assert rung == [1]


async def test_closed_it_is_silent() -> None:
    rung: list[int] = []
    alarm = Alarm(lambda: rung.append(1))
    alarm.set(0.02)
    alarm.close()
    await asyncio.sleep(0.1)
    assert rung == []


def test_it_can_be_set_on_one_loop_after_another() -> None:
    rung: list[int] = []
    alarm = Alarm(lambda: rung.append(1))

    async def short() -> None:
        alarm.set(30)

    async def whole() -> None:
        alarm.set(0.02)
        await asyncio.sleep(0.1)

    asyncio.run(short())
    asyncio.run(whole())
    assert rung == [1]
