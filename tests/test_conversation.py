"""User turns share messages, variables and a folder; the prompt only ever grows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codeact.agent import Agent
from codeact.conversation import Conversation
from codeact.errors import ModelError
from codeact.events import Event, StepFinished
from codeact.formats import by_name
from codeact.interpreter.process import ProcessInterpreter
from codeact.messages import Completion, Media, Message, NativeCall
from codeact.models.scripted import ScriptedModel
from codeact.outputs import OutputType
from codeact.tools import Toolbox
from codeact.trajectory import StopReason
from tests.stage import TOOLS, Replies, act

pytestmark = pytest.mark.anyio

PICTURE = Media(media_type="image/png", data="iVBORw0KGgo=")
Open = Callable[..., Conversation]


@pytest.fixture
def talk(tmp_path: Path) -> Open:
    """A conversation whose interpreter is never started."""

    def begin(
        replies: Replies, *, format: str = "code", max_steps: int = 20, **options: Any
    ) -> Conversation:
        agent = Agent(model=ScriptedModel(replies), format=by_name(format), max_steps=max_steps)
        return Conversation(agent, ProcessInterpreter(workspace=tmp_path), TOOLS, **options)

    return begin


def requests(conversation: Conversation) -> list[tuple[Message, ...]]:
    model = conversation.agent.model
    assert isinstance(model, ScriptedModel)
    return model.requests


def contents(messages: list[Message] | tuple[Message, ...]) -> list[str]:
    """What stands below the system prompt."""
    return [message.content for message in messages[1:]]


async def test_variables_live_on_between_turns(tmp_path: Path) -> None:
    model = ScriptedModel([act("x = 41"), "Noted.", act("x + 1"), "42"])
    agent = Agent(model=model, format=by_name("code"))
    async with ProcessInterpreter(workspace=tmp_path, timeout=10) as interpreter:
        conversation = Conversation(agent, interpreter)
        await conversation.say("Remember 41.")
        trajectory = await conversation.say("One more?")
    assert trajectory.steps[0].observation.text.strip() == "42"


async def test_each_turn_is_shown_all_that_was_said_before(talk: Open) -> None:
    conversation = talk(["Hello.", "Fine."])
    await conversation.say("Hi!")
    await conversation.say("How are you?")
    first, second = requests(conversation)
    assert contents(second) == ["Hi!", "Hello.", "How are you?"]
    assert second[: len(first)] == first


async def test_the_prompt_begins_with_the_system_message(talk: Open) -> None:
    conversation = talk(["Bonjour."], extra="Speak French.")
    assert conversation.messages == [conversation.system]
    assert conversation.system.content.endswith("Speak French.")
    assert "double(number: int) -> int" in conversation.system.content
    await conversation.say("Hi!")
    assert requests(conversation)[0][0] == conversation.system


async def test_what_was_said_is_kept_with_its_trajectory(talk: Open) -> None:
    conversation = talk(["It is red."])
    trajectory = await conversation.say("What is this?", media=[PICTURE])
    (turn,) = conversation.turns
    said = Message(role="user", content="What is this?", media=(PICTURE,))
    assert (turn.said, turn.trajectory) == (said, trajectory)
    assert conversation.messages == trajectory.messages()


async def test_steps_are_told_while_they_happen(talk: Open) -> None:
    heard: list[Event] = []
    conversation = talk(["Hello."])
    trajectory = await conversation.say("Hi!", emit=heard.append)
    assert heard[-1] == StepFinished(index=0, step=trajectory.steps[0])


async def test_a_turn_that_was_stopped_goes_on_in_one_user_message(talk: Open) -> None:
    conversation = talk(["<execute>", "<execute>", "Sorry."], max_steps=1)
    await conversation.say("Go.")
    await conversation.say("Why?", media=[PICTURE])
    last = requests(conversation)[-1][-1]
    assert [each.role for each in requests(conversation)[-1]][-2:] == ["assistant", "user"]
    assert last.content.endswith("\n\nWhy?")
    assert (last.media, last.observed) == ((PICTURE,), False)


async def test_a_message_after_a_native_result_stands_on_its_own(talk: Open) -> None:
    calls = (NativeCall(id="1", name="double", arguments='{"number": 2}'),)
    again = Completion(text="", calls=calls)
    conversation = talk([again, again, "4"], format="native", max_steps=1)
    await conversation.say("Go.")
    await conversation.say("And?")
    roles = [each.role for each in requests(conversation)[-1]]
    assert roles[-2:] == ["tool", "user"]
    assert requests(conversation)[-1][-1].content == "And?"


async def test_a_turn_that_failed_is_kept_and_can_be_followed(talk: Open) -> None:
    conversation = talk([ModelError("no network"), "Here I am."])
    failed = await conversation.say("Hi!")
    answered = await conversation.say("Are you there?")
    assert failed.stop_reason is StopReason.FAILED
    assert answered.answer == "Here I am."
    assert contents(requests(conversation)[-1]) == ["Hi!\n\nAre you there?"]


async def test_an_undone_turn_is_not_shown_again(talk: Open) -> None:
    conversation = talk(["One.", "Two.", "Three."])
    await conversation.say("a")
    await conversation.say("b")
    undone = conversation.undo()
    await conversation.say("c")
    assert undone == Message(role="user", content="b")
    assert contents(requests(conversation)[-1]) == ["a", "One.", "c"]


def test_nothing_is_undone_before_the_first_turn(talk: Open) -> None:
    assert talk([]).undo() is None


async def test_a_reset_forgets_all_turns(talk: Open) -> None:
    conversation = talk(["One.", "Two."])
    await conversation.say("a")
    conversation.reset()
    await conversation.say("b")
    assert contents(requests(conversation)[-1]) == ["b"]


async def test_typed_answers_are_demanded_in_every_turn(talk: Open) -> None:
    conversation = talk(["one", "1", "two", "2"], output_type=OutputType(int))
    assert '{"type":"integer"}' in conversation.system.content
    answers = [(await conversation.say(said)).answer for said in ("a", "b")]
    assert answers == ["1", "2"]
    assert contents(requests(conversation)[1])[-1].startswith("Your answer does not fit")


def test_a_conversation_has_no_tools_unless_given(tmp_path: Path) -> None:
    agent = Agent(model=ScriptedModel([]), format=by_name("code"))
    conversation = Conversation(agent, ProcessInterpreter(workspace=tmp_path))
    assert conversation.toolbox == Toolbox()
