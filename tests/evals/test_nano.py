"""The embedded model's measurement: which tasks, which rows, and whom it refuses."""

from __future__ import annotations

import pytest

from codeact.errors import ConfigError
from codeact.evals.nano import GATES, ROWS, Row, check_sides, drawn, measure, rows_of
from codeact.models.scripted import ScriptedModel
from codeact.tasks.families import held_out_hash
from codeact.tasks.families.expected import Number, Talk
from codeact.tasks.families.play import Played

pytestmark = pytest.mark.anyio

FAMILIES = ["factorial", "reverse"]


def knowing(row: str, n: int) -> ScriptedModel:
    """Writes the right way and the right number for each of the row's tasks."""
    replies: list[str] = []
    for instance in drawn(row, ["factorial"], n, seed=1):
        if isinstance(instance.expected, Talk):
            replies.append(instance.answer)
            continue
        assert isinstance(instance.expected, Number)
        right = [turn.code for turn in instance.way if not turn.wrong]
        replies += [f"<execute>\n{code}\n</execute>" for code in right]
        replies.append(f"It is {instance.expected.value}.")
    return ScriptedModel(replies)


@pytest.mark.parametrize("row", list(ROWS))
async def test_who_knows_the_way_solves_every_row(row: str) -> None:
    found = await measure(knowing(row, 4), row, families=["factorial"], n=4, seed=1)
    assert (found.n, found.successes) == (4, 4)


async def test_who_only_guesses_solves_nothing() -> None:
    model = ScriptedModel(["I do not know."] * 5)
    found = await measure(model, "instances", families=FAMILIES, n=5, seed=1)
    assert (found.n, found.successes) == (5, 0)
    assert not found.passes


async def test_each_episode_of_recovery_begins_with_an_action_that_failed() -> None:
    lived: list[Played] = []
    model = ScriptedModel(["I give up."] * 8)
    await measure(model, "recovery", families=FAMILIES, n=4, seed=1, told=lived.append)
    assert lived
    assert all(not played.trajectory.steps[0].observation.ok for played in lived)


async def test_the_families_are_counted_one_by_one() -> None:
    found = await measure(ScriptedModel(["no"] * 8), "instances", families=FAMILIES, n=8, seed=1)
    assert set(found.families) <= set(FAMILIES)
    assert sum(lived for _, lived in found.families.values()) == 8


async def test_an_unknown_row_is_refused() -> None:
    with pytest.raises(ConfigError, match="There are instances, wordings, names, recovery"):
        await measure(ScriptedModel([]), "all", families=None)


def test_no_two_requests_from_outside_are_the_same() -> None:
    said = [each.request for each in drawn("outside", FAMILIES, 200, seed=1)]
    assert len(set(said)) == 200


def test_who_never_learned_to_decline_is_not_measured_by_it() -> None:
    assert "outside" not in rows_of(FAMILIES)
    assert rows_of(["limits", *FAMILIES]) == rows_of(None) == tuple(ROWS)


def test_a_row_tells_its_interval() -> None:
    plain = Row("names", 100, 70, {}).plain()
    assert plain == {
        "row": "names",
        "n": 100,
        "successes": 70,
        "rate": 0.7,
        "low": 0.6042,
        "high": 0.7811,
    }
    assert Row("names", 100, 70, {}).passes
    assert Row("names", 0, 0, {}).rate == 0.0


def test_the_rows_draw_the_same_tasks_each_time() -> None:
    first = [each.request for each in drawn("names", FAMILIES, 5, seed=3)]
    assert first == [each.request for each in drawn("names", FAMILIES, 5, seed=3)]
    assert first != [each.request for each in drawn("names", FAMILIES, 5, seed=4)]


def test_every_row_is_held_out_from_training() -> None:
    assert all(axes.requests == "held" for row, axes in ROWS.items() if row != "outside")
    assert ROWS["outside"].wording == "held"
    assert set(GATES) == set(ROWS)


def test_a_model_that_was_trained_with_other_sides_is_refused() -> None:
    check_sides({"held_out": held_out_hash(FAMILIES), "families": FAMILIES})
    with pytest.raises(ConfigError, match="other held-out sides"):
        check_sides({"held_out": "something else", "families": FAMILIES})


def test_a_model_of_families_that_are_gone_is_refused() -> None:
    with pytest.raises(ConfigError, match="other held-out sides"):
        check_sides({"held_out": held_out_hash(), "families": ["gone"]})
