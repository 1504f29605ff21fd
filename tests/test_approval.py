"""Approval in whole episodes: cells and calls in every format, what is told, kept and shown."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

import codeact
from codeact.actions import CodeAction, ToolCall
from codeact.approval import (
    SHOWN,
    Approval,
    Gate,
    Refuse,
    Ruling,
    allow_all,
    declared,
    each_call,
    each_cell,
    everything,
    named,
    shown,
)
from codeact.consents import Consent, Question
from codeact.errors import ConfigError
from codeact.events import ApprovalAsked, ApprovalGiven, Event
from codeact.halting import Budget, Halt
from codeact.models.scripted import ScriptedModel
from codeact.tools import Refused, Tool, Toolbox, tool
from codeact.trajectory import StopReason, from_json, to_json
from tests.stage import act

pytestmark = pytest.mark.anyio

CALL = '{"tool": "pay", "kwargs": {"amount": 3}}'


class Till:
    """A tool whose calls are noticed."""

    def __init__(self) -> None:
        self.paid: list[int] = []

    def pay(self, amount: int) -> str:
        """Pay."""
        self.paid.append(amount)
        return f"paid {amount}"


class Answers:
    """Who is asked: gives these answers in order, each after a while."""

    def __init__(self, *answers: Consent | bool, seconds: float = 0.0) -> None:
        self.answers = list(answers)
        self.seconds = seconds
        self.questions: list[str] = []
        self.begun = asyncio.Event()

    async def __call__(self, question: Question) -> Consent | bool:
        self.questions.append(question.text)
        self.begun.set()
        await asyncio.sleep(self.seconds)
        return self.answers.pop(0)


async def lived(*replies: str, approval: Approval, **options: Any) -> codeact.Result:
    options = {"sandbox": codeact.SandboxPolicy(mode="off")} | options
    return await codeact.ask("Go.", model=ScriptedModel(replies), approval=approval, **options)


async def test_a_cell_that_was_declined_has_not_begun(tmp_path: Path) -> None:
    result = await lived(
        act("open('made', 'w')"),
        "Then not.",
        approval=Approval(rule=each_cell, ask=Answers(Consent(given=False, message="too risky"))),
        workspace=tmp_path,
    )
    observation = result.trajectory.steps[0].observation
    assert (observation.ok, observation.error) == (False, "Refused")
    assert "declined to run it, so nothing was run. The user says: too risky." in observation.text
    assert not (tmp_path / "made").exists()


async def test_a_cell_runs_after_a_yes_however_late(tmp_path: Path) -> None:
    late = Approval(rule=each_cell, ask=Answers(True, seconds=1.0))
    result = await lived(act("print(6 * 7)"), "42", approval=late, cell_seconds=0.5)
    assert result.trajectory.steps[0].observation.text.strip() == "42"


async def test_the_time_of_a_question_is_not_taken_from_the_budget() -> None:
    late = Approval(rule=each_cell, ask=Answers(True, seconds=6.0))
    result = await lived(
        act("print(6 * 7)"), "It is 42.", approval=late, budget=Budget(seconds=5.0)
    )
    assert result.stop_reason is StopReason.ANSWERED


async def test_a_budget_goes_on_after_the_answer() -> None:
    approval = Approval(rule=each_cell, ask=Answers(True))
    code = act("while True: pass")
    result = await lived(code, approval=approval, budget=Budget(seconds=2.0), cell_seconds=None)
    assert result.stop_reason is StopReason.TIME_BUDGET


async def test_while_a_halt_is_held_no_time_passes() -> None:
    halt = Halt(None, 0.2)
    halt.hold()
    await anyio.sleep(0.4)
    assert halt.reason is None
    halt.release()
    with anyio.fail_after(10):
        await halt.guard(anyio.sleep_forever)
    assert halt.reason is StopReason.TIME_BUDGET


@pytest.mark.parametrize("rule", [each_call, everything, declared])
async def test_a_call_in_json_that_was_declined_is_an_observation(rule: Any) -> None:
    till = Till()
    result = await lived(
        CALL,
        "I may not.",
        approval=Approval(rule=rule, ask=Answers(False)),
        format="json",
        tools=[tool(till.pay, needs_approval=True)],
    )
    observation = result.trajectory.steps[0].observation
    assert (observation.source, observation.error) == ("tool", "Refused")
    assert observation.text.startswith("The user was asked and declined this call of pay()")
    assert till.paid == []


async def test_a_call_in_json_is_made_after_a_yes() -> None:
    till, answers = Till(), Answers(True)
    approval = Approval(rule=each_call, ask=answers)
    await lived(CALL, "Paid.", approval=approval, format="json", tools=[till.pay])
    assert (till.paid, answers.questions) == ([3], ["pay(amount=3)"])


async def test_an_unknown_tool_and_bad_arguments_are_not_asked_for() -> None:
    answers = Answers()
    wrong = '{"tool": "pay", "args": ["much"]}', '{"tool": "play"}'
    approval = Approval(rule=everything, ask=answers)
    await lived(*wrong, "No.", approval=approval, format="json", tools=[Till().pay])
    assert answers.questions == []


async def test_a_tool_that_needs_approval_is_refused_when_no_one_is_named() -> None:
    till = Till()
    result = await codeact.ask(
        "Go.",
        model=ScriptedModel([CALL, "No."]),
        format="json",
        tools=[tool(till.pay, needs_approval=True)],
    )
    assert "nobody can be asked" in result.trajectory.steps[0].observation.text
    assert till.paid == []


async def test_cells_are_refused_when_a_rule_asks_and_no_one_is_named() -> None:
    result = await lived(act("print(1)"), "No.", approval=Approval(rule=each_cell))
    assert "nobody can be asked" in result.trajectory.steps[0].observation.text


async def test_a_rule_can_refuse_by_itself_with_a_reason() -> None:
    till = Till()

    def modest(action: CodeAction | ToolCall, tool: Tool | None) -> Ruling:
        if isinstance(action, ToolCall) and action.kwargs["amount"] > 2:
            return Refuse(reason="At most 2 euros may be paid.")
        return "allow"

    code = act("pay(2)\ntry:\n    pay(3)\nexcept PermissionError as error:\n    print(error)")
    result = await lived(code, "Ok.", approval=Approval(rule=modest), tools=[till.pay])
    text = result.trajectory.steps[0].observation.text
    assert "pay() may not be called like this here: At most 2 euros may be paid." in text
    assert till.paid == [2]


async def test_questions_and_answers_are_told_and_kept_in_their_step() -> None:
    events: list[Event] = []
    answers = Answers(True, Consent(given=False, message="enough"))
    code = act("pay(1)\ntry:\n    pay(2)\nexcept PermissionError:\n    pass")
    result = await lived(
        code,
        "Done.",
        approval=Approval(rule=each_call, ask=answers),
        tools=[Till().pay],
        emit=events.append,
    )
    told = [event for event in events if isinstance(event, (ApprovalAsked, ApprovalGiven))]
    assert [type(event) for event in told] == [ApprovalAsked, ApprovalGiven] * 2
    first, second = result.trajectory.steps[0].decisions
    assert (first.given, first.tool, first.call) == (True, "pay", "pay(amount=1)")
    assert (second.given, second.message) == (False, "enough")
    assert result.trajectory.steps[1].decisions == ()
    assert from_json(to_json(result.trajectory)) == result.trajectory


async def test_an_interrupt_while_a_cell_waits_runs_nothing(tmp_path: Path) -> None:
    answers, interrupt = Answers(True, seconds=60.0), anyio.Event()
    async with codeact.ProcessInterpreter(workspace=tmp_path) as interpreter:
        conversation = codeact.Conversation(
            codeact.Agent(
                model=ScriptedModel([act("open('made', 'w')")]),
                format=codeact.formats.by_name("code"),
            ),
            interpreter,
            approval=Approval(rule=each_cell, ask=answers),
        )
        turn = asyncio.ensure_future(conversation.say("Go.", interrupt=interrupt))
        await answers.begun.wait()
        interrupt.set()
        trajectory = await turn
    assert trajectory.stop_reason is StopReason.INTERRUPTED
    assert trajectory.steps[0].observation.error == "Interrupted"
    assert "this code was not run" in trajectory.steps[0].observation.text
    assert not (tmp_path / "made").exists()


async def test_a_lasting_answer_holds_for_the_turns_of_its_conversation_alone() -> None:
    answers = Answers(Consent(given=True, scope="conversation"), *[True] * 4)
    approval = Approval(rule=everything, ask=answers)
    till = Till()
    for _ in range(2):
        await lived(act("pay(1)"), act("pay(2)"), "Ok.", approval=approval, tools=[till.pay])
    assert answers.questions == ["pay(1)", "pay(1)", "pay(amount=1)", "pay(2)", "pay(amount=2)"]


async def test_always_for_a_tool_leaves_other_tools_to_be_asked_for() -> None:
    gate = Gate(Approval(rule=each_call, ask=Answers(Consent(given=True, scope="tool"), False)))
    await gate.admit(ToolCall(name="a"))
    await gate.admit(ToolCall(name="a"))
    with pytest.raises(Refused):
        await gate.admit(ToolCall(name="b"))


async def test_a_lasting_no_is_not_asked_for_again() -> None:
    gate = Gate(Approval(rule=each_call, ask=Answers(Consent(given=False, scope="tool"))))
    for _ in range(2):
        with pytest.raises(Refused):
            await gate.admit(ToolCall(name="a"))


async def test_only_true_is_a_yes() -> None:
    async def vague(question: Question) -> Any:
        return "no, never"

    with pytest.raises(Refused):
        await Gate(Approval(rule=each_call, ask=vague)).admit(ToolCall(name="a"))


async def test_allowing_all_includes_the_tools_that_need_approval() -> None:
    till = Till()
    tools = [tool(till.pay, needs_approval=True)]
    await lived(act("pay(3)"), "Ok.", approval=Approval(rule=allow_all), tools=tools)
    assert till.paid == [3]


async def test_a_question_shows_the_checked_values_by_their_parameters() -> None:
    answers = Answers(True)

    def send(to: str, /, *parts: int, subject: str = "none", **more: bool) -> None:
        pass

    box = Gate(Approval(rule=each_call, ask=answers)).guarded(Toolbox.of([send]))
    await box.call("send", ["me", "1", 2], {"urgent": "yes", "to": True})
    assert answers.questions == ["send('me', 1, 2, subject='none', urgent=True, to=True)"]


def test_naming_no_tool_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="delete_"):
        named()


def test_what_is_shown_of_a_call_commands_no_terminal() -> None:
    class Loud:
        def __repr__(self) -> str:
            return "\x1b]0;owned\x07\u202e\x9b2J"

    text = shown(ToolCall(name="f", kwargs={"a": "\x1b[2J", "b": Loud()}))
    assert text == "f(a='\\x1b[2J', b=\\x1b]0;owned\\x07\\u202e\\x9b2J)"


def test_what_is_shown_of_a_long_value_has_its_head_its_tail_and_its_length() -> None:
    text = shown(ToolCall(name="f", args=("begin" + "x" * 10**6 + "end",)))
    assert text.startswith("f('begin")
    assert text.endswith("end')")
    assert "characters left out" in text
    assert len(text) < SHOWN


def test_a_name_that_is_none_cannot_pose_as_two_arguments() -> None:
    text = shown(ToolCall(name="f", kwargs={"a=1, b": 2}))
    assert text == "f(**{'a=1, b': 2})"


def test_a_number_too_long_to_be_spelled_is_still_shown() -> None:
    assert shown(ToolCall(name="f", args=(10**9999,))) == "f(<a number of 33,216 bits>)"


texts = st.text(max_size=20) | st.text(max_size=4).map(lambda text: text * 2000)
values = st.recursive(
    st.none() | st.integers() | texts | st.binary() | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(values, max_size=3), st.dictionaries(texts, values, max_size=3))
def test_whatever_is_shown_is_bounded_and_printable(
    args: list[Any], kwargs: dict[str, Any]
) -> None:
    text = shown(ToolCall(name="f", args=tuple(args), kwargs=kwargs))
    assert len(text) < SHOWN + 100
    assert text.replace("\n", "").isprintable()
