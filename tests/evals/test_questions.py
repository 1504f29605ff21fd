"""Questions with known answers: which proposals count, and who judges them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from codeact.errors import ConfigError, ContextOverflow, ModelError
from codeact.evals import Score, Suite
from codeact.evals.catalogue import Choice, as_made, opened
from codeact.evals.no_interpreter import NoInterpreter
from codeact.evals.question_sets import OPENERS
from codeact.evals.runs import run, scores
from codeact.models.scripted import ScriptedModel
from codeact.rollout import rollout
from tests.evals import question_files

pytestmark = pytest.mark.anyio

SETS = list(OPENERS)
TEXT_SETS = ["gsm8k", "gsm-hard", "math"]


async def _score(name: str, folder: Path, replies: Sequence[str | Exception]) -> Score:
    benchmark = opened(name, Choice(data_dir=question_files.write(folder)))
    agent = benchmark.agent(ScriptedModel(replies), "json")
    task = benchmark.tasks()[0]
    return benchmark.score(task, await rollout(agent, task, NoInterpreter))


@pytest.mark.parametrize("name", TEXT_SETS)
async def test_a_right_answer_is_right_at_once(name: str, tmp_path: Path) -> None:
    score = await _score(name, tmp_path, ["It is \\boxed{4}."])
    assert (score.solved, score.first, score.kind) == (True, True, "solved")


@pytest.mark.parametrize("name", TEXT_SETS)
async def test_only_the_first_answer_counts(name: str, tmp_path: Path) -> None:
    score = await _score(name, tmp_path, ["5"])
    assert (score.solved, score.turns, score.kind) == (False, 1, "wrong_answer")


async def test_mint_hears_a_second_proposal(tmp_path: Path) -> None:
    replies = ["Let me see.", "<solution>5</solution>", "<solution>4</solution>"]
    score = await _score("mint", tmp_path, replies)
    assert (score.solved, score.first, score.turns) == (True, False, 3)


async def test_mint_hears_no_third_proposal(tmp_path: Path) -> None:
    score = await _score("mint", tmp_path, ["<solution>5</solution>", "<solution>6</solution>"])
    assert (score.solved, score.turns, score.kind) == (False, 2, "wrong_answer")


async def test_five_replies_without_a_proposal_end_an_episode(tmp_path: Path) -> None:
    score = await _score("mint", tmp_path, ["Let me see."] * 5)
    assert (score.turns, score.kind) == (5, "step_limit")


@pytest.mark.parametrize(
    ("end", "kind"),
    [(ContextOverflow("too long"), "context_limit"), (ModelError("503"), "failed")],
)
async def test_a_full_context_is_told_from_a_providers_failure(
    tmp_path: Path, end: Exception, kind: str
) -> None:
    assert (await _score("gsm8k", tmp_path, [end])).kind == kind


async def test_a_full_context_counts_as_unsolved_and_a_failure_does_not(tmp_path: Path) -> None:
    benchmark = opened("gsm8k", Choice(data_dir=question_files.write(tmp_path)))
    model = ScriptedModel([ContextOverflow("too long"), ModelError("503")])
    tallies = await run(benchmark, model, ["json"], out=tmp_path / "out", epochs=2, concurrency=1)
    assert (tallies["json"].n, tallies["json"].solved, tallies["json"].failed) == (1, 0, 1)


@pytest.mark.parametrize("name", ["humaneval", "mbpp"])
async def test_a_program_is_judged_by_its_tests(name: str, tmp_path: Path) -> None:
    right = "```python\ndef twice(x):\n    return 2 * x\n```"
    wrong = "```python\ndef twice(x):\n    return x\n```"
    assert (await _score(name, tmp_path, [right])).solved
    assert not (await _score(name, tmp_path, [wrong])).solved


@pytest.mark.parametrize("name", SETS)
async def test_gold_answers_reach_everything(name: str, tmp_path: Path) -> None:
    benchmark = opened(name, Choice(data_dir=question_files.write(tmp_path)))
    known = [row["id"] for row in benchmark.listing() if row["answer"] is not None]
    tasks = [task for task in benchmark.tasks() if task.id in known]
    model = benchmark.reference("code", tasks).model
    tallies = await run(benchmark, model, ["code"], out=tmp_path / "out", tasks=tasks)
    assert (tallies["code"].n, tallies["code"].solved) == (len(tasks), len(tasks))


async def test_a_household_has_no_gold_answer(tmp_path: Path) -> None:
    benchmark = opened("mint", Choice(data_dir=question_files.write(tmp_path)))
    with pytest.raises(ConfigError, match="no answer to 1 of the chosen tasks, of alfworld"):
        benchmark.reference("code", benchmark.tasks())


@pytest.mark.parametrize("name", SETS)
def test_missing_files_are_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--data-dir.*CODEACT_DATA"):
        opened(name, Choice())
    with pytest.raises(ConfigError, match="is not there"):
        opened(name, Choice(data_dir=tmp_path))


def test_a_grader_belongs_to_m3tooleval_alone(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="gsm8k has no grader"):
        opened("gsm8k", Choice(data_dir=tmp_path, grader="paper"))


def test_an_unknown_benchmark_is_refused_with_all_names() -> None:
    with pytest.raises(ConfigError, match=r"no benchmark 'morse'\. There are m3tooleval, .*gsm8k"):
        as_made({"benchmark": "morse"}, Choice())


@pytest.mark.skipif("CODEACT_DATA" not in os.environ, reason="needs CODEACT_DATA")
@pytest.mark.parametrize(("name", "count"), [("gsm8k", 1319), ("gsm-hard", 1319), ("math", 5000)])
async def test_all_public_gold_answers_are_right(name: str, count: int, tmp_path: Path) -> None:
    benchmark: Suite = opened(name, Choice(data_dir=Path(os.environ["CODEACT_DATA"])))
    model = benchmark.reference("json", benchmark.tasks()).model
    await run(benchmark, model, ["json"], out=tmp_path)
    found = scores(benchmark, benchmark.tasks(), 1, tmp_path / "json.jsonl")
    wrong = [task for (task, _), score in found.items() if not score.solved]
    assert (len(found), wrong) == (count, [])


def test_a_list_is_json_data(tmp_path: Path) -> None:
    benchmark = opened("gsm8k", Choice(data_dir=question_files.write(tmp_path)))
    assert json.loads(json.dumps(benchmark.listing())) == [
        {"id": "gsm8k/0", "domain": "gsm8k", "answer": "4"}
    ]
