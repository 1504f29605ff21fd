"""The front door: from a task to its result, with all that it opens closed again."""

from __future__ import annotations

import contextvars
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import BaseModel

from codeact.door import Folder, Result, ask, run
from codeact.errors import AgentFailed, ConfigError, ModelError
from codeact.events import ActionParsed, Event, StepFinished
from codeact.formats import by_name
from codeact.halting import Budget
from codeact.interpreter.sandbox import Mode, SandboxPolicy
from codeact.messages import Media, Sampling
from codeact.models.scripted import ScriptedModel
from codeact.trajectory import StopReason, read
from tests.loopback import Loopback, Reply
from tests.stage import act, double

LANGUAGE = contextvars.ContextVar("LANGUAGE", default="none")


class City(BaseModel):
    name: str
    people: int


def play(*replies: str | Exception, **options: Any) -> Result:
    model = ScriptedModel(replies)
    result = run("Go.", model=model, cell_seconds=10.0, **options)
    model.verify()
    return result


def test_a_task_becomes_an_answer_from_plain_code() -> None:
    result = play(act("double(21)"), "It is 42.", tools=[double])
    assert (result.answer, result.output) == ("It is 42.", None)
    assert result.trajectory.steps[0].observation.text.strip() == "42"
    assert result.stop_reason is StopReason.ANSWERED
    assert result.usage == result.trajectory.usage
    assert result.usage.total_tokens > 0


@pytest.mark.parametrize(("mode", "stands"), [("required", True), ("off", False)])
def test_the_record_says_which_walls_stood(mode: Mode, stands: bool, tmp_path: Path) -> None:
    policy = SandboxPolicy(mode=mode)
    play(act("1"), "Done.", sandbox=policy, record=tmp_path)
    (recorded,) = read(tmp_path / "trajectories.jsonl")
    assert (recorded.setting["sandbox"]["tier"] != "none") is stands


def test_a_task_is_done_inside_a_running_loop() -> None:
    async def notebook() -> Result:
        return play(act("double(21)"), "42", tools=[double])

    assert anyio.run(notebook).answer == "42"


@pytest.mark.anyio
async def test_asynchronous_code_awaits_the_result() -> None:
    result = await ask("Go.", model=ScriptedModel(["Done."]))
    assert result.answer == "Done."


def language() -> str:
    return LANGUAGE.get()


async def language_later() -> str:
    await anyio.lowlevel.checkpoint()
    return LANGUAGE.get()


@pytest.mark.parametrize("tool", [language, language_later])
@pytest.mark.parametrize("inside", [False, True])
def test_tools_see_the_callers_context(tool: Callable[[], Any], inside: bool) -> None:
    def script() -> str:
        LANGUAGE.set("French")
        reply = f'{{"tool": "{tool.__name__}"}}'
        result = play(reply, "Done.", tools=[tool], format="json")
        return result.trajectory.steps[0].observation.text

    async def notebook() -> str:
        return script()

    heard = anyio.run(notebook) if inside else contextvars.copy_context().run(script)
    assert heard == "French"


INTERRUPTED = """
import asyncio
import anyio
import codeact

async def wait():
    print("waiting", flush=True)
    try:
        await anyio.sleep_forever()
    finally:
        print("cancelled", flush=True)

async def notebook():
    model = codeact.ScriptedModel(['{"tool": "wait"}'])
    try:
        codeact.run("Go.", model=model, tools=[wait], format="json")
    except KeyboardInterrupt:
        print("interrupted", flush=True)

asyncio.new_event_loop().run_until_complete(notebook())  # as a notebook's loop, deaf to Ctrl-C
"""


def test_an_interrupt_in_a_notebook_cancels_the_run() -> None:
    program = [sys.executable, "-c", INTERRUPTED]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "waiting\n"
        os.kill(child.pid, signal.SIGINT)
        assert child.stdout.read().split() == ["cancelled", "interrupted"]


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    path = tmp_path / "prices.csv"
    path.write_text("tea,3.5\n")
    return path


def test_files_are_brought_in_and_new_ones_reported(prices: Path, tmp_path: Path) -> None:
    work = tmp_path / "new" / "work"
    code = "text = open('prices.csv').read()\nopen('sum.txt', 'w').write(text.upper())"
    result = play(act(code), "Done.", files=[str(prices)], workspace=str(work))
    assert result.files == (work / "sum.txt",)
    assert (work / "sum.txt").read_text() == "TEA,3.5\n"
    assert result.workspace == work


def test_changed_files_are_reported_and_the_originals_kept(prices: Path, tmp_path: Path) -> None:
    code = "open('prices.csv', 'a').write('cake,4.2\\n')\nimport os\nos.makedirs('.hidden')\n"
    code += "os.makedirs('deep/er')\nopen('deep/er/x', 'w').close()\nopen('.hidden/x', 'w').close()"
    result = play(act(code), "Done.", files=[prices], workspace=tmp_path / "w")
    assert result.files == (tmp_path / "w" / "deep/er/x", tmp_path / "w" / "prices.csv")
    assert prices.read_text() == "tea,3.5\n"


def test_the_model_is_told_which_files_came(prices: Path, tmp_path: Path) -> None:
    result = play("Done.", files=[prices], workspace=tmp_path / "w")
    assert result.trajectory.prompt[-1].content.endswith(
        "[Files in the working folder: prices.csv]"
    )


def test_a_run_can_be_recorded_with_what_explains_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "sk-secret-of-the-user")
    heard: list[Event] = []
    replies = (act("'sk-secret-' + 'of-the-user'"), "sk-secret-of-the-user")
    result = play(*replies, record=tmp_path / "run", emit=heard.append, max_steps=5)
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert (config["model"], config["format"], config["max_steps"]) == ("scripted", "code", 5)
    assert "codeact" in config["versions"]
    (kept,) = read(tmp_path / "run" / "trajectories.jsonl")
    assert len(kept.steps) == len(result.trajectory.steps) == 2
    assert kept.answer == "[redacted]"
    assert any(isinstance(event, StepFinished) for event in heard)


def test_a_file_of_the_workspace_need_not_be_brought(prices: Path) -> None:
    result = play("Done.", files=[prices], workspace=prices.parent)
    assert result.files == ()
    assert prices.read_text() == "tea,3.5\n"


def test_a_temporary_workspace_with_new_files_is_kept() -> None:
    result = play(act("open('made.txt', 'w').close()"), "Done.")
    assert result.files == (result.workspace / "made.txt",)
    assert result.files[0].exists()
    shutil.rmtree(result.workspace)


def test_a_temporary_workspace_without_new_files_is_removed(prices: Path) -> None:
    result = play(act("open('prices.csv').read()"), "Done.", files=[prices])
    assert result.files == ()
    assert not result.workspace.exists()


@pytest.mark.parametrize(
    ("second", "complaint"),
    [
        ("no.csv", "There is no file '.*no.csv' to"),
        ("prices.csv", "Two files are named 'prices.csv'"),
    ],
)
def test_files_that_cannot_be_brought_leave_nothing_behind(
    prices: Path, second: str, complaint: str
) -> None:
    other = prices.parent / "other"
    other.mkdir()
    shutil.copy(prices, other)
    with Folder(None) as folder, pytest.raises(ConfigError, match=complaint):
        folder.bring([prices, other / second])
    assert not folder.path.exists()


def test_a_callers_workspace_stays_even_when_empty(tmp_path: Path) -> None:
    assert play("Done.", workspace=tmp_path / "w").workspace.exists()


@pytest.mark.parametrize(
    ("wanted", "answers", "output"),
    [
        (int, ["42"], 42),
        (int, ["many", "42"], 42),
        (str, ["hello"], "hello"),
        (list[int], ["```json\n[1, 2]\n```"], [1, 2]),
        (City, ['{"name": "Ulm"}', '{"name": "Ulm", "people": 9}'], City(name="Ulm", people=9)),
    ],
)
def test_a_typed_answer_comes_as_a_value(wanted: Any, answers: list[str], output: Any) -> None:
    result = play(*answers, output_type=wanted)
    assert result.output == output
    assert type(result.output) is type(output)
    assert len(result.trajectory.steps) == len(answers)


def test_a_wrong_type_to_the_last_step_is_no_answer() -> None:
    result = play("many", "lots", output_type=int, max_steps=1)
    assert (result.answer, result.output) == (None, None)
    assert result.stop_reason is StopReason.STEP_LIMIT


def test_a_failed_run_carries_its_finished_steps() -> None:
    with pytest.raises(AgentFailed, match="no network") as caught:
        play(act("1"), ModelError("no network"))
    assert len(caught.value.trajectory.steps) == 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"tools": [max]}, "'max' has no readable signature"),
        ({"tools": [double, double]}, "Two tools are named 'double'"),
        ({"format": "dance"}, "dance"),
        ({"output_type": Callable}, "cannot be asked of a model"),
        ({"files": ["no-such-file"]}, "There is no file 'no-such-file' to give to the agent"),
    ],
)
def test_a_wrong_setting_is_refused(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        play(**options)


def test_every_option_reaches_the_agent() -> None:
    heard: list[Event] = []
    model = ScriptedModel(["<execute>1", "never"])
    picture = Media(media_type="image/png", data="iVBORw0KGgo=")
    result = run(
        "Go.",
        model=model,
        system="Speak French.",
        media=[picture],
        sampling=Sampling(max_tokens=100),
        budget=Budget(tokens=1),
        emit=heard.append,
    )
    system, task = model.requests[0]
    assert system.content.endswith("Speak French.")
    assert task.media == (picture,)
    assert result.stop_reason is StopReason.TOKEN_BUDGET
    assert any(isinstance(event, ActionParsed) for event in heard)


def test_a_cell_that_takes_too_long_is_stopped() -> None:
    model = ScriptedModel([act("import time\ntime.sleep(60)"), "Too slow."])
    result = run("Go.", model=model, cell_seconds=0.3)
    assert result.trajectory.steps[0].observation.error == "Timeout"


def test_a_model_is_found_by_its_name_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")
    with Loopback([Reply("Hello.")]) as server:
        result = run("Hi!", model="test-model", base_url=server.base_url)
    assert result.answer == "Hello."
    assert "test-model" in result.trajectory.metadata["model"]


def test_without_a_name_the_environment_says_which_model(monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback([Reply("Hello.")]) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "test-key")
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("CODEACT_MODEL", "test-model")
        assert run("Hi!").answer == "Hello."


def test_a_format_of_the_callers_own_is_taken_as_it_is() -> None:
    result = play("```python\n6 * 7\n```", "42", format=by_name("code-fence"))
    assert result.trajectory.metadata["format"] == "code-fence"
