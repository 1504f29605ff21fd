"""Control groups are joined ahead, for kernels that nobody has asked for yet."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codeact.interpreter.enclosure import Enclosure
from codeact.interpreter.sandbox import SandboxPolicy
from codeact.interpreter.spare_groups import SpareGroups
from codeact.interpreter.walls import cgroups

PLACE = cgroups.offered()
pytestmark = pytest.mark.skipif(not PLACE.kind, reason=PLACE.why or "no control groups")


@contextmanager
def sleeping() -> Iterator[int]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process.pid
        process.kill()


@contextmanager
def spare() -> Iterator[SpareGroups]:
    groups = SpareGroups(Enclosure(SandboxPolicy(memory_mb=64)).walls())
    yield groups
    groups.close()


def made() -> set[Path]:
    mark = f"codeact-*-{os.getpid()}-*"
    return {each for parent in PLACE.parents for each in parent.glob(mark)}


def test_a_process_is_in_its_group_before_it_is_asked_for() -> None:
    before = made()
    with spare() as groups, sleeping() as pid:
        groups.prepare(pid)
        group = groups.take(pid)
        assert group is not None
        assert group.holds(pid)
        assert groups.take(pid) is None
        group.remove()
    assert made() == before


def test_one_that_was_asked_for_already_is_left_in_the_group_that_it_has() -> None:
    before = made()
    with spare() as groups, sleeping() as pid:
        assert groups.take(pid) is None
        groups.prepare(pid)
        assert made() == before
        groups.prepare(pid)  # another process, which got the number of the first
        assert len(made() - before) == len(PLACE.parents)


def test_the_group_of_a_process_that_has_died_goes_with_the_next() -> None:
    before = made()
    with spare() as groups:
        with sleeping() as pid:
            groups.prepare(pid)
        with sleeping() as pid:
            groups.prepare(pid)
            assert len(made() - before) == len(PLACE.parents)
    assert made() == before


def test_nothing_is_made_for_kernels_without_walls_or_after_the_end() -> None:
    before = made()
    with spare() as groups, sleeping() as pid:
        SpareGroups("").prepare(pid)
        groups.close()
        groups.prepare(pid)
        assert made() == before
