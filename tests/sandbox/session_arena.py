"""Lets attacks off as cells of a session that a zygote forked; a program of its own."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

RUN = """
import importlib.util, json
found = importlib.util.spec_from_file_location('arena', {arena!r})
arena = importlib.util.module_from_spec(found); found.loader.exec_module(arena)
victim = json.loads({victim!r}) | {{'tmp': __import__('os').environ['TMPDIR']}}
print(json.dumps({{name: arena.attempt(code, victim) for name, code in {attacks!r}.items()}}))
"""


def main() -> None:
    order = json.load(sys.stdin)
    sys.path[:0] = [order["source"], order["root"], *order["libraries"]]
    from tests.sandbox.machines import become

    become(order["machine"])
    print(json.dumps(asyncio.run(_attacked(order))))


async def _attacked(order: dict[str, Any]) -> dict[str, Any]:
    from codeact.interpreter.forked import ForkedInterpreter
    from codeact.interpreter.sandbox import SandboxPolicy

    readable = tuple(Path(each) for each in order["readable"])
    policy = SandboxPolicy(**order["policy"], mode="required", readable=readable)
    cell = RUN.format(
        arena=str(Path(__file__).with_name("arena.py")),
        victim=json.dumps(order["victim"]),
        attacks=order["attacks"],
    )
    settings = {"sandbox": policy, "python": order["python"], "output_limit": 100_000}
    async with ForkedInterpreter(
        workspace=Path(order["workspace"]), timeout=90.0, **settings
    ) as session:
        done = await session.execute(cell)
        report = session.report
    async with ForkedInterpreter(sandbox=policy, python=order["python"]) as next_one:
        unharmed = await next_one.execute("6 * 7")
    assert done.ok, done.text
    assert report is not None
    return {
        "results": json.loads(done.text.splitlines()[-1]),
        "report": report.plain(),
        "next": unharmed.text,
    }


if __name__ == "__main__":
    main()
