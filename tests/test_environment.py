"""Every kind of action has its observation: code, calls, answers and what cannot be used."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from codeact.actions import Action, Answer, CodeAction, InvalidAction, ToolCall
from codeact.approval import Approval, ApprovalFailed, Gate, each_call
from codeact.consents import Question
from codeact.environment import RESULT_LIMIT, Environment, clip, plain, show
from codeact.errors import InterpreterLost
from codeact.events import Event, OutputDelta
from codeact.interpreter.process import ProcessInterpreter
from codeact.observations import Observation
from codeact.tools import Toolbox, tool

pytestmark = pytest.mark.anyio


class City(BaseModel):
    name: str
    people: int


class Pair(NamedTuple):
    left: int
    right: Any


@dataclasses.dataclass(frozen=True)
class Route:
    stops: tuple[City, ...]
    length: float


ULM = City(name="Ulm", people=128_000)
PLAIN_ULM = {"name": "Ulm", "people": 128_000}


def give(value: str) -> Any:
    """The Python value that an expression stands for."""
    return {
        "text": "It's\nÜlm",
        "nothing": None,
        "city": ULM,
        "long": "x" * 20_000,
        "name": "caf\udce9.txt",
    }[value]


def fail(kind: str) -> None:
    raise {"value": ValueError("no such day"), "key": KeyError("x"), "silent": EOFError()}[kind]


async def forever() -> None:
    await anyio.sleep_forever()


TOOLS = Toolbox.of([give, fail, tool(forever, seconds=0.05)])


@pytest.fixture
async def environment(tmp_path: Path) -> AsyncIterator[Environment]:
    async with ProcessInterpreter(workspace=tmp_path, timeout=10) as interpreter:
        yield Environment(interpreter=interpreter, toolbox=TOOLS)


@pytest.fixture
def idle(tmp_path: Path) -> Environment:
    """For actions that run no code: its interpreter is never started."""
    return Environment(interpreter=ProcessInterpreter(workspace=tmp_path), toolbox=TOOLS)


def timeless(observation: Observation) -> Observation:
    assert observation.seconds >= 0
    return dataclasses.replace(observation, seconds=0.0)


async def test_code_runs_in_the_interpreter(environment: Environment) -> None:
    observation = await environment.step(CodeAction(code="6 * 7"))
    assert observation.seconds > 0
    assert observation.text.strip() == "42"
    assert (observation.source, observation.ok, observation.error) == ("interpreter", True, None)


async def test_code_that_raises_is_labelled_by_its_exception(environment: Environment) -> None:
    observation = await environment.step(CodeAction(code="1 / 0"))
    assert (observation.ok, observation.error) == (False, "ZeroDivisionError")
    assert "ZeroDivisionError: division by zero" in observation.text


async def test_code_calls_the_tools_by_name(environment: Environment) -> None:
    observation = await environment.step(CodeAction(code="give('text').upper()"))
    assert "ÜLM" in observation.text


async def test_output_is_told_while_code_runs(environment: Environment) -> None:
    heard: list[Event] = []
    await environment.step(CodeAction(code="print('hello')"), heard.append)
    told = [event.text for event in heard if isinstance(event, OutputDelta)]
    assert "".join(told) == "hello\n"


async def test_pictures_come_with_the_observation(environment: Environment) -> None:
    code = (
        "from IPython.display import Image, display\ndisplay(Image(data=b'\\x89PNG\\r\\n\\x1a\\n'))"
    )
    observation = await environment.step(CodeAction(code=code))
    assert [each.media_type for each in observation.media] == ["image/png"]


async def test_long_output_is_cut_and_its_log_named(environment: Environment) -> None:
    observation = await environment.step(CodeAction(code="print('x' * 50_000)"))
    assert len(observation.text) < 20_000
    assert observation.log is not None
    assert observation.log in observation.text


async def test_a_lost_interpreter_is_the_worlds_fault(tmp_path: Path) -> None:
    interpreter = ProcessInterpreter(workspace=tmp_path, python=str(tmp_path / "no-python"))
    with pytest.raises(InterpreterLost):
        await Environment(interpreter=interpreter).step(CodeAction(code="1"))
    await interpreter.aclose()


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("print('seen')", "seen\n[Only the first block was run.]"),
        ("x = 1", "[Only the first block was run.]"),
    ],
)
async def test_a_note_stands_below_the_output(
    environment: Environment, code: str, text: str
) -> None:
    action = CodeAction(code=code, note="Only the first block was run.")
    assert (await environment.step(action)).text.replace("\n\n", "\n") == text


async def test_a_tools_result_is_shown_as_print_would(idle: Environment) -> None:
    observation = await idle.step(ToolCall(name="give", args=("text",)))
    assert timeless(observation) == Observation(text="It's\nÜlm", source="tool")


async def test_nothing_is_shown_of_a_tool_that_returns_nothing(idle: Environment) -> None:
    observation = await idle.step(ToolCall(name="give", kwargs={"value": "nothing"}))
    assert timeless(observation) == Observation(text="", source="tool")


async def test_a_note_stands_below_a_tools_result(idle: Environment) -> None:
    action = ToolCall(name="give", args=("city",), note="Only the first call was made.")
    observation = await idle.step(action)
    assert observation.text == f"{PLAIN_ULM}\n[Only the first call was made.]"


async def test_a_long_result_is_clipped_before_the_note(idle: Environment) -> None:
    observation = await idle.step(ToolCall(name="give", args=("long",), note="Noted."))
    assert "\n[… 10,000 characters left out …]\n" in observation.text
    assert observation.text.endswith("x\n[Noted.]")


async def test_an_undecodable_result_can_still_be_sent_to_a_model(idle: Environment) -> None:
    observation = await idle.step(ToolCall(name="give", args=("name",)))
    assert observation.text.encode("utf-8") == b"caf\\udce9.txt"


@pytest.mark.parametrize(
    ("action", "error", "text"),
    [
        (
            ToolCall(name="gave"),
            "UnknownTool",
            "There is no tool named 'gave'. Did you mean 'give'?",
        ),
        (ToolCall(name="give"), "BadArguments", "give(): missing a required argument: 'value'."),
        (ToolCall(name="forever"), "Timeout", "The tool 'forever' did not return within 0.05 seco"),
        (ToolCall(name="fail", args=("value",)), "ValueError", "ValueError: no such day"),
        (ToolCall(name="fail", args=("key",)), "KeyError", "KeyError: 'x'"),
        (ToolCall(name="fail", args=("silent",)), "EOFError", "EOFError"),
        (InvalidAction(reason="Close the tag.", kind="unclosed"), "unclosed", "Close the tag."),
    ],
)
async def test_what_the_model_gets_wrong_is_observed_by_its_label(
    idle: Environment, action: Action, error: str, text: str
) -> None:
    observation = await idle.step(action)
    assert (observation.ok, observation.done, observation.error) == (False, False, error)
    assert observation.text.startswith(text)


async def test_an_unusable_reply_is_answered_by_the_format(idle: Environment) -> None:
    observation = await idle.step(InvalidAction(reason="No.", kind="empty"))
    assert observation == Observation(text="No.", source="format", ok=False, error="empty")


async def test_an_answer_contents_a_person(idle: Environment) -> None:
    assert await idle.step(Answer(text="42")) == Observation(text="", source="user", done=True)


class Grader:
    async def hear(self, answer: str) -> Observation:
        return Observation(text=f"{answer} is wrong.", source="user", ok=False)


async def test_an_answer_is_heard_by_the_user_of_the_environment(idle: Environment) -> None:
    graded = dataclasses.replace(idle, user=Grader())
    observation = await graded.step(Answer(text="41"))
    assert observation == Observation(text="41 is wrong.", source="user", ok=False)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (ULM, PLAIN_ULM),
        (Pair(1, ULM), {"left": 1, "right": PLAIN_ULM}),
        (Route((ULM,), 2.5), {"stops": (PLAIN_ULM,), "length": 2.5}),
        ([ULM], [PLAIN_ULM]),
        ((ULM, 1), (PLAIN_ULM, 1)),
        ({"a": ULM}, {"a": PLAIN_ULM}),
        ({Pair(1, 2)}, {Pair(1, 2)}),
        (collections.OrderedDict(a=1), collections.OrderedDict(a=1)),
        (City, City),
        (Route, Route),
    ],
)
def test_records_become_dictionaries_and_the_rest_stays(value: Any, shown: Any) -> None:
    made = plain(value)
    assert made == shown
    assert type(made) is type(shown)


def test_a_text_is_shown_without_quotes() -> None:
    assert show("It's") == "It's"


@given(st.text(max_size=200), st.integers(20, 100))
def test_what_is_short_enough_is_not_clipped(text: str, limit: int) -> None:
    assert (clip(text, limit) == text) == (len(text) <= limit)


def test_clipping_keeps_head_and_tail_and_counts_the_rest() -> None:
    assert clip("a" * 5_000 + "b" * 5_001) == (
        "a" * 5_000 + "\n[… 1 characters left out …]\n" + "b" * 5_000
    )
    assert RESULT_LIMIT == 10_000


async def test_an_asker_that_fails_is_not_told_as_a_result_of_the_tool() -> None:
    async def broken(question: Question) -> bool:
        raise RuntimeError("the screen is gone")

    gate = Gate(Approval(rule=each_call, ask=broken))
    environment = Environment(
        interpreter=ProcessInterpreter(), toolbox=Toolbox.of([tool(give)]), gate=gate
    )
    with pytest.raises(ApprovalFailed):
        await environment.step(ToolCall(name="give", args=("text",)))
