"""The smart house: scenes of devices, and switches with a timer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codeact.evals.apibank.apis.calendar import said, timed
from codeact.evals.apibank.databases import ApiWorld
from codeact.evals.apibank.refusal import ApiRefusal
from codeact.evals.apibank.spelling import folded, same_moment

NO_SCENE = "There is no scene {name!r}."
TAKEN = "There is a scene {name!r} already."
NO_DEVICES = "Devices are a list of objects with name and description, each name once."
NO_DEVICE = "Nothing is timed for the device {device!r}."
NO_TIMER = "The device {device!r} is not switched at {time}."

NUMBERS = {"10000025": "range hood"}
"""Devices that recorded calls name by a number and the public table by a name: the only timer at
the recorded time is this device's.
"""


@dataclass(frozen=True, slots=True)
class Scenes:
    world: ApiWorld

    def add(self, name: str, smart_devices: list[dict[str, str]]) -> str:
        """Make a scene of devices: a list of objects with name and description."""
        if self._name(said("name", name)) is not None:
            raise ApiRefusal(TAKEN.format(name=name))
        self._rows[folded(name)] = _devices(smart_devices)
        return "success"

    def delete(self, name: str) -> str:
        """Delete a scene."""
        del self._rows[self._found(name)]
        return "success"

    def change(self, name: str, smart_devices: list[dict[str, str]]) -> str:
        """Give a scene other devices: a list of objects with name and description."""
        self._rows[self._found(name)] = _devices(smart_devices)
        return "success"

    def query(self, name: str) -> list[dict[str, str]]:
        """The devices of a scene."""
        return self._rows[self._found(name)]  # type: ignore[no-any-return]

    @property
    def _rows(self) -> dict[str, Any]:
        return self.world.tables["Scenes"]  # type: ignore[no-any-return]

    def _name(self, asked: str) -> str | None:
        return next((name for name in self._rows if folded(name) == folded(asked)), None)

    def _found(self, asked: str) -> str:
        name = self._name(said("name", asked))
        if name is None:
            raise ApiRefusal(NO_SCENE.format(name=asked))
        return name


@dataclass(frozen=True, slots=True)
class Switches:
    world: ApiWorld

    def add(self, device_id: str, time: str, on: bool) -> str:
        """Switch a device on (or off) at a time, YYYY-MM-DD HH:MM:SS."""
        timers = self._rows.setdefault(_device(device_id), [])
        timers.append({"time": timed(time), "on": on})
        return "success"

    def cancel(self, device_id: str, time: str) -> str:
        """Take back that a device is switched at a time, YYYY-MM-DD HH:MM:SS."""
        timers = self._rows.get(_device(device_id))
        if timers is None:
            raise ApiRefusal(NO_DEVICE.format(device=device_id))
        for place, timer in enumerate(timers):
            if same_moment(timer["time"], time):
                del timers[place]
                return "success"
        raise ApiRefusal(NO_TIMER.format(device=device_id, time=time))

    @property
    def _rows(self) -> dict[str, Any]:
        return self.world.tables["TimeSwitch"]  # type: ignore[no-any-return]


def _device(text: str) -> str:
    device = said("device_id", text).strip()
    return NUMBERS.get(device, device)


def _devices(given: list[dict[str, str]]) -> list[dict[str, str]]:
    names = [each.get("name") for each in given]
    if not all(set(each) == {"name", "description"} for each in given):
        raise ApiRefusal(NO_DEVICES)
    if len(set(names)) < len(names):
        raise ApiRefusal(NO_DEVICES)
    return given
