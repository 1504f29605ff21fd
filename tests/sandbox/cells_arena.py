"""Runs hostile cells in sessions of this machine, or of a lesser one; one line of JSON each."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

SECONDS = 1.5


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.sandbox.machines import become

    machine = sys.argv[1]
    assert machine in ("ours", "container")
    become("container" if machine == "container" else "ours")
    asyncio.run(_all(set(sys.argv[2:])))


async def _all(sections: set[str]) -> None:
    from codeact.interpreter.forked import ForkedInterpreter
    from codeact.interpreter.sandbox import SandboxPolicy
    from tests.sandbox.cells import CELLS

    policy = SandboxPolicy(mode="required")
    async with ForkedInterpreter(sandbox=policy) as neighbour:
        await neighbour.execute("x = 41")
        for cell in CELLS:
            if cell.section not in sections:
                continue
            async with ForkedInterpreter(sandbox=policy, timeout=SECONDS) as session:
                await session.execute("x = 1")
                done = await session.execute(cell.code)
                after = await session.execute("x = x + 1\nx")
                said: dict[str, Any] = {
                    "name": cell.name,
                    "error": done.error,
                    "state": done.state,
                    "length": len(done.text),
                    "after": after.text,
                    "late": after.state,
                }
            said["neighbour"] = (await neighbour.execute("x + 1")).text
            async with ForkedInterpreter(sandbox=policy) as next_one:
                said["next"] = (await next_one.execute("6 * 7")).text
            print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
