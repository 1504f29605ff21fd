"""Expert iteration: what is learned, what is measured, and which weights are kept."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from codeact.errors import ConfigError, DataError
from codeact.evals.nano import SEED, drawn
from codeact.flywheel import Measured, Plan, Round, improve, successes
from codeact.models import Model
from codeact.models.scripted import ScriptedModel
from codeact.tasks.families import Axes, Instance, instances
from codeact.tasks.families.play import Played, play
from codeact.trajectory import Trajectory

PLAN = Plan(rounds=1, count=3, n=4, replay=1.0)


def names() -> tuple[str, ...]:
    from codeact.tasks.families import families

    return tuple(each.name for each in families())


async def lived(*, repairs: float = 0.0, count: int = 6) -> list[Played]:
    return [each async for each in play(instances(3, count, Axes(repairs=repairs)))]


def measured(solved: int, n: int = 100) -> Measured:
    return Measured(solved=tuple(f"task {k}" for k in range(solved)), n=n)


def test_a_fall_counts_when_chance_does_not_explain_it() -> None:
    assert measured(60).fell_from(measured(80))
    assert not measured(78).fell_from(measured(80))
    assert not measured(80).fell_from(measured(60))


def test_the_same_number_on_other_tasks_is_no_fall() -> None:
    other = Measured(solved=tuple(f"task {k}" for k in range(50, 100)), n=100)
    assert not other.fell_from(measured(50))


@pytest.mark.anyio
async def test_only_solved_episodes_are_learned() -> None:
    found = await lived()
    spoiled = [dataclasses.replace(found[0], solved=False), *found[1:]]
    assert len(successes(spoiled)) == len(successes(found)) - 1


@pytest.mark.anyio
async def test_actions_that_failed_are_read_and_not_learned() -> None:
    found = [each for each in await lived(repairs=1.0, count=12) if each.solved and each.sound]
    stumbled = [e for e in found if not all(s.observation.ok for s in e.trajectory.steps)]
    assert stumbled
    for before, after in zip(stumbled, successes(stumbled), strict=True):
        wrong = [n for n, step in enumerate(before.trajectory.steps) if not step.observation.ok]
        assert after.metadata["masked_steps"] == " ".join(map(str, wrong))


class Learner:
    """Notes what it is given and hands on a folder of its own."""

    def __init__(self) -> None:
        self.given: list[tuple[Path, int]] = []

    def __call__(self, start: Path, found: Sequence[Trajectory], folder: Path) -> Path:
        self.given.append((start, len(found)))
        return folder / "model"


def answering(text: str) -> Model:
    return ScriptedModel([text] * 100)


async def oracles(cases: Iterable[Instance]) -> list[str]:
    """What the oracles say of their own, not the mistakes that they are made to begin with."""
    found = []
    async for each in play(cases):
        wrong = {n for n, turn in enumerate(each.instance.way) if turn.wrong}
        steps = enumerate(each.trajectory.steps)
        found += [step.completion.text for n, step in steps if n not in wrong]
    return found


@pytest.mark.anyio
@pytest.mark.parametrize("falls", [True, False])
async def test_weights_are_kept_unless_the_general_split_falls(falls: bool, tmp_path: Path) -> None:
    target = names()[:1]
    plan = Plan(rounds=1, count=3, families=target, n=8, replay=2.0)
    able = await oracles(drawn("instances", target, 8, SEED))
    general = await oracles(drawn("instances", names()[1:], 8, SEED))
    lives = await oracles(instances(plan.seed * 1_000 + 1, 3, Axes(), target))
    after = ["No."] * 8 if falls else general
    scripts = iter([[], able + general, lives, able + after])
    learner = Learner()
    first, second = await improve(
        tmp_path / "start",
        tmp_path / "out",
        plan,
        learn=learner,
        open_model=lambda folder: ScriptedModel(next(scripts)),
    )
    assert (len(first.general.solved), len(second.target.solved)) == (8, 8)
    assert (second.lived, second.kept) == (3, 3)
    assert learner.given == [(tmp_path / "start", second.kept + second.replayed)]
    assert second.accepted is not falls
    new = tmp_path / "out" / "round-1" / "model"
    assert second.model == (tmp_path / "start" if falls else new)


@pytest.mark.anyio
async def test_without_a_success_it_ends_and_says_why(tmp_path: Path) -> None:
    family = names()[0]
    plan = dataclasses.replace(PLAN, families=(family,))
    with pytest.raises(ConfigError, match="none of 3 episodes was solved"):
        await improve(
            tmp_path / "start",
            tmp_path / "out",
            plan,
            learn=Learner(),
            open_model=lambda folder: answering("I do not know."),
        )


@pytest.mark.anyio
async def test_what_the_folder_holds_is_told_and_not_done_again(tmp_path: Path) -> None:
    plan = dataclasses.replace(PLAN, families=(names()[0],), rounds=1)
    learner = Learner()
    for _ in range(2):
        with pytest.raises(ConfigError, match="Round 1"):
            await improve(
                tmp_path / "start",
                tmp_path / "out",
                plan,
                learn=learner,
                open_model=lambda folder: answering("No."),
            )
    [line] = (tmp_path / "out" / "rounds.jsonl").read_text().splitlines()
    record = json.loads(line)
    assert record["number"] == 0
    assert record["general"]["n"] == 4
    assert record["general"]["low"] <= record["general"]["high"]


@pytest.mark.anyio
async def test_another_plan_does_not_go_on_in_the_folder(tmp_path: Path) -> None:
    told: list[Round] = []
    plan = dataclasses.replace(PLAN, rounds=0)
    for changed in (plan, dataclasses.replace(plan, rounds=0)):
        await improve(
            tmp_path,
            tmp_path / "out",
            dataclasses.replace(changed, families=(names()[0],)),
            learn=Learner(),
            open_model=lambda folder: answering("No."),
            told=told.append,
        )
    assert [each.number for each in told] == [0, 0]
    with pytest.raises(ConfigError, match="another improvement"):
        await improve(
            tmp_path,
            tmp_path / "out",
            dataclasses.replace(plan, families=(names()[0],), n=9),
            learn=Learner(),
            open_model=lambda folder: answering("No."),
        )


@pytest.mark.anyio
async def test_a_target_of_all_families_leaves_nothing_to_watch(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing is left to watch"):
        await improve(
            tmp_path,
            tmp_path / "out",
            dataclasses.replace(PLAN, families=names()),
            learn=Learner(),
            open_model=lambda folder: answering("No."),
        )


@pytest.mark.anyio
async def test_a_damaged_line_of_rounds_is_named(tmp_path: Path) -> None:
    (tmp_path / "rounds.jsonl").write_text("{}\n")
    with pytest.raises(DataError, match=r"rounds\.jsonl"):
        await improve(
            tmp_path,
            tmp_path,
            dataclasses.replace(PLAN, families=(names()[0],)),
            learn=Learner(),
            open_model=lambda folder: answering("No."),
        )
