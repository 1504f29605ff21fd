"""How an episode of M3ToolEval is lived and scored, and how runs are kept and tallied."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from codeact.actions import Answer, CodeAction, ToolCall
from codeact.agent import Agent
from codeact.errors import ConfigError, InterpreterLost, ModelError
from codeact.evals import Score
from codeact.evals.m3tooleval import M3ToolEval, run
from codeact.evals.m3tooleval.bare_feedback import NO_OUTPUT, NO_RESULT, BareFeedback
from codeact.evals.m3tooleval.grader import GraderName
from codeact.evals.m3tooleval.prompt import CLOSE, instruction
from codeact.evals.m3tooleval.protocol import PROTOCOLS, ProtocolName
from codeact.evals.no_interpreter import NO_CODE, NoInterpreter
from codeact.evals.runs import kernel
from codeact.formats import by_name
from codeact.messages import Completion, NativeCall
from codeact.models.scripted import ScriptedModel
from codeact.observations import Observation
from codeact.rollout import Task, rollout
from codeact.trajectory import Trajectory

pytestmark = pytest.mark.anyio

SALES = "web_browsing/people_in_sales"
LISTED = "trade_calculator/fluctuating_conversion_rates_impact"
FOUR_TURNS = ["Answer: 1", "Answer: 2", "Answer: 3", "Answer: 4"]


def _task(benchmark: M3ToolEval, id: str = SALES) -> Task:
    return next(task for task in benchmark.tasks() if task.id == id)


async def _play(
    benchmark: M3ToolEval,
    replies: Sequence[str | Completion | Exception],
    *,
    id: str = SALES,
    format: str = "json",
    max_turns: int | None = None,
) -> Trajectory:
    agent = benchmark.agent(ScriptedModel(replies), format, max_turns=max_turns)
    return await rollout(agent, _task(benchmark, id), NoInterpreter)


async def _score(
    protocol: ProtocolName,
    replies: Sequence[str | Exception],
    *,
    grader: GraderName = "fixed",
    id: str = SALES,
    max_turns: int | None = None,
) -> Score:
    benchmark = M3ToolEval(protocol=protocol, grader=grader)
    played = await _play(benchmark, replies, id=id, max_turns=max_turns)
    return benchmark.score(_task(benchmark, id), played)


async def test_the_paper_lets_the_agent_try_again() -> None:
    score = await _score("paper", FOUR_TURNS)
    assert score == Score(solved=True, first=False, turns=4, kind="solved")


async def test_by_default_the_first_answer_counts() -> None:
    score = await _score("default", FOUR_TURNS[:1])
    assert score == Score(solved=False, first=False, turns=1, kind="wrong_answer")


async def test_a_right_first_answer_is_told_apart() -> None:
    assert await _score("paper", ["Answer: 4"]) == Score(
        solved=True, first=True, turns=1, kind="solved"
    )


async def test_the_same_wrong_answer_may_be_given_until_the_turns_are_used_up() -> None:
    score = await _score("paper", ["Answer: 9"] * 10)
    assert score == Score(solved=False, first=False, turns=10, kind="wrong_answer")


async def test_an_episode_without_an_answer_is_labelled_by_its_end() -> None:
    score = await _score("paper", ["Hm."] * 2, max_turns=2)
    assert score == Score(solved=False, first=False, turns=2, kind="step_limit")


async def test_a_right_value_in_the_wrong_form_is_told_apart() -> None:
    replies = ["Answer: [36380, 48150, 68480]"] * 10
    score = await _score("paper", replies, grader="paper", id=LISTED)
    assert score.kind == "wrong_format"


async def test_a_failure_of_the_world_is_told_apart() -> None:
    assert (await _score("default", [ModelError("no network")])).kind == "failed"


async def test_an_answer_recorded_with_retries_is_scored_by_the_first_one_by_default() -> None:
    played = await _play(M3ToolEval(protocol="paper"), FOUR_TURNS)
    benchmark = M3ToolEval(protocol="default")
    score = benchmark.score(_task(benchmark), played)
    assert (score.solved, score.kind) == (False, "wrong_answer")


async def test_the_prompt_is_one_user_message_with_tools_format_and_question() -> None:
    played = await _play(M3ToolEval(), ["Answer: 4"])
    (message,) = played.prompt
    assert message.role == "user"
    assert "[1] click_url(url: str) -> str" in message.content
    assert "End Action" in message.content
    assert message.content.endswith(CLOSE)
    assert instruction(played.prompt).startswith("How many people work in the Sales Department?")


async def test_a_native_prompt_shows_the_signatures_too() -> None:
    played = await _play(M3ToolEval(), ["4"], format="native")
    assert "[1] click_url(url: str) -> str" in played.prompt[0].content


async def test_a_tool_result_is_shown_bare_and_cut() -> None:
    played = await _play(M3ToolEval(), ['Action: {"tool": "view", "args": []}', "Answer: 4"])
    assert played.messages()[2].content.startswith("[Viewing page 1 of 2]")


def _shown(observation: Observation, name: str = "m3-code") -> str:
    action = CodeAction(code="1") if name == "m3-code" else ToolCall(name="t")
    return BareFeedback(by_name(name)).render(action, observation).content


def test_what_is_too_long_is_cut_after_two_thousand_characters() -> None:
    assert len(_shown(Observation(text="x" * 5000, source="interpreter"))) == 2000


@pytest.mark.parametrize(
    ("observation", "shown"),
    [
        (Observation(text=" ", source="interpreter"), NO_OUTPUT),
        (Observation(text="", source="tool"), NO_RESULT),
        (Observation(text="wrong", source="user"), "wrong"),
        (Observation(text="no marker", source="format", ok=False), "no marker"),
        (
            Observation(text="ValueError: no", source="tool", ok=False),
            "The tool call failed: ValueError: no\nCheck the tool's name and its arguments, and "
            "call one tool a turn.",
        ),
    ],
)
def test_what_came_of_an_action_is_said_plainly(observation: Observation, shown: str) -> None:
    assert _shown(observation) == shown


def test_bare_feedback_is_the_format_in_all_else() -> None:
    inner, bare = by_name("m3-json"), BareFeedback(by_name("m3-json"))
    text = inner.write(ToolCall(name="view"))
    assert (bare.name, bare.stop, bare.native) == (inner.name, inner.stop, inner.native)
    assert bare.parse(text) == ToolCall(name="view")
    assert bare.write(Answer(text="4")) == "Answer: 4"
    assert bare.ended(text)
    assert bare.reply(text) == inner.reply(text)


@pytest.mark.parametrize(
    ("name", "called"), [("paper", ("1", "2")), ("default", ("1, 2",))], ids=["paper", "default"]
)
def test_only_the_paper_splits_text_at_every_comma(
    name: ProtocolName, called: tuple[str, ...]
) -> None:
    action = PROTOCOLS[name].format("text").parse('Action: t, "1, 2"\nEnd Action')
    assert isinstance(action, ToolCall)
    assert tuple(str(each).strip('"') for each in action.args) == called


def test_a_protocol_sets_what_the_agent_may_do() -> None:
    def rules(agent: Agent) -> tuple[object, ...]:
        return agent.max_steps, agent.sampling.temperature, agent.final_turn, agent.format.name

    model = ScriptedModel([])
    assert rules(M3ToolEval(protocol="paper").agent(model, "code")) == (10, 0.0, False, "m3-code")
    default = M3ToolEval().agent(model, "m3-text", max_turns=30)
    assert rules(default) == (30, 0.7, False, "m3-text")


async def test_episodes_without_code_start_no_interpreter() -> None:
    async with NoInterpreter() as nothing:
        await nothing.interrupt()
        await nothing.reset()
        assert await nothing.variables() == ()
        with pytest.raises(InterpreterLost, match=NO_CODE[:20]):
            await nothing.execute("1")
        with pytest.raises(InterpreterLost, match=NO_CODE[:20]):
            _ = nothing.workspace
        await nothing.aclose()


async def test_a_run_is_kept_and_not_lived_again(tmp_path: Path) -> None:
    benchmark = M3ToolEval()
    tasks = [_task(benchmark)]
    lived: list[str] = []
    for replies in (["Answer: 4", "Answer: 5"], []):
        tallies = await run(
            benchmark,
            ScriptedModel(replies),
            ["json"],
            out=tmp_path,
            tasks=tasks,
            epochs=2,
            concurrency=1,
            finished=lambda task, epoch, trajectory: lived.append(f"{task.id} {epoch}"),
        )
        tally = tallies["json"]
        assert (tally.n, tally.solved, tally.first, tally.failed) == (2, 1, 1, 0)
        assert tally.mean_turns == 1.0
    assert lived == [f"{SALES} 0", f"{SALES} 1"]


async def test_failed_episodes_are_counted_apart(tmp_path: Path) -> None:
    benchmark = M3ToolEval(protocol="paper")
    model = ScriptedModel([ModelError("no network")])
    tallies = await run(benchmark, model, ["text"], out=tmp_path, tasks=[_task(benchmark)])
    assert (tallies["text"].n, tallies["text"].failed, tallies["text"].mean_turns) == (0, 1, 0.0)


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_an_unknown_format_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no format named 'morse'"):
        await run(M3ToolEval(), ScriptedModel([]), ["json", "morse"], out=tmp_path)
    assert _files(tmp_path) == []


async def test_code_runs_in_a_kernel_of_its_own(tmp_path: Path) -> None:
    benchmark = M3ToolEval()
    model = ScriptedModel(["Action:\nprint(len(view()) > 9)\nEnd Action", "Answer: 4"])
    opened = run(benchmark, model, ["code"], out=tmp_path, tasks=[_task(benchmark)], epochs=1)
    assert (await opened)["code"].solved == 1
    assert "True" in (tmp_path / "code.jsonl").read_text()


async def test_a_native_call_reaches_its_tool() -> None:
    call = NativeCall(id="c1", name="view", arguments="{}")
    played = await _play(M3ToolEval(), [Completion(text="", calls=(call,)), "4"], format="native")
    assert played.messages()[2].role == "tool"
    assert played.messages()[2].content.startswith("[Viewing page 1 of 2]")


async def test_a_fresh_kernel_computes() -> None:
    async with kernel() as interpreter:
        assert (await interpreter.execute("1 + 1")).text.strip() == "2"
