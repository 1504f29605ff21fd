"""ALFWorld's households: their moves, their ends, and the planning problems they are read from."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from codeact.errors import DataError
from codeact.tasks.alfworld import MOVES, NOTHING, Goal, House, Layout, Treatment
from codeact.tasks.alfworld_games import ARCHIVE, games, layout
from codeact.tasks.alfworld_records import goal, shown

PROBLEM = """
(define (problem p) (:domain alfred) (:objects agent1 - agent
 Mug_bar_1 - object
 Mug_bar_2 - object
 DeskLamp_bar_1 - object
 Desk_bar_1 - receptacle
 Fridge_bar_1 - receptacle
 Sink_bar_1_bar_SinkBasin - receptacle
 Shelf_bar_1 - receptacle)
(:init
 (receptacleType Desk_bar_1 DeskType) (receptacleType Fridge_bar_1 FridgeType)
 (receptacleType Sink_bar_1_bar_SinkBasin SinkBasinType) (receptacleType Shelf_bar_1 ShelfType)
 (objectType Mug_bar_1 MugType) (objectType Mug_bar_2 MugType)
 (objectType DeskLamp_bar_1 DeskLampType)
 (canContain DeskType MugType) (canContain FridgeType MugType) (canContain SinkBasinType MugType)
 (pickupable Mug_bar_1) (pickupable Mug_bar_2) (toggleable DeskLamp_bar_1)
 (coolable Mug_bar_1) (cleanable Mug_bar_1) (openable Fridge_bar_1) (isCool Mug_bar_2)
 (atLocation agent1 loc_0)
 (receptacleAtLocation Desk_bar_1 loc_1) (receptacleAtLocation Fridge_bar_1 loc_2)
 (receptacleAtLocation Sink_bar_1_bar_SinkBasin loc_3) (receptacleAtLocation Shelf_bar_1 loc_1)
 (inReceptacle Mug_bar_1 Desk_bar_1) (inReceptacle Mug_bar_2 Desk_bar_1)
 (inReceptacle DeskLamp_bar_1 Desk_bar_1))
(:goal (and (exists (?r - receptacle) (exists (?o - object) (and (cleanable ?o)
 (objectType ?o MugType) (receptacleType ?r FridgeType) (isClean ?o) (inReceptacle ?o ?r))))))
)
"""


def _house(goal: Goal | None = None) -> House:
    found = layout(PROBLEM)
    return House(found if goal is None else replace(found, goal=goal))


def test_a_kind_is_counted_from_its_last_id_and_listed_from_its_highest_number() -> None:
    assert _house().goto("desk 1") == "On the desk 1, you see a desklamp 1, a mug 2, and a mug 1."


def test_the_goal_is_reached_by_the_right_moves_in_the_right_order() -> None:
    house = _house()
    heard = [
        house.goto("desk 1"),
        house.take_from("mug 2", "desk 1"),
        house.goto("sinkbasin 1"),
        house.clean("mug 2", "sinkbasin 1"),
        house.goto("fridge 1"),
        house.put("mug 2", "fridge 1"),
        house.open_receptacle("fridge 1"),
    ]
    assert heard[1:] == [
        "You pick up the mug 2 from the desk 1.",
        "On the sinkbasin 1, you see nothing.",
        "You clean the mug 2 using the sinkbasin 1.",
        "The fridge 1 is closed.",
        NOTHING,
        "You open the fridge 1. The fridge 1 is open. In it, you see nothing.",
    ]
    assert not house.won
    assert house.put("mug 2", "fridge 1") == "You put the mug 2 in/on the fridge 1."
    assert house.won


@pytest.mark.parametrize(
    "move",
    [
        lambda house: house.goto("desk 9"),
        lambda house: house.goto(1),
        lambda house: house.goto(["desk 1"]),
        lambda house: house.goto("shelf 1"),
        lambda house: house.open_receptacle("fridge 1"),
        lambda house: house.open_receptacle("desk 1"),
        lambda house: house.close_receptacle("desk 1"),
        lambda house: house.take_from("mug 1", "fridge 1"),
        lambda house: house.take_from("desklamp 1", "desk 1"),
        lambda house: house.take_from("mug 1", "shelf 1"),
        lambda house: house.put("mug 1", "desk 1"),
        lambda house: house.put("", "desk 1"),
        lambda house: house.clean("mug 1", "desk 1"),
        lambda house: house.use("mug 1"),
        lambda house: house.toggle("desklamp 1"),
    ],
)
def test_a_vain_move_changes_nothing_and_counts(move: object) -> None:
    house = _house()
    house.goto("desk 1")
    assert callable(move)
    assert move(house) == NOTHING
    assert house.moves == 2


def test_hands_hold_one_thing_and_a_shelf_takes_no_mug() -> None:
    house = _house()
    house.goto("desk 1")
    house.take_from("mug 1", "desk 1")
    assert house.take_from("mug 2", "desk 1") == NOTHING
    assert house.put("mug 1", "shelf 1") == NOTHING
    assert house.clean("mug 1", "desk 1") == NOTHING


def test_what_is_heated_is_no_longer_cold() -> None:
    found = layout(PROBLEM)
    treatments: frozenset[Treatment] = frozenset({"heat", "cool"})
    things = {name: replace(thing, treatments=treatments) for name, thing in found.things.items()}
    places = {"fridge 1": found.places["fridge 1"]}
    places |= {"desk 1": found.places["desk 1"]}
    places |= {"microwave 1": replace(places["desk 1"], name="microwave 1", kind="microwave")}
    cold = Goal(kind="mug", place="desk", treatment="cool")
    house = House(
        replace(
            found, things=things, places=places, goal=cold, inside={"mug 1": frozenset({"desk 1"})}
        )
    )
    house.goto("desk 1")
    assert house.won  # it was cold from the start
    house = House(
        replace(
            found, things=things, places=places, goal=cold, inside={"mug 2": frozenset({"desk 1"})}
        )
    )
    house.goto("desk 1")
    house.take_from("mug 2", "desk 1")
    house.goto("fridge 1")
    house.cool("mug 2", "fridge 1")
    house.goto("microwave 1")
    house.heat("mug 2", "microwave 1")
    house.put("mug 2", "desk 1")
    assert not house.won


def test_a_thing_is_looked_at_under_a_lamp_that_was_switched_on() -> None:
    house = _house(Goal(kind="mug", lamp="desklamp"))
    house.goto("desk 1")
    house.use("desklamp 1")
    assert not house.won
    house.take_from("mug 1", "desk 1")
    assert house.won


def test_two_things_in_one_place_are_asked_for_where_the_goal_says_so() -> None:
    house = _house(Goal(kind="mug", place="desk", count=2))
    house.goto("fridge 1")
    assert house.won
    assert not _house(Goal(kind="mug", place="desk", count=3)).won


def test_a_game_ends_after_its_moves_and_stays_as_it_ended() -> None:
    house = _house()
    for _ in range(MOVES):
        assert not house.done
        house.look()
    assert house.done
    house.look()
    assert (house.moves, house.won) == (MOVES, False)


def test_looking_names_what_one_faces() -> None:
    house = _house()
    assert house.overview().endswith("a desk 1, a fridge 1, a shelf 1, and a sinkbasin 1.")
    assert house.look().endswith("you see nothing.")
    house.goto("desk 1")
    assert house.look() == "You are facing the desk 1, and shelf 1. Next to it, you see nothing."


def test_the_tools_are_shown_with_text_arguments() -> None:
    found = _house().toolbox()
    assert len(found) == 11
    assert found.find("put").signature == "put(object: str, receptacle: str) -> str"


def test_games_are_read_from_their_archive(tmp_path: Path) -> None:
    path = tmp_path / ARCHIVE
    path.parent.mkdir(parents=True)
    content = json.dumps({"pddl_problem": PROBLEM}).encode()
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("alfworld/valid/a_task-X/trial_1/game.tw-pddl")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    assert games(tmp_path)["a_task-X/trial_1"].goal == Goal(
        kind="mug", place="fridge", treatment="clean"
    )


def test_an_archive_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="alfworld_valid_unseen_134"):
        games(tmp_path)


@pytest.mark.parametrize(
    ("id", "wanted"),
    [
        ("pick_and_place_simple-Mug-None-Desk-1/t", Goal(kind="mug", place="desk")),
        ("pick_two_obj_and_place-CD-None-Safe-3/t", Goal(kind="cd", place="safe", count=2)),
        (
            "pick_heat_then_place_in_recep-Egg-None-Desk-3/t",
            Goal(kind="egg", place="desk", treatment="heat"),
        ),
        ("look_at_obj_in_light-Book-None-DeskLamp-3/t", Goal(kind="book", lamp="desklamp")),
    ],
)
def test_a_goal_is_read_from_the_games_id(id: str, wanted: Goal) -> None:
    assert goal(id) == wanted


def test_a_layout_is_gathered_from_what_a_run_saw() -> None:
    found: Layout = shown(
        "pick_and_place_simple-Mug-None-Desk-1/t",
        "You see a cabinet 1, a desk 1, and a fridge 1.",
        [
            "The cabinet 1 is closed.",
            "You open the cabinet 1. The cabinet 1 is open. In it, you see a mug 1.",
            "On the desk 1, you see nothing.\nOn the desk 1, you see a mug 1.",
        ],
    )
    assert found.inside == {"mug 1": frozenset({"cabinet 1"})}
    assert [place.openable for place in found.places.values()] == [True, False, True]


def test_an_id_of_no_game_is_named() -> None:
    with pytest.raises(DataError, match="'17'"):
        shown("17", "", [])
