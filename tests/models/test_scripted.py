"""The scripted model is strict and behaves like a server."""

from __future__ import annotations

import time

import pytest

from codeact.errors import ModelError
from codeact.events import Event, ReasoningDelta, TextDelta
from codeact.messages import Completion, Message, NativeCall, Usage
from codeact.models.scripted import ScriptedModel

pytestmark = pytest.mark.anyio

ASKED = [Message(role="user", content="What is the answer?")]


async def test_replies_come_in_order_and_the_requests_are_kept() -> None:
    model = ScriptedModel(["first", "second"])
    assert (await model.complete(ASKED)).text == "first"
    assert (await model.complete([])).text == "second"
    assert model.requests == [tuple(ASKED), ()]


async def test_asking_too_often_fails_with_the_last_message() -> None:
    model = ScriptedModel(["only"], name="short")
    await model.complete(ASKED)
    with pytest.raises(AssertionError, match=r"'short' .* reply 2 .* only 1[^?]*the answer\?"):
        await model.complete(ASKED)


async def test_asking_an_empty_script_without_messages_fails_clearly() -> None:
    with pytest.raises(AssertionError, match="reply 1 but has only 0"):
        await ScriptedModel([]).complete([])


async def test_an_exhausted_script_can_have_an_error_of_its_own() -> None:
    model = ScriptedModel([], exhausted=ModelError("The recording is over."))
    for _ in range(2):
        with pytest.raises(ModelError, match="is over"):
            await model.complete(ASKED)


async def test_replies_that_are_left_over_fail_at_the_end() -> None:
    with pytest.raises(AssertionError, match="asked for 1 of its 2 replies; next was: 'unheard'"):
        async with ScriptedModel(["heard", "unheard"]) as model:
            await model.complete(ASKED)


async def test_left_over_replies_do_not_hide_another_error() -> None:
    with pytest.raises(KeyError):
        async with ScriptedModel(["unheard"]):
            raise KeyError


async def test_closing_without_the_context_does_not_complain() -> None:
    model = ScriptedModel(["unheard"])
    await model.aclose()
    with pytest.raises(AssertionError):
        model.verify()


async def test_an_exception_in_the_script_is_raised() -> None:
    async with ScriptedModel([ModelError("The provider is down."), "again"]) as model:
        with pytest.raises(ModelError, match="down"):
            await model.complete(ASKED)
        assert (await model.complete(ASKED)).text == "again"


async def test_a_completion_with_calls_is_handed_over_whole() -> None:
    call = NativeCall(id="1", name="add", arguments='{"a": 1}')
    given = Completion(text="Adding STOP now", calls=(call,), seconds=3.0)
    got = await ScriptedModel([given]).complete(ASKED, stop=["STOP"], until=lambda text: True)
    assert (got.text, got.calls, got.seconds) == (given.text, (call,), 3.0)
    assert got.usage.output_tokens == (len(given.text) + len(call.arguments)) // 4


async def test_a_completion_keeps_its_usage_and_finish_reason() -> None:
    usage = Usage(input_tokens=7, output_tokens=8, cost=0.5)
    given = Completion(text="cut off", usage=usage, finish_reason="length")
    got = await ScriptedModel([given]).complete(ASKED)
    assert (got.usage, got.finish_reason) == (usage, "length")


async def test_a_completion_cut_at_a_stop_sequence_has_stopped() -> None:
    given = Completion(text="a STOP b", finish_reason="length")
    got = await ScriptedModel([given]).complete(ASKED, stop=["STOP"])
    assert (got.text, got.finish_reason) == ("a ", "stop")


async def test_reasoning_is_told_apart_and_counted() -> None:
    heard: list[Event] = []
    given = Completion(text="Yes.", reasoning="Let me think.")
    got = await ScriptedModel([given]).complete(ASKED, emit=heard.append)
    assert heard == [ReasoningDelta(text="Let me think."), TextDelta(text="Yes.")]
    assert got.usage.reasoning_tokens == 3
    assert got.usage.output_tokens == 4


async def test_a_pause_makes_the_reply_take_its_time() -> None:
    begun = time.perf_counter()
    await ScriptedModel(["abcdef"], chunk=2, pause=0.01).complete(ASKED)
    assert time.perf_counter() - begun >= 0.03
