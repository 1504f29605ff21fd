"""Tasks are lived in worlds of their own, and many episodes end up in one resumable file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from codeact.agent import Agent
from codeact.environment import Environment
from codeact.errors import DataError, ModelError
from codeact.formats import ActionFormat, by_name
from codeact.interpreter.opening import open_interpreter
from codeact.interpreter.process import ProcessInterpreter
from codeact.messages import Completion, Message, Sampling
from codeact.models.scripted import ScriptedModel
from codeact.rollout import Task, World, rollout, rollouts, settled
from codeact.tools import Toolbox
from codeact.trajectory import StopReason, Trajectory
from tests.stage import act

pytestmark = pytest.mark.anyio

Replies = Sequence[str | Completion | Exception]


def ask(format: ActionFormat, toolbox: Toolbox) -> list[Message]:
    return [Message(role="user", content="Count.")]


def counter() -> World:
    """A world whose tool remembers its calls."""
    count = 0

    def tick() -> int:
        """One more."""
        nonlocal count
        count += 1
        return count

    return World(toolbox=Toolbox.of([tick]))


def task(name: str) -> Task:
    return Task(id=name, domain="test", prompt=ask, open=counter)


def agent(replies: Replies, *, format: str = "json", seed: int | None = None) -> Agent:
    return Agent(model=ScriptedModel(replies), format=by_name(format), sampling=Sampling(seed=seed))


TICK = '{"tool": "tick"}'


async def test_each_episode_has_a_world_of_its_own() -> None:
    one = task("one")
    for _ in range(2):
        trajectory = await rollout(agent([TICK, "1"]), one, ProcessInterpreter)
        assert trajectory.steps[0].observation.text == "1"


async def test_files_and_setup_are_there_before_the_first_turn() -> None:
    world = World(files={"in/data.txt": b"7"}, setup="seven = int(open('in/data.txt').read())")
    furnished = Task(id="f", domain="test", prompt=ask, open=lambda: world)
    trajectory = await rollout(
        agent([act("seven"), "7"], format="code"), furnished, ProcessInterpreter
    )
    assert trajectory.steps[0].observation.text.strip() == "7"


async def test_a_setup_that_fails_is_a_failed_episode() -> None:
    broken = Task(id="b", domain="test", prompt=ask, open=lambda: World(setup="1/0"))
    trajectory = await rollout(agent([]), broken, ProcessInterpreter)
    assert trajectory.stop_reason is StopReason.FAILED
    assert "ZeroDivisionError" in (trajectory.error or "")


async def test_a_setup_without_an_interpreter_is_a_failed_episode(tmp_path: Path) -> None:
    world = Task(id="b", domain="test", prompt=ask, open=lambda: World(setup="1"))

    def lost() -> ProcessInterpreter:
        return ProcessInterpreter(workspace=tmp_path / "w", python=str(tmp_path / "none"))

    trajectory = await rollout(agent([]), world, lost)
    assert trajectory.stop_reason is StopReason.FAILED
    assert str(tmp_path / "none") in (trajectory.error or "")


async def test_every_task_and_epoch_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "out" / "runs.jsonl"
    heard: list[tuple[str, int]] = []
    await rollouts(
        agent([TICK, "1"] * 4),
        [task("a"), task("b")],
        ProcessInterpreter,
        path=path,
        epochs=2,
        concurrency=1,
        finished=lambda each, epoch, trajectory: heard.append((each.id, epoch)),
    )
    assert list(settled(path)) == heard == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    record = json.loads(path.read_text().splitlines()[-1])
    assert record["metadata"] == {
        "model": "scripted",
        "format": "json",
        "task": "b",
        "domain": "test",
        "epoch": "1",
    }


async def test_what_is_done_is_not_done_again_and_a_torn_line_is(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    tasks = [task("a"), task("b")]
    await rollouts(agent(["1"] * 2), tasks, ProcessInterpreter, path=path, concurrency=1)
    whole = path.read_text()
    path.write_text(whole[:-40])
    await rollouts(agent(["1"]), tasks, ProcessInterpreter, path=path)
    assert [each.metadata["task"] for each in settled(path).values()] == ["a", "b"]
    assert len(path.read_text().splitlines()) == 2


async def test_a_failed_episode_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    await rollouts(agent([ModelError("down")]), [task("a")], ProcessInterpreter, path=path)
    assert settled(path) == {}
    await rollouts(agent(["1"]), [task("a")], ProcessInterpreter, path=path)
    assert settled(path)["a", 0].answer == "1"


async def test_the_seed_grows_by_one_an_epoch(tmp_path: Path) -> None:
    seeds: list[int | None] = []

    class Seeing(ScriptedModel):
        async def complete(self, messages: Sequence[Message], **options: object) -> Completion:
            sampling = options["sampling"]
            assert isinstance(sampling, Sampling)
            seeds.append(sampling.seed)
            return Completion(text="1")

    seeing = Agent(model=Seeing([]), format=by_name("json"), sampling=Sampling(seed=7))
    path = tmp_path / "runs.jsonl"
    await rollouts(seeing, [task("a")], ProcessInterpreter, path=path, epochs=3, concurrency=1)
    assert seeds == [7, 8, 9]


async def test_a_line_without_its_task_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    environment = Environment(interpreter=ProcessInterpreter())
    trajectory: Trajectory = await agent(["1"]).run([], environment)
    from codeact.trajectory import append

    append(path, trajectory)
    with pytest.raises(DataError, match="without its task"):
        settled(path)


@pytest.mark.parametrize("name", ["notes.txt", "deep/in/notes.txt"])
async def test_code_behind_walls_may_change_the_files_of_its_task(name: str) -> None:
    world = World(files={name: b"7"})
    furnished = Task(id="f", domain="test", prompt=ask, open=lambda: world)
    append = f"open({name!r}, 'a').write('8')\nopen({name!r}).read()"
    trajectory = await rollout(
        agent([act(append), "78"], format="code"), furnished, open_interpreter
    )
    assert trajectory.steps[0].observation.text == "'78'\n"
