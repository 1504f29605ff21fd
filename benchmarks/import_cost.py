"""What `import codeact` costs: processor time in milliseconds beyond an empty Python program.

The promise is less than 100 ms. Only CPU time is compared, user and system together, as the medians
of alternating runs. `--json` prints `{"import_ms": …, "python_ms": …, "runs": …}`.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys

RUNS = 15


def cpu_ms(program: str) -> float:
    """User and system time of one child that runs the program."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def main() -> None:
    cpu_ms("import codeact")  # compiles the files once
    pairs = [(cpu_ms("pass"), cpu_ms("import codeact")) for _ in range(RUNS)]
    python = statistics.median(empty for empty, _ in pairs)
    cost = statistics.median(full for _, full in pairs) - python
    if "--json" in sys.argv[1:]:
        print(json.dumps({"import_ms": cost, "python_ms": python, "runs": RUNS}))
    else:
        print(f"import codeact: {cost:.1f} ms CPU beyond Python's own {python:.1f} ms")


if __name__ == "__main__":
    main()
