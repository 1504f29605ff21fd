"""What confines one session: told by its kernel before it ran any code, and by the host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codeact.interpreter.sandbox import FULL, WALLS, Layer, Network, SandboxPolicy, Tier
from codeact.interpreter.wire import WireError

NOT_ASKED_FOR = "no walls were asked for: the code runs as the user who started it"


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The report of a living session, and not of what its machine could offer.

    `cgroup` is the version of the control group that bounds the session, empty for none. `why` says
    why no walls stand, empty where some do.
    """

    tier: Tier
    policy: SandboxPolicy | None = None
    layers: tuple[Layer, ...] = ()
    cgroup: str = ""
    why: str = ""

    @property
    def holds(self) -> bool:
        """Whether walls of the Landlock tier or better stand: untrusted code may run unasked."""
        return self.tier != "none"

    @property
    def network(self) -> Network:
        """What the code can reach: a loopback of its own needs a network namespace."""
        if self.policy is None or self.tier == "none":
            return "full"
        if self.policy.network == "loopback" and self.tier not in FULL:
            return "none"
        return self.policy.network

    def limits(self) -> dict[str, float | None]:
        """In MB, seconds, numbers and processors; empty where nothing is bounded."""
        policy = self.policy
        if policy is None or self.tier == "none":
            return {}
        return {
            "memory_mb": policy.memory_mb,
            "processes": policy.processes,
            "cpu_seconds": policy.cpu_seconds,
            "cpus": policy.cpus if self.cgroup else None,
            "file_mb": policy.file_mb,
            "disk_mb": policy.disk_mb,
            "tmp_mb": policy.tmp_mb,
        }

    def plain(self) -> dict[str, Any]:
        """As JSON data: the walls that stand by name, the others with what is lacking."""
        return {
            "tier": self.tier,
            "walls": [each.wall for each in self.layers if each.stands],
            "lacking": {each.wall: each.note for each in self.layers if each.note},
            "network": self.network,
            "limits": self.limits(),
            "cgroup": self.cgroup or "none",
            **({"why": self.why} if self.why else {}),
        }


def layers_told(told: object) -> tuple[Layer, ...]:
    """The walls as a kernel tells them. Raises WireError."""
    if not isinstance(told, list):
        raise WireError("walls that are no list")
    found = []
    for each in told:
        match each:
            case [str(name), bool(stands), str(note)] if name in WALLS:
                found.append(Layer(wall=WALLS[WALLS.index(name)], stands=stands, note=note))
            case _:
                raise WireError("a wall that is none")
    return tuple(found)
