"""Which interpreter a machine gets: forked where the platform can, else a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from codeact.interpreter.enclosure import Tell, warn
from codeact.interpreter.installs import NEVER, Installs
from codeact.interpreter.process import ProcessInterpreter
from codeact.interpreter.sandbox import SandboxPolicy, refused

EVERYTHING = ("numpy", "pandas", "matplotlib.pyplot")
"""What to import ahead for a host of many sessions, where it is installed. It takes about a second,
once; a host of one session does better with nothing.
"""

NO_WALLS = "walls are known for Linux, this is {platform}"


def open_interpreter(
    *,
    workspace: Path | None = None,
    timeout: float | None = 60.0,
    output_limit: int = 10_000,
    preload: Sequence[str] = (),
    self_debug: bool = True,
    sandbox: SandboxPolicy = SandboxPolicy(),
    tell: Tell = warn,
    installs: Installs = NEVER,
    platform: str = sys.platform,
) -> ProcessInterpreter:
    """An interpreter to open with `async with`; the settings are those of ProcessInterpreter.

    `preload` counts where kernels are forked: elsewhere every session would wait for it. Where no
    walls can be built `tell` hears a sentence for the user, once, by default as a warning; or
    ConfigError is raised if `sandbox` requires them.
    """
    if platform == "linux":
        from codeact.interpreter.forked import ForkedInterpreter

        return ForkedInterpreter(
            workspace=workspace,
            timeout=timeout,
            output_limit=output_limit,
            preload=preload,
            self_debug=self_debug,
            sandbox=sandbox,
            tell=tell,
            installs=installs,
        )
    warning = refused(sandbox, "none", NO_WALLS.format(platform=platform))
    if warning is not None:
        tell(warning)
    return ProcessInterpreter(
        workspace=workspace,
        timeout=timeout,
        output_limit=output_limit,
        self_debug=self_debug,
        installs=installs,
    )


def walls_hold(sandbox: SandboxPolicy, *, platform: str = sys.platform) -> bool:
    """Whether a session with this policy gets walls of the Landlock tier or better.

    Where it does not, its code can do whatever the user can: ask before it runs.
    """
    if platform != "linux" or sandbox.mode == "off":
        return False
    from codeact.interpreter.offer import probe, tier

    return tier(probe()) != "none"
