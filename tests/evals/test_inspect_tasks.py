"""The same replies get the same scores through Inspect and through our own engine."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import anyio
import pytest
from inspect_ai import eval as evaluate
from inspect_ai.model import ModelOutput, ModelUsage, get_model

from codeact.errors import ConfigError
from codeact.evals.catalogue import Choice, opened
from codeact.evals.inspect_tasks import gsm8k, m3tooleval
from codeact.evals.runs import run, scores
from codeact.models.scripted import ScriptedModel
from tests.evals import question_files

pytestmark = [
    pytest.mark.filterwarnings("default"),  # Inspect's own
    pytest.mark.timeout(60),
]

LOOK = 'Action: {"tool": "view", "args": []} End Action'
SHORT = ["message_decoder/longest_decoded_string", "web_browsing/people_in_sales"]
REPLIES = ["Answer: 1", LOOK, "Answer: 4"]


def _output(text: str) -> ModelOutput:
    """With its tokens, which Inspect would else count with a file from the network."""
    output = ModelOutput.from_content("mockllm/model", text)
    output.usage = ModelUsage(input_tokens=8, output_tokens=2, total_tokens=10)
    return output


def _inspected(folder: Path, task: Any, replies: list[str], **more: Any) -> Any:
    model = get_model("mockllm/model", custom_outputs=[*map(_output, replies)], memoize=False)
    (log,) = evaluate(
        task, model=model, max_samples=1, display="none", log_dir=str(folder / "logs"), **more
    )
    assert log.status == "success"
    return log


async def _ours(folder: Path) -> dict[str, dict[str, Any]]:
    benchmark = opened("m3tooleval", Choice())
    tasks = [task for task in benchmark.tasks() if task.id in SHORT]
    order = [task.id for task in tasks]
    assert order == SHORT
    model = ScriptedModel(REPLIES)
    await run(benchmark, model, ["json"], out=folder, tasks=tasks, epochs=1, concurrency=1)
    return {
        task: {"first": score.first, "turns": score.turns, "kind": score.kind}
        for (task, _), score in scores(benchmark, tasks, 1, folder / "json.jsonl").items()
    }


def test_scores_are_those_of_our_own_engine(tmp_path: Path) -> None:
    log = _inspected(tmp_path, m3tooleval(format="json"), REPLIES, sample_id=SHORT, epochs=1)
    theirs = {sample.id: sample.scores["graded"].metadata for sample in log.samples}
    assert theirs == anyio.run(_ours, tmp_path / "ours")
    assert sorted(sample.scores["graded"].value for sample in log.samples) == [0, 1]


def test_the_log_shows_what_the_model_saw(tmp_path: Path) -> None:
    log = _inspected(tmp_path, m3tooleval(format="json"), REPLIES, sample_id=SHORT, epochs=1)
    sample = next(each for each in log.samples if each.id == SHORT[1])
    assert [message.role for message in sample.messages] == [
        "user",
        "assistant",
        "user",
        "assistant",
    ]


def test_a_public_set_is_a_task_of_inspect(tmp_path: Path) -> None:
    files = question_files.write(tmp_path / "files")
    log = _inspected(tmp_path, gsm8k(format="json", data_dir=str(files)), ["It is 4."])
    assert log.results.scores[0].metrics["accuracy"].value == 1.0


def test_a_domain_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="No task of m3tooleval is of the domain 'cooking'"):
        m3tooleval(domain="cooking")


def test_inspect_finds_the_tasks_by_their_entry_point() -> None:
    assert [each.value for each in entry_points(group="inspect_ai") if each.name == "codeact"] == [
        "codeact.evals.inspect_tasks"
    ]
