"""What a session must hold, in plain Python: the oracle that `soak.py` compares kernels with.

It runs the same cells by `exec` in a dictionary, and keeps that dictionary as it was before each
cell. When an observation says what was restored, undone or lost, it first judges whether that may
be so, and then goes back to where the observation says.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from typing import Any

from codeact.interpreter import Execution

RESTORED = re.compile(r"as they were before (this cell|the previous cell|cell (\d+)): (.*?)\.[ \]]")
UNDONE = re.compile(
    r"Back to before cell (\d+)\. The variables are as they were then: (.*?)\.[ \]]"
)
NONE = "no names were defined"


class Wrong(Exception):
    """An answer that is not what it must be."""


def must(fact: bool, told: str, *values: object) -> None:
    if not fact:
        raise Wrong(" | ".join([told, *(repr(each)[:600] for each in values)]))


@dataclass(slots=True)
class Moment:
    names: dict[str, Any]
    files: dict[str, str]


@dataclass(slots=True)
class Shot:
    """A state that the session is to have kept: before which cell; `fresh` costs no process."""

    cell: int
    fresh: bool


@dataclass(slots=True)
class Oracle:
    """One session as it must be."""

    keep: int = 8
    names: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    cell: int = 0
    shots: list[Shot] = field(default_factory=list)
    changed: bool = False
    used: bool = False
    blocked: bool = False
    """The code has a thread that runs: no snapshot is made."""
    injured: bool = False
    """A waiting snapshot was killed from outside: the session may have to go further back."""
    before: dict[int, Moment] = field(default_factory=dict)

    def run(self, code: str) -> None:
        """What a cell does to the names."""
        exec(code, self.names)
        del self.names["__builtins__"]

    def value(self, expression: str) -> str:
        found = f"{eval(expression, self.names)!r}\n"
        del self.names["__builtins__"]
        return found

    def prepare(self, harmless: bool = False) -> None:
        """A cell is about to run."""
        self.used = True
        number = self.cell + 1
        self.before[number] = Moment(copy.deepcopy(self.names), dict(self.files))
        if harmless or (self.changed and self.blocked):
            return
        if self.changed:
            self.shots.append(Shot(number, fresh=False))
        elif not self.shots:
            self.shots.append(Shot(number, fresh=True))
        self.changed = True
        self.shots[-1].cell = number
        del self.shots[: -self.keep]

    def died(self, done: Execution, in_cell: bool) -> None:
        """The kernel is gone: what the observation says must be possible, and is followed."""
        must(done.state in ("restored", "lost") and not done.ok, "a death that is not told", done)
        while self.shots and self.shots[-1].fresh:
            self.shots.pop()
        if not self.injured:
            wanted = "restored" if self.shots else "lost"
            must(done.state == wanted, f"must be {wanted}", done)
        self.blocked = False
        if done.state == "lost":
            shown = re.search(r"definitions are gone(?: \((.*?)\))?\. Files", done.text)
            must(shown is not None, "a loss that is not told", done)
            self._forget()
            return
        found = RESTORED.search(done.text)
        must(found is not None, "a restoration that is not told", done)
        assert found is not None
        number = int(found[2] or self.cell)
        must(in_cell == (found[1] == "this cell") or found[2] is not None, "which cell?", done)
        if not self.injured:
            must(number == self.shots[-1].cell, f"must be cell {self.shots[-1].cell}", done)
        self._back(number, files=False)
        listed = set(re.findall(r"(?:^|, )(\w+) \(", found[3])) if found[3] != NONE else set()
        must(listed == set(self.names), "other names are listed", listed, set(self.names))

    def undone(self, done: Execution) -> None:
        here = self.shots.pop() if self.shots and not self.changed else None
        if not self.injured:
            wanted = "restored" if self.shots else "kept"
            must(done.state == wanted and done.ok == (wanted == "restored"), "undo", done)
        if done.state == "kept":
            must(done.error == "NothingToUndo", "undo that did not", done)
            self.shots += [here] if here else []
            return
        self.blocked = False
        found = UNDONE.search(done.text)
        must(found is not None and "So are the files" in done.text, "an undo not told", done)
        assert found is not None
        if not self.injured:
            must(int(found[1]) == self.shots[-1].cell, f"not {self.shots[-1].cell}", done)
        self._back(int(found[1]), files=True)
        listed = set() if found[2] == NONE else set(found[2].split(", "))
        must(listed == set(self.names), "other names are listed", listed, set(self.names))

    def forked(self) -> Oracle:
        """The session has been copied; returns the copy's oracle."""
        if self.used and (self.changed or not self._frozen()):
            self.shots.append(Shot(self.cell + 1, fresh=False))
            self.before[self.cell + 1] = Moment(copy.deepcopy(self.names), dict(self.files))
            self.changed = False
        twin = Oracle(keep=self.keep, injured=self.injured)
        twin.names, twin.files = copy.deepcopy(self.names), dict(self.files)
        if self._frozen():
            twin.cell, twin.changed, twin.used = self.cell, True, True
        return twin

    def reset(self) -> None:
        self._forget()

    def _frozen(self) -> bool:
        return bool(self.shots) and not self.shots[-1].fresh

    def _forget(self) -> None:
        self.names = {}
        self.shots.clear()
        self.changed = self.used = self.blocked = self.injured = False

    def _back(self, number: int, files: bool) -> None:
        must(number in self.before, f"there was no cell {number}")
        moment = self.before[number]
        self.names = copy.deepcopy(moment.names)
        if files:
            self.files = dict(moment.files)
        while self.shots and self.shots[-1].cell > number:
            self.shots.pop()
        self.changed = False
        self.used = not (self.shots and self.shots[-1].fresh)
