"""Thousands of actions in hundreds of sessions, with violence, every answer checked.

    python benchmarks/soak.py                                       # a short report
    python benchmarks/soak.py --json                                # one object
    python benchmarks/soak.py --actions 200 --sessions 8 --seed 3   # less

Forked sessions behind walls, undo and all, are given random cells, kills from outside, deaths from
inside, deadlines, interrupts, cancellations, forks, undos, resets, tool calls, files and large
outputs. An oracle in plain Python (`soak_oracle.py`) says what each answer must be; `wrong` counts
the answers that were not. `leaked` counts what is left when all sessions are closed: processes,
descriptors, threads, control groups, mounts, temporary files. The same seed gives the same actions.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import gc
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from soak_actions import KINDS
from soak_oracle import Wrong
from soak_session import Session

from codeact.interpreter.fork_server import close_all
from codeact.interpreter.walls.syscalls import call
from codeact.tool_threads import MOST_IDLE

AT_ONCE = 6
SLOW_EVERY = 10
"""One session in so many has a short deadline, and cells that pass it."""
SECONDS_OF_AN_ACTION = 30.0
_PR_SET_CHILD_SUBREAPER = 36


async def lane(number: int, count: int, seed: int, report: Report) -> None:
    """One session and its copies: so many actions."""
    chance = random.Random(f"{seed}/{number}")
    hasty = number % SLOW_EVERY == 0
    kinds = [kind for kind in KINDS if hasty or not kind.hasty]
    weights = [kind.weight for kind in kinds]
    sessions: list[Session] = []
    try:
        for done in range(count):
            if not sessions:
                sessions.append(await Session.open(chance, hasty))
            session = chance.choice(sessions)
            kind = chance.choices(kinds, weights)[0]
            began = time.perf_counter()
            try:
                async with asyncio.timeout(SECONDS_OF_AN_ACTION):
                    await kind.act(session, sessions)
                    if session in sessions:
                        await session.check_files()
            except (Wrong, TimeoutError, Exception) as error:  # noqa: BLE001 - the finding
                told = f"{type(error).__name__}: {error}"
                report.found(kind.name, {"session": number, "action": done, "what": told})
                while sessions:
                    await sessions.pop().close()
            report.did(kind.name, time.perf_counter() - began)
            while len(sessions) > 3:
                await sessions.pop(0).close()
    finally:
        while sessions:
            await sessions.pop().close()


class Report:
    """What has been done and found."""

    def __init__(self, actions: int) -> None:
        self.actions = 0
        self.wrong: list[dict[str, Any]] = []
        self.kinds: collections.Counter[str] = collections.Counter()
        self._of = actions
        self._began = time.perf_counter()

    def did(self, kind: str, seconds: float) -> None:
        self.actions += 1
        self.kinds[kind] += 1
        if self.actions % 250 == 0:
            spent = time.perf_counter() - self._began
            told = f"{self.actions}/{self._of} actions, {len(self.wrong)} wrong, {spent:.0f} s"
            print(told, file=sys.stderr, flush=True)

    def found(self, kind: str, what: dict[str, Any]) -> None:
        self.wrong.append({"kind": kind, **what})
        print(f"wrong: {kind} {what}", file=sys.stderr, flush=True)


async def soak(actions: int, sessions: int, seed: int, report: Report) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        share = actions // sessions + (number < actions % sessions)
        async with gate:
            await lane(number, share, seed, report)

    await asyncio.gather(*(one(number) for number in range(sessions)))


def threads() -> list[threading.Thread]:
    """All but those that wait for the next tool call, of which a host keeps a few."""
    found = threading.enumerate()
    waiting = [each for each in found if each.name == "codeact-tool"][:MOST_IDLE]
    return [each for each in found if each not in waiting]


def present(folder: Path) -> dict[str, list[str]]:
    """All that could be left behind, by kind."""
    descendants, parents = [Path("/proc/self").resolve().name], list[tuple[str, str, str]]()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, _, rest = path.read_text().partition(" (")
        except OSError:
            continue
        name, _, rest = rest.rpartition(") ")
        parents.append((rest.split()[1], pid, f"{name} {rest.split()[0]}"))
    told = []
    for each in descendants:
        for parent, pid, name in parents:
            if parent == each:
                descendants.append(pid)
                told.append(f"{pid} ({name})")
    groups = Path("/sys/fs/cgroup").glob(f"**/codeact-*-{os.getpid()}-*")
    return {
        "processes": told,
        "descriptors": [
            f"{each.name} {each.readlink()}"
            for each in Path("/proc/self/fd").iterdir()
            if each.is_symlink()
        ],
        "threads": [f"{each.native_id} {each.name}" for each in threads()],
        "control groups": [str(each) for each in groups],
        "mounts": [line.split()[4] for line in Path("/proc/self/mountinfo").open()],
        "temporary files": [each.name for each in folder.iterdir()],
    }


def left(before: dict[str, list[str]], now: Callable[[], dict[str, list[str]]]) -> dict[str, Any]:
    """What is there and was not, once the dying have had time to die."""
    found: dict[str, Any] = {}
    for _ in range(50):
        gc.collect()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:  # orphans that have ended: no init takes them here
                pass
        after = now()
        found = {}
        for kind, each in after.items():
            new = collections.Counter(each) - collections.Counter(before[kind])
            if len(each) > len(before[kind]) and new:
                found[kind] = sorted(new.elements())[: len(each) - len(before[kind])]
        if not found:
            break
        time.sleep(0.1)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--actions", type=int, default=10_000)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    call("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # orphans come here, to be counted
    folder = Path(tempfile.mkdtemp(prefix="codeact-soak-"))
    tempfile.tempdir = str(folder)
    try:
        asyncio.run(asyncio.sleep(0))
        before = present(folder)
        began = time.perf_counter()
        report = Report(options.actions)
        asyncio.run(soak(options.actions, options.sessions, options.seed, report))
        close_all()
        found = left(before, lambda: present(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    told = {
        "actions": report.actions,
        "wrong": len(report.wrong),
        "leaked": sum(map(len, found.values())),
        "sessions": options.sessions,
        "seed": options.seed,
        "seconds": round(time.perf_counter() - began, 1),
        "kinds": dict(report.kinds.most_common()),
        "wrongs": report.wrong,
        "leaks": found,
    }
    if options.json:
        print(json.dumps(told))
        return
    for key, value in told.items():
        print(f"{key:>9}  {value}")


if __name__ == "__main__":
    main()
