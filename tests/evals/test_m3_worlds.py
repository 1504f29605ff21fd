"""The 82 tasks: their ids, their answers, and that other worlds have other answers."""

from __future__ import annotations

import dataclasses
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from codeact.errors import ConfigError, DataError
from codeact.evals.m3tooleval import M3ToolEval
from codeact.evals.m3tooleval.deals import DEALS
from codeact.evals.m3tooleval.dna_sequencer import DnaSequencer
from codeact.evals.m3tooleval.exercise import Domain, Exercise
from codeact.evals.m3tooleval.message_decoder import MessageDecoder
from codeact.evals.m3tooleval.shop import SHOP
from codeact.evals.m3tooleval.trade_calculator import TradeCalculator
from codeact.evals.m3tooleval.travel_planning import TravelPlanning
from codeact.evals.m3tooleval.web_browsing import WebBrowsing

PUBLIC: dict[str, list[Any]] = {
    "message_decoder": [
        *("fchahcufcu", 3, 3, "rzhehgavxMuxP", "KMPP", "JvPxkqtlo", "bcdef", 987),
    ],
    "cryptobotanists_plant_dna_sequencer": [
        *("UUU", "Invalid DNA sequence", "A", 4, {"T": 1, "A": 2, "C": 2, "G": 1}),
        *("AGCTAG", False, ("A", 3)),
    ],
    "trade_calculator": [
        *(161.25, 8100.0, 50400.0, 624.0, 891000.0, 7182000.0, 75600.0),
        *([36380.0, 48150.0, 68480.0], 118125.0, [77040.0, 96300.0, 69336.0], 75720.0),
        *([75556.8, 57240.0, 43502.4], 149600.0, 307389.6, 202500.0, 245565.0),
        [226800.0, 225984.0],
    ],
    "travel_itinerary_planning": [
        *(1050, 615, 1370, 650, 615, 920, 865, 1480, 1050, 1110, 2195, 2200, 2305, 1851, 3295),
    ],
    "web_browsing": [
        *(68.71, 82.93, 181.45, 130.84),
        *("allison.hill@taylor.net", "meredith.barnes@lawrence-pacheco.com"),
        *("kimberly.dudley@miller-carter.org", "henry.santiago@zuniga.com"),
        *("Engineering", "Engineering", "Engineering", "Marketing"),
        *("296-500-1338", "001-626-254-2351x16155", "(993)710-3413x164", "+1-232-576-4835"),
        *("Wand/Spellbook", "Spellbook/Wand", "Potion/Wand", "Wand/Spellbook"),
        *(264.38, 327.5, 380.41999999999996, 468.86),
        *(237.942, 228.15900000000002, 248.922, 203.09400000000002),
        *(4, 6, "Thomas Ramos", "James House", "Jordan York", "Mike Allen"),
    ],
}
DOMAINS = (MessageDecoder(), DnaSequencer(), TradeCalculator(), TravelPlanning(), WebBrowsing())
BENCHMARK = M3ToolEval()


def _data() -> Path:
    if "CODEACT_DATA" not in os.environ:
        pytest.skip("CODEACT_DATA does not name the folder of the public data sets")
    return Path(os.environ["CODEACT_DATA"]) / "m3tooleval"


def _rows() -> dict[str, dict[str, Any]]:
    lines = (_data() / "tasks.jsonl").read_text("utf-8").splitlines()
    return {row["id"]: row for row in map(json.loads, lines)}


def _one(domain: Domain, name: str) -> Exercise:
    return next(each for each in domain.exercises() if each.name == name)


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
def test_the_worlds_give_the_public_answers(domain: Any) -> None:
    given = [(type(each.answer), each.answer) for each in domain.exercises()]
    assert given == [(type(answer), answer) for answer in PUBLIC[domain.name]]


def test_there_are_82_tasks_in_five_domains() -> None:
    counted = Counter(task.domain for task in BENCHMARK.tasks())
    assert counted == {name: len(answers) for name, answers in PUBLIC.items()}
    assert len({task.id for task in BENCHMARK.tasks()}) == 82
    assert BENCHMARK.name == "m3tooleval"


def test_a_listed_task_names_its_id_domain_and_answer() -> None:
    listed = BENCHMARK.listing()
    assert json.loads(json.dumps(listed))[15] == {
        "id": "cryptobotanists_plant_dna_sequencer/find_most_common_nucleotide_combined_sequence",
        "domain": "cryptobotanists_plant_dna_sequencer",
        "answer": ["A", 3],
    }


def test_every_id_and_answer_is_the_public_one() -> None:
    own = [(each.id, repr(each.answer)) for each in BENCHMARK.exercises.values()]
    assert own == [(id, row["answer_repr"]) for id, row in _rows().items()]


def test_every_publicly_known_issue_is_flagged() -> None:
    known = {id for id, row in _rows().items() if row["known_issues"]}
    assert known == {each.id for each in BENCHMARK.exercises.values() if each.issues}


def test_no_instruction_is_the_public_one() -> None:
    rows = _rows()
    same = [
        each.id
        for each in BENCHMARK.exercises.values()
        if each.instruction.strip() == rows[each.id]["instruction"].strip()
    ]
    assert same == []


def test_what_fixed_accepts_besides_has_a_reason() -> None:
    odd = [each.id for each in BENCHMARK.exercises.values() if bool(each.also) != bool(each.remedy)]
    assert odd == []


def test_another_price_of_a_ware_is_another_answer() -> None:
    wares = tuple(dataclasses.replace(each, price=each.price + 1) for each in SHOP.wares)
    shop = dataclasses.replace(SHOP, wares=wares)
    assert _one(WebBrowsing(shop=shop), "price_of_legendary_wand").answer == 69.71


def test_another_hotel_is_another_budget() -> None:
    hotels = tuple(
        dataclasses.replace(each, price=10) if each.place == "D" else each
        for each in TravelPlanning().hotels
    )
    assert _one(TravelPlanning(hotels=hotels), "london_business_trip").answer == 440


def test_another_lot_is_another_question_and_another_value() -> None:
    deal = dataclasses.replace(DEALS[1], lots=(dataclasses.replace(DEALS[1].lots[0], price=60),))
    (exercise,) = TradeCalculator(deals=(deal,)).exercises()
    assert "base price of 60 galactic credits" in exercise.instruction
    assert exercise.answer == 9720.0


def test_only_a_question_that_leaves_the_hotel_open_accepts_several_totals() -> None:
    several = {each.name: each.also for each in TravelPlanning().exercises() if each.also}
    assert several == {
        "plan_trip_to_0": (700,),
        "cultural_exploration_tour": (2325, 2585, 2605),
    }


def test_the_upstream_edition_keeps_ids_answers_and_public_words() -> None:
    upstream = M3ToolEval(edition="upstream", data_dir=_data())
    given = [(each.id, each.instruction, repr(each.answer)) for each in upstream.exercises.values()]
    assert given == [(id, row["instruction"], row["answer_repr"]) for id, row in _rows().items()]


def test_the_upstream_edition_shows_the_public_tools() -> None:
    public = json.loads((_data() / "tools.json").read_text("utf-8"))
    upstream = M3ToolEval(edition="upstream", data_dir=_data())
    for task in upstream.tasks():
        shown = [(each.name, each.signature, each.description) for each in task.open().toolbox]
        assert shown == [
            (each["name"], each["signature"], each["description"]) for each in public[task.domain]
        ]


def test_our_flights_and_hotels_are_the_public_ones() -> None:
    upstream = M3ToolEval(edition="upstream", data_dir=_data())
    travel = next(task for task in upstream.tasks() if task.domain.startswith("travel"))
    ours = TravelPlanning().toolbox()
    for flight in TravelPlanning().flights:
        args = (flight.start, flight.end, flight.date)
        theirs = travel.open().toolbox.find("find_flights").function(*args)
        assert ours.find("find_flights").function(*args) == theirs
    for place in "ABCDEF":
        theirs = travel.open().toolbox.find("book_hotel").function(place)
        assert ours.find("book_hotel").function(place) == theirs


def test_our_pages_have_the_public_structure() -> None:
    lines = (_data() / "web_pages.jsonl").read_text("utf-8").splitlines()
    public = {row["name"]: row["content"].split("\n") for row in map(json.loads, lines)}
    ours = {path: text.split("\n") for path, text in SHOP.pages().items()}
    assert {path: _links(page) for path, page in ours.items()} == {
        path: _links(page) for path, page in public.items()
    }


def _links(page: list[str]) -> list[str]:
    """What each line links to."""
    return [line.partition("[Clickable '")[2].rstrip("']") for line in page]


def test_the_upstream_edition_wants_a_folder() -> None:
    with pytest.raises(ConfigError, match="name their folder"):
        M3ToolEval(edition="upstream")


def test_the_upstream_edition_names_the_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no file .*tasks\.jsonl"):
        M3ToolEval(edition="upstream", data_dir=tmp_path)


def test_other_data_files_are_refused_as_data(tmp_path: Path) -> None:
    for name in ("tasks.jsonl", "tools.json", "flights.json", "hotels.json", "web_pages.jsonl"):
        (tmp_path / name).write_text("{}" if name == "tools.json" else "")
    (tmp_path / "flights.json").write_text('[{"from": "E"}]')
    (tmp_path / "hotels.json").write_text("[]")
    with pytest.raises(DataError, match="does not hold the public M3ToolEval"):
        M3ToolEval(edition="upstream", data_dir=tmp_path)
