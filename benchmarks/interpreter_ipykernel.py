"""The peer of `interpreter.py`: one object of figures of ipykernel through jupyter_client.

Runs in an environment that has nothing of ours.
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import Any

from jupyter_client.manager import start_new_kernel

LOOP = "total = 0\nfor n in range(1_000_000):\n    total += n\n"
TIMED = (
    "import time\ndef run():\n    began = time.perf_counter()\n    exec(code, {})\n"
    f"    return time.perf_counter() - began\ncode = compile({LOOP!r}, '<loop>', 'exec')\n"
)


def ran(client: Any, code: str) -> str:
    """What the cell printed; its reply and its idle status have both come."""
    printed: list[str] = []

    def hear(message: Any) -> None:
        if message["msg_type"] == "stream":
            printed.append(message["content"]["text"])

    reply = client.execute_interactive(code, output_hook=hear, timeout=60)
    assert reply["content"]["status"] == "ok", reply
    return "".join(printed)


def available_mb() -> float:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("MemAvailable"))


def main() -> None:
    starts, kernels = [], []
    before = available_mb()
    for _ in range(5):
        began = time.perf_counter()
        manager, client = start_new_kernel(kernel_name="python3")
        ran(client, "import numpy, pandas, matplotlib.pyplot\n1 + 1")
        starts.append((time.perf_counter() - began) * 1e3)
        kernels.append((manager, client))
    idle = (before - available_mb()) / len(kernels)
    client = kernels[0][1]
    ran(client, "x = 1")
    trips = []
    for _ in range(300):
        began = time.perf_counter()
        ran(client, "x + 1")
        trips.append((time.perf_counter() - began) * 1e3)
    ran(client, TIMED)
    space: dict[str, Any] = {}
    exec(TIMED, space)
    pairs = [(float(ran(client, "print(run())")), space["run"]()) for _ in range(9)]
    ratio = statistics.median(a for a, _ in pairs) / statistics.median(b for _, b in pairs)
    for manager, client in kernels:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    figures = {
        "start_ms": statistics.median(starts),
        "roundtrip_ms": statistics.median(trips),
        "idle_mb": idle,
        "cpu_ratio": ratio,
    }
    print(json.dumps({key: round(value, 3) for key, value in figures.items()}))


if __name__ == "__main__":
    main()
