"""What a kernelspec's command line says about its kernels."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from codeact.interpreter.opening import EVERYTHING
from codeact.interpreter.sandbox import Mode, Network, SandboxPolicy

OUTPUT_LIMIT = 1_000_000
"""Characters of one cell's printed text that are kept; ten times as many are shown live."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the session of a kernel is made."""

    sandbox: Mode = "auto"
    network: Network = "none"
    preload: bool = False

    def argv(self) -> list[str]:
        """The flags that say the same."""
        flags = ["--sandbox", self.sandbox, "--network", self.network]
        return [*flags, "--preload"] if self.preload else flags

    def session(self, folder: Path) -> dict[str, Any]:
        """The interpreter's settings, for a notebook of this folder."""
        return {
            "workspace": None if is_root(folder) else folder,
            "output_limit": OUTPUT_LIMIT,
            "preload": EVERYTHING if self.preload else (),
            "sandbox": SandboxPolicy(mode=self.sandbox, network=self.network),
        }


def is_root(folder: Path) -> bool:
    """The root folder is nobody's workspace: the whole machine would be in it."""
    return folder.resolve() == Path("/")


def read(argv: Sequence[str]) -> tuple[Settings, argparse.Namespace]:
    """Settings, and whose kernel this is (`file`) or where a host listens (`host`).

    Ends the program where the flags are wrong, as argparse does.
    """
    parser = argparse.ArgumentParser("python -m codeact.jupyter", allow_abbrev=False)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("-f", dest="file", metavar="CONNECTION_FILE", type=Path)
    what.add_argument("--host", metavar="SOCKET", type=Path)
    parser.add_argument("--sandbox", choices=get_args(Mode), default="auto")
    parser.add_argument("--network", choices=get_args(Network), default="none")
    parser.add_argument("--preload", action="store_true")
    found, _ = parser.parse_known_args(argv)
    settings = Settings(sandbox=found.sandbox, network=found.network, preload=found.preload)
    return settings, found
