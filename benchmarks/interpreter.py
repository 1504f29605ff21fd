"""What a session costs: start, round trip, tool calls, memory, forks, a thousand at once.

    python benchmarks/interpreter.py             # a table
    python benchmarks/interpreter.py --json      # one object, with the same keys under `peers`
    python benchmarks/interpreter.py --thousand  # a thousand sessions, not the default two hundred

Ours are forked sessions with IPython's shell, numpy, pandas and matplotlib loaded, behind walls
(`--no-walls` without), with automatic snapshots. The peer is ipykernel through jupyter_client, in
an environment of its own that is made on the first run under the user's cache folder; what a peer
does not have, or what was not measured, is null. Medians, in one run on one machine.

`idle_mb` is what the machine's available memory shrinks by per idle session. `sessions_1000_s` is
measured with `sessions` sessions and scaled to a thousand. `actions_per_s` runs `x + 1` in all of
them, `actions_changing_per_s` a cell that is preceded by a snapshot. `cpu_ratio` compares a loop
with the same loop by `exec` in this process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from codeact.interpreter.forked import ForkedInterpreter
from codeact.interpreter.opening import EVERYTHING
from codeact.interpreter.sandbox import SandboxPolicy
from codeact.tools import Toolbox, tool

KEYS = (
    "start_ms",
    "roundtrip_ms",
    "tool_call_us",
    "idle_mb",
    "fork_100mb_ms",
    "fork_1gb_ms",
    "sessions_1000_s",
    "actions_per_s",
    "cpu_ratio",
)
SESSIONS = 200
PEER = ("ipykernel==7.4.0", "jupyter_client==8.10.0", "numpy", "pandas", "matplotlib")
PEER_SCRIPT = Path(__file__).with_name("interpreter_ipykernel.py")
IMPORTS = "import numpy, pandas, matplotlib.pyplot\n1 + 1"
LOOP = "total = 0\nfor n in range(1_000_000):\n    total += n\n"
TIMED = (
    "import time\ndef run():\n    began = time.perf_counter()\n    exec(code, {})\n"
    f"    return time.perf_counter() - began\ncode = compile({LOOP!r}, '<loop>', 'exec')\n"
)
Open = Callable[..., ForkedInterpreter]


async def median_of(times: int, work: Callable[[], Awaitable[float]]) -> float:
    return statistics.median([await work() for _ in range(times)])


async def start(opened: Open) -> float:
    """Milliseconds from nothing to the first result that needs the libraries."""

    async def once() -> float:
        began = time.perf_counter()
        async with opened() as interpreter:
            done = await interpreter.execute(IMPORTS)
            seconds = time.perf_counter() - began
            assert done.text == "2\n", done.text
        return seconds * 1e3

    await once()
    return await median_of(30, once)


async def roundtrip(opened: Open, cell: str, times: int) -> float:
    async with opened() as interpreter:
        await interpreter.execute("x = 1")

        async def once() -> float:
            began = time.perf_counter()
            await interpreter.execute(cell)
            return (time.perf_counter() - began) * 1e3

        await median_of(20, once)
        return await median_of(times, once)


async def tool_call(opened: Open) -> float:
    """Microseconds of one call of a host's function from code."""

    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    cell = (
        "import time\nbegan = time.perf_counter()\nfor n in range(1000):\n    add(n, 1)\n"
        "print((time.perf_counter() - began) * 1e3)"
    )
    async with opened() as interpreter:
        toolbox = Toolbox.of([tool(add)])

        async def once() -> float:
            return float((await interpreter.execute(cell, toolbox=toolbox)).text)

        return await median_of(7, once)


async def fork(opened: Open, megabytes: int) -> float:
    """Milliseconds until a living copy of a session with that much data has answered."""
    async with opened() as interpreter:
        await interpreter.execute(f"import numpy\ndata = numpy.ones({megabytes} * 131072)")

        async def once() -> float:
            await interpreter.execute("data[0] += 1")
            began = time.perf_counter()
            async with await interpreter.fork() as copy:
                done = await copy.execute("data[0] > 1")
                seconds = time.perf_counter() - began
                assert "True" in done.text, done.text
            return seconds * 1e3

        return await median_of(9, once)


def available_mb() -> float:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("MemAvailable"))


async def many(opened: Open, count: int) -> dict[str, float]:
    """All at once: time to start and answer, memory of each when idle, actions per second."""
    sessions = [opened() for _ in range(count)]
    before = available_mb()
    began = time.perf_counter()
    for first in range(0, count, 20):
        batch = sessions[first : first + 20]
        for each in batch:
            each.start()
        await asyncio.gather(*(each.execute("x = 1") for each in batch))
    seconds = time.perf_counter() - began
    idle = (before - available_mb()) / count

    async def rate(cell: str, rounds: int) -> float:
        began = time.perf_counter()
        for _ in range(rounds):
            await asyncio.gather(*(each.execute(cell) for each in sessions))
        return count * rounds / (time.perf_counter() - began)

    await rate("x + 1", 1)
    result = {
        "sessions": float(count),
        "sessions_1000_s": seconds * 1000 / count,
        "idle_mb": idle,
        "actions_per_s": await rate("x + 1", 5),
        "actions_changing_per_s": await rate("x += 1", 1),
    }
    for first in range(0, count, 50):
        await asyncio.gather(*(each.aclose() for each in sessions[first : first + 50]))
    return result


async def cpu_ratio(opened: Open) -> float:
    space: dict[str, Any] = {}
    exec(TIMED, space)
    async with opened() as interpreter:
        await interpreter.execute(TIMED)

        async def theirs() -> float:
            return float((await interpreter.execute("run()")).text)

        async def plain() -> float:
            return float(space["run"]())

        pairs = [(await theirs(), await plain()) for _ in range(9)]
    return statistics.median(a for a, _ in pairs) / statistics.median(b for _, b in pairs)


async def ours(opened: Open, sessions: int) -> dict[str, float]:
    found = {
        "start_ms": await start(opened),
        "roundtrip_ms": await roundtrip(opened, "x + 1", 1000),
        "roundtrip_changing_ms": await roundtrip(opened, "x += 1", 50),
        "roundtrip_changing_no_snapshots_ms": await roundtrip(
            partial(opened, snapshots="never"), "x += 1", 500
        ),
        "tool_call_us": await tool_call(opened),
        "fork_100mb_ms": await fork(opened, 100),
        "fork_1gb_ms": await fork(opened, 1024),
        "cpu_ratio": await cpu_ratio(opened),
    }
    return found | await many(opened, sessions)


def ipykernel() -> dict[str, float | None]:
    """The peer's figures, all None where it cannot be installed."""
    nothing: dict[str, float | None] = dict.fromkeys(KEYS)
    python = _peer_python()
    if python is None:
        return nothing
    done = subprocess.run(
        [str(python), str(PEER_SCRIPT)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        print(f"ipykernel did not run: {done.stderr.strip()[-400:]}", file=sys.stderr)
        return nothing
    measured: dict[str, float] = json.loads(done.stdout)
    return nothing | measured


def _peer_python() -> Path | None:
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    home = cache / "codeact" / "benchmarks" / PEER[0].replace("==", "-")
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        venv.create(home, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", *PEER]
        if subprocess.run(install, check=False).returncode != 0:
            print(f"{PEER[0]} cannot be installed here; its row is empty.", file=sys.stderr)
            return None
        (home / "ready").touch()
    return python


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--no-peers", action="store_true", help="measure only ours")
    parser.add_argument("--no-walls", action="store_true", help="without a sandbox")
    parser.add_argument("--thousand", action="store_true", help="a thousand sessions at once")
    options = parser.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    sandbox = None if options.no_walls else SandboxPolicy(memory_mb=8192)
    opened = partial(ForkedInterpreter, preload=EVERYTHING, sandbox=sandbox)
    found = anyio.run(partial(ours, opened, 1000 if options.thousand else SESSIONS))
    record: dict[str, Any] = {key: round(value, 3) for key, value in found.items()}
    record["walls"] = sandbox is not None
    peers = {} if options.no_peers else {"ipykernel": ipykernel()}
    if options.json:
        print(json.dumps(record | {"peers": peers}))
        return
    for key, value in record.items():
        shown = [each.get(key) for each in peers.values()]
        print(f"{key:36}{value:>12}", *(f"{'-' if each is None else each:>12}" for each in shown))


if __name__ == "__main__":
    main()
