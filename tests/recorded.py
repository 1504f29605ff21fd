"""The public recorded runs of MINT, judged once for all tests that need them."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import anyio
import pytest

from codeact.evals.replay import judged
from codeact.tasks.mint_records import Record


def runs() -> list[tuple[Record, bool]]:
    """Each run and whether it solved its task; skips where the data is not at hand."""
    named = os.environ.get("CODEACT_DATA")
    if not named:
        pytest.skip("CODEACT_DATA does not name a folder of public data")
    return _judged(Path(named) / "mint_trajectories")


@functools.cache
def _judged(folder: Path) -> list[tuple[Record, bool]]:
    return anyio.run(judged, folder)
