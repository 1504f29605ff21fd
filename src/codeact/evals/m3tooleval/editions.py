"""Which wording is used: our own, or the public one read from the data files."""

from __future__ import annotations

import ast
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from codeact.errors import ConfigError, DataError
from codeact.evals.m3tooleval.dna_sequencer import DnaSequencer
from codeact.evals.m3tooleval.exercise import Domain, Exercise
from codeact.evals.m3tooleval.message_decoder import MessageDecoder
from codeact.evals.m3tooleval.shop import SHOP
from codeact.evals.m3tooleval.trade_calculator import TradeCalculator
from codeact.evals.m3tooleval.travel_planning import TravelPlanning
from codeact.evals.m3tooleval.trips import Flight, Hotel
from codeact.evals.m3tooleval.web_browsing import WebBrowsing
from codeact.tools import Toolbox

EditionName = Literal["own", "upstream"]

NO_FOLDER = (
    "The upstream edition is read from the public data files: name their folder (--data-dir). It "
    "holds tasks.jsonl, tools.json, flights.json, hotels.json and web_pages.jsonl."
)
NO_FILE = "There is no file {path}. {rest}"

_DEAD, _LIVE = "'/team/customer_support'", "'/team/customer-support'"


def own(*, repaired: bool) -> tuple[Domain, ...]:
    """The edition that ships. `repaired`: the site's dead link works."""
    return (
        MessageDecoder(),
        DnaSequencer(),
        TradeCalculator(),
        TravelPlanning(),
        WebBrowsing(shop=dataclasses.replace(SHOP, repaired=repaired)),
    )


def upstream(folder: Path | None, *, repaired: bool) -> tuple[Domain, ...]:
    """The same tasks with the public wording of questions, tools and pages, and the public answers.

    Raises ConfigError when a file is missing and DataError when one is not what it should be.
    """
    if folder is None:
        raise ConfigError(NO_FOLDER)
    rows = {row["id"]: row for row in _lines(folder / "tasks.jsonl")}
    tools = json.loads(_read(folder / "tools.json"))
    try:
        worlds: tuple[Domain, ...] = (
            MessageDecoder(),
            DnaSequencer(),
            TradeCalculator(),
            _travel(folder),
            WebBrowsing(texts=_pages(folder, repaired=repaired)),
        )
        return tuple(
            Reworded(
                domain=domain,
                rows=rows,
                tools={tool["name"]: tool for tool in tools[domain.name]},
            )
            for domain in worlds
        )
    except (KeyError, TypeError) as error:
        raise DataError(f"{folder} does not hold the public M3ToolEval: {error!r}.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Reworded:
    """A domain in other words: questions by id, tools by name."""

    domain: Domain
    rows: Mapping[str, Mapping[str, Any]]
    tools: Mapping[str, Mapping[str, str]]

    @property
    def name(self) -> str:
        return self.domain.name

    def exercises(self) -> tuple[Exercise, ...]:
        return tuple(
            dataclasses.replace(
                exercise,
                instruction=self.rows[exercise.id]["instruction"],
                answer=ast.literal_eval(self.rows[exercise.id]["answer_repr"]),
            )
            for exercise in self.domain.exercises()
        )

    def toolbox(self) -> Toolbox:
        return Toolbox(
            tuple(
                dataclasses.replace(
                    tool,
                    signature=self.tools[tool.name]["signature"],
                    description=self.tools[tool.name]["description"],
                )
                for tool in self.domain.toolbox()
            )
        )


def _travel(folder: Path) -> TravelPlanning:
    flights = json.loads(_read(folder / "flights.json"))
    hotels = json.loads(_read(folder / "hotels.json"))
    return TravelPlanning(
        flights=tuple(
            Flight(
                each["from_location"].strip('"'),
                each["to_location"].strip('"'),
                each["date"],
                each["price"],
            )
            for each in flights
        ),
        hotels=tuple(
            Hotel(
                each["location"].strip('"'),
                tuple(each["preferences"]),
                each["price_per_night"],
                each["rating"],
            )
            for each in hotels
        ),
    )


def _pages(folder: Path, *, repaired: bool) -> dict[str, str]:
    pages = {row["name"]: row["content"] for row in _lines(folder / "web_pages.jsonl")}
    if repaired:
        pages["/team"] = pages["/team"].replace(_DEAD, _LIVE)
    return pages


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _read(path).splitlines() if line.strip()]


def _read(path: Path) -> str:
    if not path.is_file():
        raise ConfigError(NO_FILE.format(path=path, rest=NO_FOLDER))
    return path.read_text(encoding="utf-8")
