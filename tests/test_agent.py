"""The loop: how episodes go on, what they keep and what the model is shown."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from codeact.actions import Answer, CodeAction, InvalidAction
from codeact.agent import Agent
from codeact.environment import Environment
from codeact.errors import ContextOverflow, ModelError
from codeact.events import ActionParsed, Compacted
from codeact.formats import by_name
from codeact.halting import Budget
from codeact.interpreter.process import ProcessInterpreter
from codeact.messages import Completion, Message, Sampling, Usage
from codeact.models.scripted import ScriptedModel
from codeact.observations import Observation
from codeact.tools import Toolbox
from codeact.trajectory import StopReason, Trajectory
from tests.stage import Replies, Stage, act, double

pytestmark = pytest.mark.anyio


async def test_code_runs_and_the_answer_ends_the_episode(stage: Stage) -> None:
    trajectory = await stage.play([act("double(21)"), "It is 42."])
    assert trajectory.stop_reason is StopReason.ANSWERED
    assert trajectory.answer == "It is 42."
    assert "42" in trajectory.steps[0].observation.text
    assert trajectory.metadata == {"model": "scripted", "format": "code"}


async def test_an_error_comes_back_and_is_repaired_with_the_state_kept(stage: Stage) -> None:
    trajectory = await stage.play([act("x = 20\nif x: y"), act("x + 22"), "42"])
    first, second, _ = trajectory.steps
    assert (first.observation.ok, first.observation.error) == (False, "NameError")
    assert "42" in second.observation.text


@pytest.mark.parametrize(
    ("format", "reply"),
    [
        ("json", '{"tool": "double", "args": [21]}'),
        ("text", "Action: double, 21"),
        ("code-fence", "```python\ndouble(21)\n```"),
        ("m3-code", "Action:\nprint(double(21))\nEnd Action"),
    ],
)
async def test_every_action_space_reaches_the_same_tools(
    stage: Stage, format: str, reply: str
) -> None:
    answer = "Answer: 42" if format.startswith("m3") else "42"
    trajectory = await stage.play([reply, answer], format=format)
    assert trajectory.steps[0].observation.text.strip() == "42"
    assert trajectory.answer == "42"


async def test_the_model_sees_exactly_what_the_trajectory_holds(stage: Stage) -> None:
    replies = [
        "Look.\n" + act("print('a')") + "\nOutput: made up\n" + act("print('b')"),
        "<execute>",
        act("1/0"),
        "Done.",
    ]
    trajectory = await stage.play(replies)
    assert len(stage.model.requests) == len(trajectory.steps) == 4
    for index, request in enumerate(stage.model.requests):
        assert list(request) == trajectory.shown(index)


async def test_a_reply_is_kept_up_to_the_end_of_its_first_action(stage: Stage) -> None:
    reply = "Look.\n" + act("print('a')")
    trajectory = await stage.play([reply + "\n" + act("print('b')"), "Done."])
    assert trajectory.steps[0].reply.content == reply
    assert trajectory.steps[0].observation.text.count("b") == 0


async def test_the_worlds_fault_ends_it_with_the_finished_steps_kept(stage: Stage) -> None:
    trajectory = await stage.play([act("1"), ModelError("503 from the provider")])
    assert trajectory.stop_reason is StopReason.FAILED
    assert trajectory.error == "503 from the provider"
    assert len(trajectory.steps) == 1


async def test_a_model_error_under_guard_is_the_same_error(stage: Stage) -> None:
    trajectory = await stage.play([ModelError("gone")], budget=Budget(seconds=30))
    assert trajectory.error == "gone"


async def test_a_lost_interpreter_is_recorded_with_the_reply_that_met_it(tmp_path: Path) -> None:
    interpreter = ProcessInterpreter(workspace=tmp_path, python=str(tmp_path / "no-python"))
    stage = Stage(interpreter, Toolbox())
    trajectory = await stage.play([act("1")])
    await interpreter.aclose()
    assert trajectory.stop_reason is StopReason.FAILED
    assert trajectory.steps[0].observation.error == "InterpreterLost"


async def test_a_content_filter_is_the_providers_failure(stage: Stage) -> None:
    trajectory = await stage.play([Completion(text="I", finish_reason="filter")])
    assert trajectory.stop_reason is StopReason.FAILED
    assert "content filter" in (trajectory.error or "")


async def test_a_reply_cut_off_at_its_length_is_not_run(stage: Stage) -> None:
    cut = Completion(text="<execute>\nopen('x', 'w'); prin", finish_reason="length")
    trajectory = await stage.play([cut, "Sorry."], sampling=Sampling(max_tokens=7))
    assert isinstance(trajectory.steps[0].action, InvalidAction)
    assert "7 tokens" in trajectory.steps[0].observation.text
    assert not (stage.interpreter.workspace / "x").exists()


async def test_a_whole_action_before_the_length_limit_is_run(stage: Stage) -> None:
    reply = Completion(text=act("6 * 7") + "\nand then", finish_reason="length")
    trajectory = await stage.play([reply, "42"])
    assert isinstance(trajectory.steps[0].action, CodeAction)


async def test_a_full_context_is_compacted_and_the_variables_are_named(stage: Stage) -> None:
    noisy = act("table = list(range(9))\nprint('x' * 4000)")
    replies: Replies = [noisy, noisy, noisy, ContextOverflow("too long"), "Done."]
    trajectory = await stage.play(replies)
    assert trajectory.answer == "Done."
    assert Compacted(removed=1) in stage.events
    shown = trajectory.shown(3)
    assert list(stage.model.requests[-1]) == shown
    assert list(stage.model.requests[-2]) != shown
    assert "table (list" in shown[-1].content
    assert "Shortened" in shown[3].content
    assert trajectory.messages()[:-1] == shown


async def test_a_context_that_stays_too_long_is_compacted_harder(stage: Stage) -> None:
    noisy = act("print('x' * 4000)")
    over = ContextOverflow("too long")
    trajectory = await stage.play([noisy, noisy, noisy, over, over, "Done."])
    assert trajectory.answer == "Done."
    assert len(trajectory.shown(3)[-1].content) < 2_000


async def test_a_context_that_cannot_be_compacted_ends_by_its_limit(stage: Stage) -> None:
    trajectory = await stage.play([ContextOverflow("The prompt is too long.")])
    assert trajectory.stop_reason is StopReason.CONTEXT_LIMIT
    assert trajectory.error == "The prompt is too long."


async def test_a_known_context_window_is_kept_free_in_time(stage: Stage) -> None:
    noisy = act("print('x' * 4000)")
    trajectory = await stage.play([noisy] * 5 + ["Done."], context_tokens=4_000)
    assert trajectory.answer == "Done."
    assert any(isinstance(event, Compacted) for event in stage.events)


async def test_counted_tokens_decide_where_the_provider_reports_them(stage: Stage) -> None:
    usage = Usage(input_tokens=99_000, output_tokens=10)
    noisy = Completion(text=act("print('x' * 4000)"), usage=usage)
    await stage.play([noisy, noisy, noisy, "Done."], context_tokens=100_000)
    assert any(isinstance(event, Compacted) for event in stage.events)


async def test_a_user_who_is_not_content_is_heard(stage: Stage) -> None:
    trajectory = await stage.play(["41", "42"], user=Wants("42"))
    assert trajectory.answer == "42"
    feedback = trajectory.steps[0].feedback
    assert feedback is not None
    assert "Try again" in feedback.content


async def test_events_tell_the_story_in_order(stage: Stage) -> None:
    await stage.play([act("print(1)"), "Done."])
    kinds = [type(event).__name__ for event in stage.events]
    order = [kind for kind, after in zip(kinds, [*kinds[1:], ""], strict=True) if kind != after]
    assert order == [
        "TextDelta",
        "ActionParsed",
        "OutputDelta",
        "StepFinished",
        "TextDelta",
        "ActionParsed",
        "StepFinished",
    ]
    assert ActionParsed(action=Answer(text="Done.")) in stage.events


async def test_one_agent_runs_many_episodes_at_once(tmp_path: Path) -> None:
    toolbox = Toolbox.of([double])
    results: dict[int, Trajectory] = {}

    async def one(number: int) -> None:
        model = ScriptedModel([f'{{"tool": "double", "args": [{number}]}}', str(2 * number)])
        agent = Agent(model=model, format=by_name("json"))
        async with ProcessInterpreter(workspace=tmp_path / str(number)) as interpreter:
            environment = Environment(interpreter=interpreter, toolbox=toolbox)
            results[number] = await agent.run([Message(role="user", content="Go.")], environment)

    async with anyio.create_task_group() as group:
        for number in range(3):
            group.start_soon(one, number)
    assert {number: each.answer for number, each in results.items()} == {0: "0", 1: "2", 2: "4"}


class Wants:
    """A grader with one right answer."""

    def __init__(self, right: str) -> None:
        self.right = right

    async def hear(self, answer: str) -> Observation:
        done = answer == self.right
        return Observation(text="" if done else "Try again.", source="user", ok=done, done=done)
