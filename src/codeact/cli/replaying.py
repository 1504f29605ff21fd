"""Recorded runs of MINT judged anew, as a table or as JSON."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from codeact.cli.evaluation import failure
from codeact.cli.harmless import clean
from codeact.errors import CodeActError

if TYPE_CHECKING:
    from codeact.evals.replay import Replayed

DISAGREES = "Not as recorded ({model}): {runs}"


def show_replay(folder: Path, *, data_dir: Path | None, concurrency: int, json: bool) -> int:
    """The exit code."""
    from codeact.evals.replay import replay

    async def judge() -> dict[str, Replayed]:
        return await replay(folder, data_dir=data_dir, concurrency=concurrency)

    try:
        found = anyio.run(judge)
    except CodeActError as error:
        return failure(error)
    if json:
        text = json_text.dumps({model: each.plain() for model, each in found.items()}, indent=2)
    else:
        text = _table(found)
    sys.stdout.write(f"{text}\n")
    return 0


def _table(found: Mapping[str, Replayed]) -> str:
    wide = max(len("model"), *map(len, found))
    lines = [f"{'model':<{wide}}      id      od"]
    for model, each in found.items():
        shares = "".join("       –" if x is None else f"{x:8.1f}" for x in (each.id, each.od))
        lines.append(f"{clean(model):<{wide}}{shares}")
        kinds = "  ".join(f"{kind} {c.solved}/{c.n}" for kind, c in each.kinds.items())
        lines.append(f"  {kinds}")
        if each.disagreements:
            runs = clean(", ".join(each.disagreements))
            lines.append(f"  {DISAGREES.format(model=clean(model), runs=runs)}")
    return "\n".join(lines)
