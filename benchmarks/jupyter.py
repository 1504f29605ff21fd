"""What a notebook's kernel costs: start, imports, round trip, memory; ours beside ipykernel.

    python benchmarks/jupyter.py          # a table
    python benchmarks/jupyter.py --json   # one object, the same keys for each kernel

Needs `codeact[dev]`. `warm` kernels come from the host through our provisioner, `plain` ones are
programs of their own, `ipykernel` is Jupyter's. All are driven by jupyter_client's blocking client.

`first_ms` is the very first start, with nothing running. `start_ms` goes from `start_kernel` to the
first result, `ready_ms` the same with the client's `wait_for_ready`, of which 200 ms are the
client's own waiting; `science_ms` is `start_ms` where the first cell imports numpy, pandas and
pyplot. `trip_ms` is a cell `x + 1`, until the client has its reply and is told that the kernel is
idle. `idle_mb` is a kernel's memory (proportional set size, with all its processes); for `warm` it
is what one more kernel adds to the host. Medians.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

from codeact.jupyter import doorway, kernelspec
from codeact.jupyter.settings import Settings

KERNELS = {"warm": "warm", "plain": "plain", "ipykernel": "python3"}
STARTS, TRIPS, ALIVE = 9, 300, 8
SCIENCE = "import numpy, pandas, matplotlib.pyplot\n1 + 1"
SECONDS = 60.0


@contextmanager
def kernel(name: str, *, wait: bool = False) -> Iterator[Any]:
    manager = KernelManager(kernel_name=KERNELS[name])
    with tempfile.TemporaryDirectory() as folder:
        manager.start_kernel(cwd=folder)
        client = manager.blocking_client()
        client.start_channels()
        try:
            if wait:
                client.wait_for_ready(timeout=SECONDS)
            yield client
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def answered(client: Any, code: str) -> None:
    """Send a cell without waiting for anything before it, wait for its reply."""
    asked = client.execute(code)
    while True:
        reply = client.get_shell_msg(timeout=SECONDS)
        if reply["parent_header"]["msg_id"] == asked:
            assert reply["content"]["status"] == "ok", reply["content"]
            return


def started(name: str, code: str, *, wait: bool = False) -> float:
    """Milliseconds to the first result of a fresh kernel."""
    began = time.perf_counter()
    with kernel(name, wait=wait) as client:
        answered(client, code)
        return (time.perf_counter() - began) * 1e3


def trips(name: str) -> float:
    with kernel(name, wait=True) as client:
        answered(client, "x = 1")
        found = []
        for _ in range(TRIPS):
            began = time.perf_counter()
            client.execute_interactive("x + 1", output_hook=_ignore, timeout=SECONDS)
            found.append((time.perf_counter() - began) * 1e3)
    return statistics.median(found)


def memory(name: str) -> float:
    """MB per kernel that has computed something small."""
    with kernel(name, wait=True) as first:
        answered(first, "x = 1")
        before = _used_mb({first.parent.provisioner.pid})
        if name != "warm":
            return before
        others = [kernel(name, wait=True) for _ in range(ALIVE)]
        for each in others:
            answered(each.__enter__(), "x = 1")
        used = (_used_mb({first.parent.provisioner.pid}) - before) / ALIVE
        for each in others:
            each.__exit__(None, None, None)
    return used


def measured(name: str) -> dict[str, float]:
    figures = {"first_ms": started(name, "1 + 1")}
    figures["start_ms"] = statistics.median(started(name, "1 + 1") for _ in range(STARTS))
    waited = [started(name, "1 + 1", wait=True) for _ in range(STARTS)]
    figures["ready_ms"] = statistics.median(waited)
    figures["science_ms"] = statistics.median(started(name, SCIENCE) for _ in range(STARTS))
    figures["trip_ms"] = trips(name)
    figures["idle_mb"] = memory(name)
    return {key: round(value, 2) for key, value in figures.items()}


def _used_mb(family: set[int]) -> float:
    """Memory of processes and all their descendants; what several share counts once."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = status.read_text().rpartition(")")[2].split()
            parents[int(status.parent.name)] = int(fields[1])
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family = family | more
    total = 0
    for pid in family:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def _ignore(message: Any) -> None:
    """What is published is not looked at."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JUPYTER_DATA_DIR"] = folder
        os.environ["JUPYTER_RUNTIME_DIR"] = f"{folder}/runtime"
        for name in ("warm", "plain"):
            spec = kernelspec.described(Settings(), display_name=name, warm=name == "warm")
            kernelspec.install(spec, name=name, user=True)
        try:
            figures = {name: measured(name) for name in KERNELS}
        finally:
            doorway.end(doorway.place(Path(folder, "runtime"), sys.executable))
    if "--json" in sys.argv:
        print(json.dumps(figures))
        return
    keys = list(figures["warm"])
    print(f"{'':12}" + "".join(f"{key:>12}" for key in keys))
    for name, found in figures.items():
        print(f"{name:12}" + "".join(f"{found[key]:12.1f}" for key in keys))


if __name__ == "__main__":
    main()
