"""A session's report says what confines it, and not what the machine could offer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from codeact.interpreter.enclosure import SWITCHED_OFF
from codeact.interpreter.forked import ForkedInterpreter
from codeact.interpreter.in_force import NOT_ASKED_FOR, InForce, layers_told
from codeact.interpreter.offer import probe, tier
from codeact.interpreter.opening import walls_hold
from codeact.interpreter.process import ProcessInterpreter
from codeact.interpreter.sandbox import FULL, SandboxPolicy
from codeact.interpreter.wire import WireError

Make = Callable[[], ProcessInterpreter]


async def reported(interpreter: ProcessInterpreter) -> InForce:
    async with interpreter:
        await interpreter.execute("1")
        assert interpreter.report is not None
        return interpreter.report


@pytest.mark.anyio
async def test_a_walled_session_names_its_walls_and_limits() -> None:
    report = await reported(ForkedInterpreter(sandbox=SandboxPolicy(mode="required")))
    assert report.holds
    offered = probe()
    bounded = tier(offered) in FULL and bool(offered.cgroup)
    assert report.tier == ("full+cgroup" if bounded else tier(offered))
    plain = report.plain()
    assert {"landlock", "seccomp", "rlimits", "capabilities"} <= {*plain["walls"]}
    assert ("cgroup" in plain["walls"]) == bounded == ("cgroup" not in plain["lacking"])
    assert plain["cgroup"] == (offered.cgroup or "none")
    assert (plain["network"], plain["limits"]["memory_mb"]) == ("none", 2048)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("make", "why"),
    [
        (ProcessInterpreter, NOT_ASKED_FOR),
        (ForkedInterpreter, NOT_ASKED_FOR),
        (lambda: ForkedInterpreter(sandbox=SandboxPolicy(mode="off")), SWITCHED_OFF),
    ],
    ids=["process", "forked", "off"],
)
async def test_a_session_without_walls_says_so_whatever_the_machine_offers(
    make: Make, why: str
) -> None:
    report = await reported(make())
    assert not report.holds
    assert report.plain() == {
        "tier": "none",
        "walls": [],
        "lacking": {},
        "network": "full",
        "limits": {},
        "cgroup": "none",
        "why": why,
    }


@pytest.mark.anyio
async def test_before_the_first_kernel_nothing_is_claimed() -> None:
    assert ForkedInterpreter(sandbox=SandboxPolicy(mode="required")).report is None


def test_a_loopback_in_the_landlock_tier_is_no_network() -> None:
    policy = SandboxPolicy(network="loopback")
    assert InForce(tier="landlock", policy=policy).network == "none"
    assert InForce(tier="full", policy=policy).network == "loopback"


@pytest.mark.parametrize(
    "told", [None, {}, [["mounts", True]], [["moat", True, ""]], [["ipc", 1, ""]]]
)
def test_walls_that_are_none_are_refused(told: object) -> None:
    with pytest.raises(WireError):
        layers_told(told)


def test_who_asks_before_untrusted_code_can_know_whether_walls_hold() -> None:
    assert walls_hold(SandboxPolicy()) is (tier(probe()) != "none")
    assert not walls_hold(SandboxPolicy(mode="off"))
    assert not walls_hold(SandboxPolicy(), platform="darwin")
