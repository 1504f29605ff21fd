"""Which interpreter a machine gets: forked where the platform can, else a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from codeact.interpreter.process import ProcessInterpreter

EVERYTHING = ("numpy", "pandas", "matplotlib.pyplot")
"""What to import ahead for a host of many sessions, where it is installed. It takes about a second,
once; a host of one session does better with nothing.
"""


def open_interpreter(
    *,
    workspace: Path | None = None,
    timeout: float | None = 60.0,
    output_limit: int = 10_000,
    preload: Sequence[str] = (),
    platform: str = sys.platform,
) -> ProcessInterpreter:
    """An interpreter to open with `async with`; the settings are those of ProcessInterpreter.

    `preload` counts where kernels are forked: elsewhere every session would wait for it.
    """
    if platform == "linux":
        from codeact.interpreter.forked import ForkedInterpreter

        return ForkedInterpreter(
            workspace=workspace, timeout=timeout, output_limit=output_limit, preload=preload
        )
    return ProcessInterpreter(workspace=workspace, timeout=timeout, output_limit=output_limit)
