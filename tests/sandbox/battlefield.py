"""Where attacks are let off: a victim, its files, and a confined process of root or of a user."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from codeact.interpreter.sandbox import ALL_WALLS, Tier, Wall
from codeact.interpreter.walls import rlimits
from tests.sandbox.attacks import Attack, Who
from tests.sandbox.machines import Machine

SOURCE = str(Path(__file__).parents[2] / "src")
HERE = Path(__file__).parent
LIBRARIES = [path for path in sys.path if path.endswith("site-packages")]
AN_ORDINARY_USER = 47_113
MOST_BESIDE = 20
"""So many tasks of the ordinary user may run beside an attack: with the limit below they are fewer
than a bomb's.
"""
SMALL = {"memory_mb": 256, "processes": 40, "file_mb": 8, "tmp_mb": 16}


@lru_cache
def people() -> tuple[Who, ...]:
    """For whom attacks can be let off here."""
    if os.geteuid() != 0:
        return ("user",)
    return ("root", "user") if python_for("user") else ("root",)


@lru_cache
def python_for(who: Who) -> str | None:
    """A Python that this person may start: root's own environment may be closed to others.

    Root uses the same where there is one, so that a session's own uid can read it too.
    """
    probe = "import sys; open(sys.argv[1]).close(); sys.exit(sys.version_info < (3, 11))"
    victim = str(HERE / "victim.py")
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            done = subprocess.run(
                [python, "-c", probe, victim],
                stderr=subprocess.DEVNULL,
                check=False,
                cwd="/",
                **as_person("user"),
            )
        except OSError:
            continue
        if done.returncode == 0:
            return python
    return sys.executable if who == "root" else None


def as_person(who: Who) -> dict[str, Any]:
    """The arguments of subprocess that start a program as this person."""
    if os.geteuid() != 0 or who == "root":
        return {}
    return {"user": AN_ORDINARY_USER, "group": AN_ORDINARY_USER, "extra_groups": []}


@dataclass(frozen=True, slots=True, kw_only=True)
class Battlefield:
    """The victim's side: its folder, and what an attack is told of it."""

    who: Who
    folder: Path
    victim: dict[str, Any]

    def run(
        self,
        attacks: Sequence[Attack],
        tier: Tier,
        *,
        walls: frozenset[Wall] = ALL_WALLS,
        container: bool = False,
        policy: dict[str, Any] | None = None,
    ) -> dict[str, str]:
        """What each attack says, all of them in one confined process."""
        workspace, scratch = self.own("workspace"), self.own("scratch")
        Path(self.victim["disposable"]).touch()
        _wait_for_the_dying()
        order = {
            "source": SOURCE,
            "container": container,
            "policy": SMALL | (policy or {}),
            "readable": [str(self.folder / "programs")],
            "workspace": str(workspace),
            "scratch": str(scratch),
            "tier": tier,
            "walls": sorted(walls),
            "victim": self.victim,
            "attacks": {each.name: each.code for each in attacks},
        }
        done = subprocess.run(
            [python_for(self.who) or sys.executable, "-I", str(HERE / "arena.py")],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd="/",
            **as_person(self.who),
        )
        assert done.returncode == 0, f"the arena ended with {done.returncode}: {done.stderr}"
        results: dict[str, str] = json.loads(done.stdout.splitlines()[-1])["results"]
        return results

    def run_as_cells(
        self, attacks: Sequence[Attack], machine: Machine, *, policy: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """The same in a session that a zygote has forked: "results", "report" and "next", which is
        what the session after it says.
        """
        Path(self.victim["disposable"]).touch()
        order = {
            "source": SOURCE,
            "root": str(HERE.parents[1]),
            "machine": machine,
            "policy": SMALL | (policy or {}),
            "readable": [str(self.folder / "programs"), str(HERE), *LIBRARIES],
            "libraries": LIBRARIES,
            "python": str(self._python_with_libraries()),
            "workspace": str(self.own("workspace")),
            "victim": self.victim,
            "attacks": {each.name: each.code for each in attacks},
        }
        done = subprocess.run(
            [python_for(self.who) or sys.executable, "-I", str(HERE / "session_arena.py")],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd="/",
            **as_person(self.who),
        )
        assert done.returncode == 0, f"the session ended with {done.returncode}: {done.stderr}"
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return said

    def _python_with_libraries(self) -> Path:
        """A Python that this person may start, with the libraries of the one that tests."""
        program = self.folder / "python"
        libraries, python = ":".join(LIBRARIES), python_for(self.who) or sys.executable
        program.write_text(f'#!/bin/sh\nPYTHONPATH={libraries} exec {python} "$@"\n')
        program.chmod(0o755)
        return program

    def own(self, name: str) -> Path:
        """A fresh folder of this person."""
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))
        give(folder, self.who)
        return folder


def _wait_for_the_dying(seconds: float = 10.0) -> None:
    """Where no namespace counts for itself, what attacks before have left raises the limit."""
    until = time.monotonic() + seconds
    while rlimits.tasks_of(AN_ORDINARY_USER) > MOST_BESIDE and time.monotonic() < until:
        time.sleep(0.05)


def give(path: Path, who: Who) -> None:
    if os.geteuid() == 0 and who == "user":
        os.chown(path, AN_ORDINARY_USER, AN_ORDINARY_USER)


def _files(folder: Path, who: Who) -> dict[str, str]:
    outside = folder / "outside"
    (folder / "programs").mkdir()
    program = folder / "programs" / "id"
    shutil.copy("/usr/bin/id", program)
    program.chmod(0o4755)
    outside.mkdir()
    give(outside, who)
    made = {"outside": str(outside), "set_uid_id": str(program)}
    places = {
        "secret": outside / "secret",
        "neighbour": outside / "neighbour",
        "disposable": outside / "disposable",
        "in_tmp": Path("/tmp") / f"codeact-{secrets.token_hex(6)}",
        "in_shm": Path("/dev/shm") / f"codeact-{secrets.token_hex(6)}",
    }
    for name, path in places.items():
        path.write_text("SECRET")
        path.chmod(0o600 if name == "neighbour" else 0o644)
        give(path, who)
        made[name] = str(path)
    return made


@contextmanager
def battlefield(who: Who) -> Iterator[Battlefield]:
    folder = Path(tempfile.mkdtemp(prefix="codeact-walls-", dir="/var/tmp"))
    folder.chmod(0o755)
    made = _files(folder, who)
    key = str(secrets.randbelow(2**30) + 1)
    victim = subprocess.Popen(
        [python_for(who) or sys.executable, "-I", str(HERE / "victim.py"), made["outside"], key],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"VICTIM_SECRET": "SECRET"},
        **as_person(who),
    )
    try:
        assert victim.stdout
        facts = json.loads(victim.stdout.readline())
        group = f"/sys/fs/cgroup/pids/codeact-attack-{key}"
        yield Battlefield(who=who, folder=folder, victim=facts | made | {"cgroup": group})
    finally:
        victim.communicate("end\n", timeout=10)
        shutil.rmtree(folder)
        for name in ("in_tmp", "in_shm"):
            Path(made[name]).unlink()
