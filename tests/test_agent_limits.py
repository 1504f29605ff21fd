"""How episodes end before their answer: limits, budgets, repeats and interrupts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import anyio
import pytest

from codeact.actions import InvalidAction
from codeact.agent import Agent
from codeact.environment import Environment
from codeact.events import ActionParsed, Event, OutputDelta, StepFinished, TextDelta
from codeact.formats import by_name
from codeact.halting import Budget
from codeact.messages import Completion, Message, Usage
from codeact.models.scripted import ScriptedModel
from codeact.tools import Toolbox
from codeact.trajectory import StopReason
from tests.stage import Replies, Stage, act

pytestmark = pytest.mark.anyio


async def test_the_step_limit_leaves_one_turn_to_answer_in(stage: Stage) -> None:
    trajectory = await stage.play([act("1"), act("2"), "As far as I got: 2."], max_steps=2)
    assert trajectory.stop_reason is StopReason.STEP_LIMIT
    assert trajectory.answer == "As far as I got: 2."
    feedback = trajectory.steps[1].feedback
    assert feedback is not None
    assert "2 of 2 steps" in feedback.content


async def test_an_action_in_the_final_turn_is_not_run(stage: Stage) -> None:
    trajectory = await stage.play([act("x = 1"), act("x = 2")], max_steps=1)
    assert trajectory.answer is None
    assert trajectory.steps[-1].observation.error == "StepLimit"
    assert (await stage.interpreter.execute("x")).text.strip() == "1"


async def test_the_final_turn_can_be_left_out(stage: Stage) -> None:
    trajectory = await stage.play([act("1")], max_steps=1, final_turn=False)
    assert (trajectory.stop_reason, len(trajectory.steps)) == (StopReason.STEP_LIMIT, 1)


async def test_three_identical_failures_get_a_nudge_and_a_fourth_ends_it(stage: Stage) -> None:
    thoughts = ["a", "b", "c", "d"]
    trajectory = await stage.play([f"{each} {act('1/0')}" for each in thoughts])
    assert trajectory.stop_reason is StopReason.STUCK
    nudged = [
        "same failing action" in (step.feedback or Message(role="user", content="")).content
        for step in trajectory.steps
    ]
    assert nudged == [False, False, True, False]


async def test_a_different_action_after_the_nudge_goes_on(stage: Stage) -> None:
    trajectory = await stage.play([act("1/0")] * 3 + [act("1"), act("1/0"), "Done."])
    assert trajectory.stop_reason is StopReason.ANSWERED


@pytest.mark.parametrize("format", ["json", "code"])
async def test_identical_invalid_replies_count_as_repeats(stage: Stage, format: str) -> None:
    reply = {"json": '{"tool": "double", "args": [', "code": "<execute>\n</execute>"}[format]
    trajectory = await stage.play([reply] * 4, format=format)
    assert trajectory.stop_reason is StopReason.STUCK


async def test_without_a_limit_to_patience_repeats_go_on(stage: Stage) -> None:
    trajectory = await stage.play([act("1/0")] * 5 + ["Done."], patience=None)
    assert trajectory.stop_reason is StopReason.ANSWERED


async def test_identical_failing_tool_calls_count_as_repeats(stage: Stage) -> None:
    trajectory = await stage.play(['{"tool": "fail", "args": ["no"]}'] * 4, format="json")
    assert trajectory.stop_reason is StopReason.STUCK
    assert trajectory.steps[0].observation.error == "ValueError"


async def test_a_token_budget_stops_before_the_next_reply(stage: Stage) -> None:
    usage = Usage(input_tokens=90, output_tokens=10)
    replies = [Completion(text=act("1"), usage=usage), Completion(text=act("2"), usage=usage)]
    trajectory = await stage.play(replies, budget=Budget(tokens=200))
    assert trajectory.stop_reason is StopReason.TOKEN_BUDGET
    assert trajectory.usage.total_tokens == 200


async def test_a_cost_budget_stops(stage: Stage) -> None:
    usage = Usage(input_tokens=9, cost=0.3)
    trajectory = await stage.play(
        [Completion(text=act("1"), usage=usage)] * 2, budget=Budget(cost=0.5)
    )
    assert trajectory.stop_reason is StopReason.COST_BUDGET


async def test_a_cost_budget_needs_a_known_price(stage: Stage) -> None:
    reply = Completion(text=act("1"), usage=Usage(input_tokens=9, cost=None))
    trajectory = await stage.play([reply], budget=Budget(cost=0.5))
    assert trajectory.stop_reason is StopReason.FAILED
    assert "price of scripted is unknown" in (trajectory.error or "")


async def test_a_time_budget_interrupts_the_running_cell_and_keeps_the_state(stage: Stage) -> None:
    await stage.interpreter.execute("x = 1")
    trajectory = await stage.play(
        [act("import time\nx = 2\ntime.sleep(30)")], budget=Budget(seconds=3)
    )
    assert trajectory.stop_reason is StopReason.TIME_BUDGET
    assert trajectory.steps[0].observation.error == "Interrupted"
    assert (await stage.interpreter.execute("x")).text.strip() == "2"


async def test_an_interrupt_stops_the_running_cell_and_keeps_the_state(stage: Stage) -> None:
    interrupt = anyio.Event()

    def stop(event: Event) -> None:
        if isinstance(event, OutputDelta):
            interrupt.set()

    code = "import time\nx = 3\nprint('running')\ntime.sleep(30)"
    agent = Agent(model=ScriptedModel([act(code)]), format=by_name("code"))
    environment = Environment(interpreter=stage.interpreter)
    trajectory = await agent.run(
        [Message(role="user", content="Go.")], environment, stop, interrupt
    )
    assert trajectory.stop_reason is StopReason.INTERRUPTED
    assert (await stage.interpreter.execute("x")).text.strip() == "3"


async def test_an_interrupt_stops_a_tool_that_waits(stage: Stage) -> None:
    async def wait() -> None:
        """Wait for ever."""
        await anyio.sleep_forever()

    stage.tools = Toolbox.of([wait])
    interrupt = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(_after(0.1, interrupt.set))
        trajectory = await stage.play(['{"tool": "wait"}'], format="json", interrupt=interrupt)
    assert trajectory.stop_reason is StopReason.INTERRUPTED
    assert trajectory.steps[0].observation.error == "Interrupted"


async def test_an_interrupted_reply_keeps_what_was_written(stage: Stage) -> None:
    interrupt = anyio.Event()
    model = Halting(["Let me think about it for a while."], interrupt, after=3)
    agent = Agent(model=model, format=by_name("code"))
    trajectory = await agent.run(
        [Message(role="user", content="Go.")],
        Environment(interpreter=stage.interpreter),
        interrupt=interrupt,
    )
    assert trajectory.stop_reason is StopReason.INTERRUPTED
    step = trajectory.steps[0]
    assert step.completion.finish_reason == "interrupted"
    assert "Let me think about it".startswith(step.reply.content.strip())
    assert isinstance(step.action, InvalidAction)
    assert trajectory.messages()[-1].content.startswith("[The user interrupted")


async def test_an_action_is_not_begun_after_an_interrupt(stage: Stage) -> None:
    interrupt = anyio.Event()

    def stop(event: Event) -> None:
        if isinstance(event, ActionParsed):
            interrupt.set()

    agent = Agent(model=ScriptedModel([act("open('made', 'w')")]), format=by_name("code"))
    environment = Environment(interpreter=stage.interpreter)
    trajectory = await agent.run(
        [Message(role="user", content="Go.")], environment, stop, interrupt
    )
    assert trajectory.steps[0].observation.error == "Interrupted"
    assert not (stage.interpreter.workspace / "made").exists()


async def test_an_interrupt_before_the_first_word_leaves_no_step(stage: Stage) -> None:
    interrupt = anyio.Event()
    interrupt.set()
    trajectory = await stage.play([], interrupt=interrupt)
    assert (trajectory.stop_reason, trajectory.steps) == (StopReason.INTERRUPTED, ())


async def test_the_final_turn_can_be_interrupted(stage: Stage) -> None:
    interrupt = anyio.Event()

    def stop(event: Event) -> None:
        if isinstance(event, StepFinished):
            interrupt.set()

    model = ScriptedModel([act("1"), "unused"])
    agent = Agent(model=model, format=by_name("code"), max_steps=1)
    trajectory = await agent.run(
        [Message(role="user", content="Go.")],
        Environment(interpreter=stage.interpreter),
        stop,
        interrupt,
    )
    assert trajectory.stop_reason is StopReason.INTERRUPTED
    assert len(trajectory.steps) == 1


class Halting(ScriptedModel):
    """Sets an interrupt after some pieces of its reply, then waits."""

    def __init__(self, replies: Replies, interrupt: anyio.Event, after: int) -> None:
        super().__init__(replies)
        self.interrupt = interrupt
        self.after = after

    async def complete(self, messages: Sequence[Message], **options: Any) -> Completion:
        emit: Callable[[Event], None] = options["emit"]
        for word in ["Let", " me", " think"][: self.after]:
            emit(TextDelta(text=word))
        self.interrupt.set()
        await anyio.sleep_forever()
        raise AssertionError


def _after(seconds: float, act: Callable[[], None]) -> Callable[[], Any]:
    async def later() -> None:
        await anyio.sleep(seconds)
        act()

    return later
