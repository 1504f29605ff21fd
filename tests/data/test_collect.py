"""Collecting: agents and oracles live problems, each trajectory is judged, kept and resumed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from codeact import trajectory as trajectories
from codeact.agent import Agent
from codeact.data.collect import (
    begin,
    collect,
    collect_from_oracles,
    kernel,
    manifest_of,
    outcome,
)
from codeact.data.conversations import of_trajectory
from codeact.errors import ConfigError, DataError, ModelError
from codeact.formats import by_name
from codeact.messages import Completion
from codeact.models.scripted import ScriptedModel
from codeact.tasks import sources
from codeact.tasks.families.instances import Turn
from codeact.tasks.problems import Asked, Problem, examined

pytestmark = pytest.mark.anyio


async def _is_four(answer: str) -> bool:
    return answer == "4"


def _problem(id: str) -> Problem:
    return examined(id, "sums", lambda: Asked(text="Two and two?", judge=_is_four))


def _agent(*replies: str | Completion | Exception, format: str = "code") -> Agent:
    return Agent(
        model=ScriptedModel(replies), format=by_name(format), max_steps=2, final_turn=False
    )


def _outcomes(path: Path) -> dict[str, str]:
    return {each.metadata["task"]: outcome(each) for each in trajectories.read(path)}


async def test_failures_are_kept_and_labelled(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    wrong = ("<solution>3</solution>",) * 2
    idle = ("<execute>\n1\n</execute>",) * 2
    agent = _agent("<solution>4</solution>", *wrong, *idle, ModelError("no network"))
    problems = [_problem(name) for name in ("right", "wrong", "idle", "lost")]
    await collect(agent, problems, path=path, concurrency=1)
    assert _outcomes(path) == {
        "right": "solved",
        "wrong": "wrong",
        "idle": "step_limit",
        "lost": "failed",
    }
    assert {each.metadata["source"] for each in trajectories.read(path)} == {"sums"}


async def test_a_collection_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    problems = [_problem("one"), _problem("two")]
    agent = _agent("<solution>4</solution>", ModelError("no network"))
    await collect(agent, problems, path=path, concurrency=1)
    again = _agent("<solution>4</solution>")  # a second request would fail
    await collect(again, problems, path=path, concurrency=1)
    assert _outcomes(path) == {"one": "solved", "two": "solved"}


async def test_another_format_can_be_collected(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    await collect(_agent("<solution>4</solution>", format="json"), [_problem("one")], path=path)
    (found,) = trajectories.read(path)
    assert (found.metadata["format"], outcome(found)) == ("json", "solved")


@pytest.mark.parametrize(("said", "label"), [("{out}", "solved"), ("banana", "wrong")])
async def test_a_model_is_judged_on_the_families(tmp_path: Path, said: str, label: str) -> None:
    (problem,) = sources.load("families", count=1, families=["list_sum"], repairs=0.0)
    assert problem.instance is not None
    code = problem.instance.way[0].code
    async with kernel() as interpreter:
        out = (await interpreter.execute(code)).text.strip()
    agent = _agent(f"<execute>\n{code}\n</execute>", said.replace("{out}", out))
    await collect(agent, [problem], path=tmp_path / "all.jsonl")
    assert list(_outcomes(tmp_path / "all.jsonl").values()) == [label]


async def test_oracles_solve_their_tasks_and_mask_their_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    problems = sources.load("families", count=9, families=["list_sum", "average"], repairs=1.0)
    await collect_from_oracles(problems, path=path)
    found = list(trajectories.read(path))
    assert {outcome(each) for each in found} == {"solved"}
    masked = [each for each in found if each.metadata.get("masked_steps")]
    assert masked
    for each in masked:
        replies = [said for said in of_trajectory(each).said if said.role == "assistant"]
        wrong = {int(n) for n in each.metadata["masked_steps"].split()}
        assert [not reply.learned for reply in replies] == [n in wrong for n in range(len(replies))]


async def test_a_mistake_that_does_not_fail_is_no_solution(tmp_path: Path) -> None:
    (problem,) = sources.load("families", count=1, families=["list_sum"], repairs=0.0)
    assert problem.instance is not None
    harmless = Turn(code="print('no mistake at all')", wrong=True)
    instance = dataclasses.replace(problem.instance, way=(harmless, *problem.instance.way))
    spoilt = dataclasses.replace(problem, instance=instance)
    await collect_from_oracles([spoilt], path=tmp_path / "all.jsonl")
    assert list(_outcomes(tmp_path / "all.jsonl").values()) == ["unsound"]


async def test_an_oracles_collection_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    problems = sources.load("families", count=4, seed=7)
    await collect_from_oracles(problems[:2], path=path)
    first = path.read_text()
    await collect_from_oracles(problems, path=path)
    assert path.read_text().startswith(first)
    assert len(path.read_text().splitlines()) == 4


async def test_other_tasks_have_no_oracle(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="synthetic families only"):
        await collect_from_oracles([_problem("one")], path=tmp_path / "all.jsonl")


def test_a_collection_that_is_made_otherwise_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    begin(path, {"seed": 1, "count": 2})
    begin(path, {"seed": 1, "count": 3})
    assert json.loads(manifest_of(path).read_text())["count"] == 3
    with pytest.raises(ConfigError, match="seed 1, and this one has 2"):
        begin(path, {"seed": 2, "count": 3})


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    path.write_text("mine")
    with pytest.raises(ConfigError, match="it was not collected"):
        begin(path, {"seed": 1})
    manifest_of(path).write_text("{")
    with pytest.raises(DataError, match="is no JSON"):
        begin(path, {"seed": 1})
