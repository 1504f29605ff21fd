"""The public databases of API-Bank, and worlds made of them: one copy for each episode."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codeact.errors import ConfigError, DataError

FOLDER = "api_bank"
NO_FOLDER = (
    "API-Bank is read from its public files: name their folder with --data-dir or in CODEACT_DATA. "
    "It holds init_database and lv1-lv2-samples, itself or in a folder api_bank."
)
NO_FILE = "There is no file {path}. " + NO_FOLDER
NO_JSON = "{path} is no JSON: {error}."

CHANGING = (
    "Account",
    "Agenda",
    "Alarm",
    "Appointments",
    "Bank",
    "HealthData",
    "Hotel",
    "Meeting",
    "Reminder",
    "Scenes",
    "TimeSwitch",
)
"""Tables that calls change; each world has its own copy."""

FIXED = ("History", "QuestionAnswering", "SearchEngine", "SpeechRecognition", "Stock", "Symptom")
READ_LATE = ("Wiki", "ImageCaptioning")
TODAY = "2023-03-31"
"""The day that the recorded calls were made on."""


@dataclass(frozen=True, slots=True)
class Databases:
    """All tables by name; they are never changed, a world is."""

    tables: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path | None) -> Databases:
        """Raises ConfigError for a folder that does not hold them, DataError for damage."""
        place = home(folder) / "init_database"
        return cls({name: _table(place, name) for name in (*CHANGING, *FIXED, *READ_LATE)})

    def world(self) -> ApiWorld:
        own = {name: copied(self.tables.get(name, {})) for name in CHANGING}
        own |= {"Outbox": [], "Opened": {}, "Forgotten": {}}
        return ApiWorld(tables=own, library=self.tables)


@dataclass(slots=True, kw_only=True)
class ApiWorld:
    """What calls act on. Two worlds that had the same calls are equal in `tables`.

    `library` is shared and only read. `given` is the number or token that the next call draws where
    a recorded one is to be repeated; without one it is drawn from the count of draws.
    """

    tables: dict[str, Any]
    library: Mapping[str, Any]
    today: str = TODAY
    given: str | None = None
    draws: int = field(default=0, repr=False)

    def draw(self, digits: int) -> str:
        """A number of that many digits, the same in equal worlds."""
        self.draws += 1
        if self.given is not None:
            return self.given
        seed = hashlib.sha256(f"{self.draws}".encode()).hexdigest()
        return str(int(seed, 16))[:digits]

    def copy(self) -> ApiWorld:
        return ApiWorld(
            tables=copied(self.tables),
            library=self.library,
            today=self.today,
            draws=self.draws,
        )


def copied(value: Any) -> Any:
    """A copy of JSON data, which holds no cycles; far faster than copying any object."""
    if isinstance(value, dict):
        return {key: copied(each) for key, each in value.items()}
    return [copied(each) for each in value] if isinstance(value, list) else value


def home(folder: Path | None) -> Path:
    """Where the files lie: the folder or its `api_bank`. Raises ConfigError."""
    if folder is None:
        raise ConfigError(NO_FOLDER)
    for place in (folder, folder / FOLDER):
        if (place / "init_database").is_dir():
            return place
    raise ConfigError(NO_FILE.format(path=folder / "init_database"))


def _table(folder: Path, name: str) -> Any:
    path = folder / f"{name}.json"
    packed = folder / f"{name}.json.gz"
    try:
        if not path.is_file() and packed.is_file():
            path = packed
            return json.loads(gzip.decompress(packed.read_bytes()).decode("utf-8"))
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(NO_FILE.format(path=path)) from None
    except (ValueError, OSError) as error:
        raise DataError(NO_JSON.format(path=path, error=error)) from error
