"""Control groups bound a session as a whole and leave nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeact.interpreter.walls import cgroups
from codeact.interpreter.walls.cgroups import Group, Place

PLACE = cgroups.offered()
here = pytest.mark.skipif(not PLACE.kind, reason=PLACE.why or "no control groups")


@pytest.fixture
def group() -> Iterator[Group]:
    made = cgroups.make(PLACE, memory_mb=64, processes=8)
    try:
        yield made
    finally:
        made.remove()
        assert not any(folder.exists() for folder in made.folders)


def started(program: str, group: Group) -> subprocess.Popen[str]:
    """Waits for a line on its input before it runs, so that it is attached by then."""
    running = subprocess.Popen(
        [sys.executable, "-c", f"input()\n{program}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    group.attach(running.pid)
    return running


_FOUR_TIMES_30_MB = """
import os, signal
children = []
for _ in range(4):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        data = bytearray(os.urandom(1 << 20) * 30); os.write(writing, b"."); signal.pause()
    os.close(writing)
    children.append((child, os.read(reading, 1)))
print(sum(bool(alive) for _, alive in children))
for child, _ in children:
    os.kill(child, 9)
"""


@here
def test_memory_through_many_processes_is_bounded_together(group: Group) -> None:
    running = started(_FOUR_TIMES_30_MB, group)
    out, _ = running.communicate("\n", timeout=15)
    assert not out or int(out) < 4
    assert group.peak_mb() <= 64


@here
def test_the_same_memory_is_taken_where_the_bound_is_wider() -> None:
    wide = cgroups.make(PLACE, memory_mb=512, processes=8)
    try:
        out, _ = started(_FOUR_TIMES_30_MB, wide).communicate("\n", timeout=15)
    finally:
        wide.remove()
    assert out == "4\n"


@here
def test_processes_are_bounded_together(group: Group) -> None:
    program = """
import os, signal
children = []
try:
    while len(children) < 20:
        child = os.fork()
        if child == 0:
            signal.pause()
        children.append(child)
except OSError as error:
    print(len(children), error.strerror)
for child in children:
    os.kill(child, 9)
"""
    out, _ = started(program, group).communicate("\n", timeout=15)
    assert out == "7 Resource temporarily unavailable\n"


@here
@pytest.mark.skipif(PLACE.processor is None, reason="no control group bounds processors")
def test_processor_time_is_bounded_where_it_is_asked_for() -> None:
    made = cgroups.make(PLACE, memory_mb=64, processes=8, cpus=0.5)
    try:
        started("pass", made).communicate("\n", timeout=15)
        name = "cpu.max" if PLACE.kind == "v2" else "cpu.cfs_quota_us"
        assert (made.folders[-1] / name).read_text().split()[0] == "50000"
    finally:
        made.remove()
    assert not any(folder.exists() for folder in made.folders)


@here
def test_removing_a_group_ends_what_still_runs_in_it() -> None:
    made = cgroups.make(PLACE, memory_mb=64, processes=8)
    running = started("import time; time.sleep(60)", made)
    assert made.processes() == (running.pid,)
    made.remove()
    running.communicate(timeout=5)
    assert running.returncode == -9


@here
def test_a_group_that_cannot_be_made_leaves_nothing() -> None:
    ours = f"codeact-*-{os.getpid()}-*"
    before = [each for parent in PLACE.parents for each in parent.glob(ours)]
    with pytest.raises(OSError):  # noqa: PT011 - the errno is the kernel's
        cgroups.make(PLACE, memory_mb=64, processes=-5)
    assert [each for parent in PLACE.parents for each in parent.glob(ours)] == before


def _unified(root: Path, given: str) -> Path:
    """A hierarchy of version 2 as files: user.slice hands down what `given` says."""
    own = root / "user.slice" / "app.scope"
    own.mkdir(parents=True)
    for folder, text in ((root, "cpu"), (own.parent, given), (own, "")):
        folder.joinpath("cgroup.subtree_control").write_text(text)
        folder.joinpath("cgroup.procs").touch()
        folder.joinpath("cgroup.controllers").write_text("cpu memory pids")
    membership = root / "membership"
    membership.write_text("0::/user.slice/app.scope\n")
    return membership


def test_version_2_is_used_where_a_parent_hands_down_memory_and_pids(tmp_path: Path) -> None:
    found = cgroups.offered(tmp_path, _unified(tmp_path, "memory pids"))
    assert found == Place(kind="v2", parents=(tmp_path / "user.slice",))


def test_version_2_without_delegation_says_so(tmp_path: Path) -> None:
    found = cgroups.offered(tmp_path, _unified(tmp_path, "cpu"))
    assert (found.kind, found.why) == ("", "no control groups with memory and pids are mounted")


def test_a_machine_without_control_groups_says_so(tmp_path: Path) -> None:
    assert cgroups.offered(tmp_path, tmp_path / "nothing").why.startswith("no control groups")


def test_limits_of_version_2_are_written(tmp_path: Path) -> None:
    made = cgroups.make(Place(kind="v2", parents=(tmp_path,)), memory_mb=1, processes=3)
    (folder,) = made.folders
    assert (folder / "memory.max").read_text() == str(2**20)
    assert (folder / "pids.max").read_text() == "3"


def test_version_2_is_killed_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "cgroup.kill").touch()
    Group(kind="v2", folders=(tmp_path,)).kill()
    assert (tmp_path / "cgroup.kill").read_text() == "1"


def test_processor_time_of_version_2_is_written(tmp_path: Path) -> None:
    place = Place(kind="v2", parents=(tmp_path,), processor=tmp_path)
    (folder,) = cgroups.make(place, memory_mb=1, processes=3, cpus=1.5).folders
    assert (folder / "cpu.max").read_text() == "150000 100000"


def test_the_kills_and_the_memory_of_version_2_are_read(tmp_path: Path) -> None:
    (tmp_path / "memory.events").write_text("low 0\noom 4\noom_kill 3\n")
    (tmp_path / "memory.stat").write_text("anon 2097152\nfile 4096\n")
    group = Group(kind="v2", folders=(tmp_path,))
    assert (group.out_of_memory(), group.memory_mb()) == (3, 2.0)


def test_groups_of_living_hosts_and_of_other_pid_namespaces_are_left_alone(tmp_path: Path) -> None:
    place = Place(kind="v2", parents=(tmp_path,))
    cgroups.make(place, memory_mb=1, processes=3)
    (tmp_path / "codeact-1-1-gone-abc").mkdir()
    (tmp_path / "codeact-older").mkdir()
    assert cgroups.sweep(place) == 0
    assert len(list(tmp_path.iterdir())) == 3
