"""Small host programs that confine a process, started as processes of their own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sandbox.attacks import Who
from tests.sandbox.battlefield import SOURCE, as_person, python_for

START = f"""
import os, sys, json
sys.path.insert(0, {SOURCE!r})
from pathlib import Path
from codeact.interpreter.confinement import confine, confine_spawned, enter_server, next_kernel
from codeact.interpreter.sandbox import SandboxPolicy
workspace, tier = Path(sys.argv[1]), sys.argv[2]
"""


def start(
    program: str, workspace: Path, tier: str, *words: str, who: Who | None = None
) -> subprocess.Popen[str]:
    """As this person, with a Python that he can start; None is whoever runs the tests."""
    python = python_for(who) if who else sys.executable
    return subprocess.Popen(
        [str(python), "-c", START + program, str(workspace), tier, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        **(as_person(who) if who else {}),
    )


@contextmanager
def alive(
    program: str, workspace: Path, tier: str, *words: str, who: Who | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Killed at the end of the block, whatever happened in it."""
    with start(program, workspace, tier, *words, who=who) as running:
        try:
            yield running
        finally:
            running.kill()


def finish(program: str, workspace: Path, tier: str, *words: str) -> str:
    """What the program printed; it must end well."""
    running = start(program, workspace, tier, *words)
    out, errors = running.communicate(timeout=15)
    assert running.returncode == 0, errors
    return out


def pids_of(mark: str) -> list[int]:
    """Processes of this machine, as we see them, whose command line holds the mark."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (place / "cmdline").read_bytes().decode("utf-8", "replace"):
                found.append(int(place.name))
        except OSError:
            continue
    return found


def all_gone(mark: str, *, seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while pids_of(mark):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
