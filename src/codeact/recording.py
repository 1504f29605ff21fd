"""What a run leaves on disk: its resolved configuration, each finished step, each trajectory."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any
from uuid import uuid4

from codeact.events import Event, StepFinished
from codeact.trajectory import Trajectory, plain_step, to_json

CONFIG = "config.json"
STEPS = "steps.jsonl"
TRAJECTORIES = "trajectories.jsonl"
REDACTED = "[redacted]"

PACKAGES = ("codeact", "openai", "ipython", "anyio", "pydantic")


class Recording:
    """A run's folder. Steps are written as they finish, so that a crash loses none.

    `secrets` (keys) of eight characters or more are replaced in every line written.
    """

    def __init__(self, folder: Path, *, secrets: Iterable[str] = ()) -> None:
        self.folder = folder
        spelled = {
            json.dumps(secret, ensure_ascii=ascii)[1:-1]
            for secret in secrets
            if len(secret) >= 8
            for ascii in (False, True)
        }
        self._secrets = sorted(spelled, key=len, reverse=True)  # one may begin like another
        folder.mkdir(parents=True, exist_ok=True)

    def configure(self, config: Mapping[str, Any]) -> None:
        """Write the resolved configuration with the versions that explain it."""
        record = {**config, "versions": versions(), "begun": datetime.now(UTC).isoformat()}
        text = json.dumps(record, indent=2, ensure_ascii=False, default=str)
        (self.folder / CONFIG).write_bytes(self._redacted(text))

    def emit(self, event: Event) -> None:
        """A listener that keeps finished steps."""
        if isinstance(event, StepFinished):
            line = json.dumps({"index": event.index, "step": plain_step(event.step)})
            self._append(STEPS, line)

    def finish(self, trajectory: Trajectory) -> None:
        self._append(TRAJECTORIES, to_json(trajectory))

    def _append(self, name: str, line: str) -> None:
        with (self.folder / name).open("ab") as file:
            file.write(self._redacted(line))

    def _redacted(self, text: str) -> bytes:
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return f"{text}\n".encode("utf-8", "backslashreplace")  # as JSON spells half a character


def secrets_in(environ: Mapping[str, str]) -> list[str]:
    """The values of an environment that no recording may hold: every `*_API_KEY`."""
    return [value for name, value in environ.items() if name.endswith("_API_KEY")]


def new_folder(root: Path) -> Path:
    """A folder's path under `root` that sorts by time and is nobody else's; not yet made."""
    return root / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid4().hex[:6]}"


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Python, the platform and the installed ones of the packages that shape a run."""
    found = {"python": platform.python_version(), "platform": sys.platform}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
