"""What the command line asks for, checked before anything is opened or spent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from codeact.errors import ConfigError
from codeact.halting import Budget
from codeact.interpreter.installs import Mode as Installing
from codeact.interpreter.sandbox import Mode, Network

Approve = Literal["auto", "always", "tools", "never"]

NOT_A_BUDGET = """\
{text!r} is no budget. Write dollars as '$0.50' (in single quotes, or as 0.50usd), tokens as 20k \
or 1.5M, time as 90s, 5m or 1h."""

_BUDGET = re.compile(
    r"(?P<dollar>\$?)(?P<number>\d+(?:\.\d+)?|\.\d+)\s*(?P<unit>usd|\$|k|M|s|m|min|h|)",
)
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600}
_TOKENS = {"": 1, "k": 1_000, "M": 1_000_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One flag each; None is not given."""

    model: str | None = None
    base_url: str | None = None
    system: str = ""
    files: Sequence[Path] = ()
    tools: Sequence[str] = ()
    approve: Approve = "auto"
    json: bool = False
    stream: bool = True
    max_steps: int = 20
    format: str = "code"
    budget: Budget = Budget()
    workspace: Path | None = None
    cell_seconds: float = 60.0
    sandbox: Mode = "auto"
    network: Network = "none"
    installs: Installing = "never"


def read_budget(texts: Iterable[str]) -> Budget:
    """One budget of several limits. Raises ConfigError for a text that is none."""
    tokens: int | None = None
    cost: float | None = None
    seconds: float | None = None
    for text in texts:
        found = _BUDGET.fullmatch(text.strip())
        if found is None or (found["dollar"] and found["unit"]):
            raise ConfigError(NOT_A_BUDGET.format(text=text))
        number, unit = float(found["number"]), found["unit"]
        if found["dollar"] or unit in ("usd", "$"):
            cost = number
        elif unit in _TOKENS:
            tokens = round(number * _TOKENS[unit])
        else:
            seconds = number * _SECONDS[unit]
    return Budget(tokens=tokens, cost=cost, seconds=seconds)


def check_files(files: Sequence[Path], workspace: Path | None) -> None:
    """Raises ConfigError for a file that is not there or would replace another in the workspace."""
    seen: dict[str, Path] = {}
    for file in files:
        if not file.is_file():
            what = "is a folder" if file.is_dir() else "does not exist"
            raise ConfigError(f"-f {file}: the file {what}. Name files, one -f for each.")
        other = seen.setdefault(file.name, file)
        if other is not file:
            raise ConfigError(f"-f {file}: {other} has the same name. Rename one of them.")
        target = None if workspace is None else workspace / file.name
        if target is not None and target.exists() and not target.samefile(file):
            raise ConfigError(f"-f {file}: {target} exists and would be overwritten.")
