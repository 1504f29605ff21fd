"""Recorded runs of MINT are judged from what the model wrote, and from nothing else."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from codeact.errors import DataError
from codeact.evals.replay import proposals, replay, summed
from codeact.evals.replay_alfworld import code_of, solved
from codeact.tasks.alfworld import Goal, Layout, Place, Thing
from codeact.tasks.mint import kernel
from codeact.tasks.mint_records import read
from tests import recorded

pytestmark = pytest.mark.anyio

GAME = "pick_and_place_simple-Mug-None-Desk-1/trial_1"
ROOM = "You are in the middle of a room. You see a desk 1, and a shelf 1."
FETCH = """<execute>
goto("shelf 1")
print(take_from("mug 1", "shelf 1"))
goto("desk 1")
print(put("mug 1", "desk 1"))
</execute>"""
SEEN = "Observation:\nOn the shelf 1, you see a mug 1.\nYou have 4 steps left."
LOOK = '<execute>print(goto("shelf 1"))</execute>'
TABLE = {
    "CodeActAgent-Mistral-7b-v0.1": (57.4, 32.4),
    "gpt-3.5-turbo-0613": (33.9, 38.2),
    "claude-2": (24.2, 54.0),
    "claude-instant-1": (39.0, 52.1),
}


def _run(
    *said: str, reference: Any = "4", id: str = "1", prompt: str = "?", **state: Any
) -> dict[str, Any]:
    """A record: the model's replies and what it was told, by turns."""
    roles = ("assistant", "user")
    history = [{"role": "user", "content": prompt}]
    history += [{"role": roles[n % 2], "content": text} for n, text in enumerate(said)]
    task = {"task_id": id, "prompt": prompt, "reference": reference, "metadata": {}}
    return {"state": {"history": history, **state}, "task": task}


def _write(path: Path, records: Iterable[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(record) + "\n" for record in records)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")


RIGHT = _run("<solution>4</solution>", success=True)
WRONG = _run("<solution>5</solution>", "No.", "<solution>6</solution>", id="2", success=False)


def _samples(folder: Path) -> None:
    _write(folder / "m" / "gsm8k.jsonl.gz", [RIGHT, WRONG])
    mbpp = _run("<solution>f = lambda: 1</solution>", reference="assert f() == 1", success=True)
    _write(folder / "m" / "mbpp.jsonl.gz", [mbpp])
    _write(folder / "m" / "math.jsonl.gz", [_run("<solution>9</solution>", success=False)])
    game = _run(LOOK, SEEN, FETCH, id=GAME, prompt=ROOM, reference="", success=True)
    _write(folder / "m" / "alfworld.jsonl.gz", [game])


async def test_runs_are_averaged_over_the_two_groups_of_kinds(tmp_path: Path) -> None:
    _samples(tmp_path)
    found = (await replay(tmp_path))["m"].plain()
    assert (found["id"], found["od"], found["disagreements"]) == (50.0, 66.7, [])
    assert found["kinds"]["gsm8k"] == {"n": 2, "solved": 1}


async def test_a_recorded_verdict_changes_no_score(tmp_path: Path) -> None:
    _samples(tmp_path / "as")
    for path in (tmp_path / "as" / "m").iterdir():
        records = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
        without, turned = copy.deepcopy(records), copy.deepcopy(records)
        for record in without:
            del record["state"]["success"]
        for record in turned:
            record["state"]["success"] = not record["state"]["success"]
        _write(tmp_path / "without" / "m" / path.name, without)
        _write(tmp_path / "turned" / "m" / path.name, turned)
    scores = [(await replay(tmp_path / name))["m"].plain() for name in ("as", "without", "turned")]
    listed = [score.pop("disagreements") for score in scores]
    assert scores[0] == scores[1] == scores[2]
    assert [len(each) for each in listed] == [0, 0, 5]


async def test_another_answer_flips_the_verdict(tmp_path: Path) -> None:
    _write(tmp_path / "m" / "gsm8k.jsonl", [_run("<solution>44</solution>", success=True)])
    found = (await replay(tmp_path))["m"]
    assert (found.od, found.id, found.disagreements) == (0.0, None, ("gsm8k/1",))


async def test_the_kind_is_read_from_the_folders_too(tmp_path: Path) -> None:
    _write(tmp_path / "m" / "F=None" / "max5" / "reasoning" / "gsm8k" / "results.jsonl", [RIGHT])
    _write(tmp_path / "m" / "notes.jsonl", [])
    assert [(each.model, each.kind) for each in read(tmp_path)] == [("m", "gsm8k")]


def test_a_single_models_folder_is_named_after_itself(tmp_path: Path) -> None:
    _write(tmp_path / "m" / "gsm8k.jsonl", [RIGHT])
    assert [each.model for each in read(tmp_path / "m")] == ["m"]


def test_two_proposals_within_five_replies_count() -> None:
    three = [f"<solution>{n}</solution>" for n in range(3)]
    assert proposals(three) == ["0", "1"]
    assert proposals(["…", "…", "…", "…", "…", "<solution>4</solution>"]) == []
    assert proposals(["<solution>open", "<solution>1</solution>"]) == ["", "1"]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"{}\n", "line 1 is no recorded run"),
        (b"{\n", "line 1 is no recorded run"),
        (b"\xff\n", "cannot be read"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "m" / "math.jsonl"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(DataError, match=what):
        list(read(tmp_path))


async def test_a_folder_without_runs_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no recorded runs"):
        await replay(tmp_path)


async def test_a_game_that_is_none_is_an_error_of_the_data(tmp_path: Path) -> None:
    _write(tmp_path / "m" / "alfworld.jsonl", [_run(*[LOOK, SEEN] * 4, LOOK, id="17")])
    with pytest.raises(DataError, match="17"):
        await replay(tmp_path)


def test_a_reply_that_proposes_runs_no_code() -> None:
    assert code_of("<execute>a</execute> <execute> b </execute>") == "a\nb"
    assert code_of("<execute>a</execute><solution>b</solution>") == ""


def _layout() -> Layout:
    places = [Place(name=f"{kind} 1", kind=kind, spot=kind) for kind in ("desk", "shelf")]
    return Layout(
        places={place.name: place for place in places},
        things={"mug 1": Thing(name="mug 1", kind="mug")},
        inside={"mug 1": frozenset({"shelf 1"})},
        room=frozenset({("desk", "mug")}),
        goal=Goal(kind="mug", place="desk"),
    )


async def _lived(*replies: str, game: bool = True, cut_short: bool = False) -> bool:
    return await solved(
        GAME,
        ROOM,
        "",
        replies,
        [SEEN],
        cut_short=cut_short,
        layouts={GAME: _layout()} if game else None,
        open_interpreter=kernel,
    )


async def test_a_games_actions_are_lived_again() -> None:
    assert await _lived(LOOK, FETCH)
    assert not await _lived(LOOK, FETCH.replace("put(", "str.join("))
    assert not await _lived("<solution>done</solution>", "<solution>done</solution>", FETCH)
    assert not await _lived("I do not know.")


async def test_without_the_game_the_last_step_is_lived_in_what_was_seen() -> None:
    four = [LOOK] * 4
    assert await _lived(*four, FETCH, game=False)
    assert not await _lived(*four, LOOK, game=False)


async def test_without_the_game_an_early_end_after_an_action_is_the_environments() -> None:
    assert await _lived(LOOK, LOOK, game=False)
    assert not await _lived(LOOK, LOOK, game=False, cut_short=True)
    assert not await _lived("<solution>done</solution>", game=False)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_public_runs_come_to_the_papers_table() -> None:
    found = summed(recorded.runs())
    assert {name: (each.plain()["id"], each.plain()["od"]) for name, each in found.items()} == TABLE
    assert not any(each.disagreements for each in found.values())
