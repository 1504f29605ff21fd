"""What goes to an OpenAI-compatible server and what comes back when all is well."""

from __future__ import annotations

import gc
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from codeact.errors import ConfigError
from codeact.events import Event, ReasoningDelta, TextDelta, ignore
from codeact.messages import Media, Message, NativeCall, Sampling, ToolSchema
from codeact.models import never
from codeact.models.openai import OpenAIModel
from codeact.models.openai_reply import Piece
from codeact.models.openai_reply import Reply as Collected
from codeact.models.prices import Price
from tests.loopback import Call, Loopback, Raw, Reply

pytestmark = pytest.mark.anyio

ASKED = [Message(role="user", content="How are you?")]
PICTURE = Media(media_type="image/png", data="iVBORw0KGgo=")
TABLE = Media(media_type="text/html", data="<table></table>")
ADD = ToolSchema(name="add", description="Add.", parameters='{"type": "object"}')
IMAGE_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


@asynccontextmanager
async def served(
    *script: Reply | Raw, **options: Any
) -> AsyncIterator[tuple[OpenAIModel, Loopback]]:
    with Loopback(script) as server:
        async with OpenAIModel("test-model", base_url=server.base_url, **options) as model:
            yield model, server


async def test_a_plain_request_holds_nothing_that_was_not_asked_for() -> None:
    async with served(Reply("Fine.")) as (model, server):
        await model.complete(ASKED)
    assert server.posts[0].path == "/v1/chat/completions"
    assert server.posts[0].body == {
        "model": "test-model",
        "messages": [{"role": "user", "content": "How are you?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_sampling_stops_and_extra_settings_are_sent() -> None:
    sampling = Sampling(temperature=0.0, top_p=0.9, max_tokens=50, seed=7)
    async with served(Reply("Fine."), extra_body={"min_p": 0.1}) as (model, server):
        await model.complete(ASKED, stop=list("abcdef"), sampling=sampling)
    body = server.posts[0].body
    assert body["stop"] == ["a", "b", "c", "d"]
    assert [body[name] for name in ("temperature", "top_p", "max_tokens", "seed", "min_p")] == [
        *(0.0, 0.9, 50, 7, 0.1)
    ]


async def test_a_fifth_stop_sequence_is_kept_on_this_side() -> None:
    async with served(Reply("one two five")) as (model, _):
        assert (await model.complete(ASKED, stop=["A", "B", "C", "D", "fi"])).text == "one two "


async def test_every_byte_may_come_alone() -> None:
    async with served(Reply("Größe: 5 µm, 好的 🎉", bytewise=True)) as (model, _):
        assert (await model.complete(ASKED)).text == "Größe: 5 µm, 好的 🎉"


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "reasoning_text"])
async def test_reasoning_is_kept_apart_under_each_of_its_names(field: str) -> None:
    heard: list[Event] = []
    reply = Reply("Yes.", reasoning="Hm, hm.", reasoning_field=field, reasoning_tokens=9)
    async with served(reply) as (model, _):
        completion = await model.complete(ASKED, emit=heard.append)
    assert (completion.text, completion.reasoning) == ("Yes.", "Hm, hm.")
    assert heard == [ReasoningDelta(text="Hm, hm."), TextDelta(text="Yes.")]
    assert completion.usage.reasoning_tokens == 9
    assert completion.usage.output_tokens == 10


@pytest.mark.parametrize("size", [1, 3, 100])
async def test_leading_think_tags_become_reasoning(size: int) -> None:
    text = "\n<think>Is a < b? </thin yes</think>\n\nYes, <think> is a tag."
    async with served(Reply(text, size=size)) as (model, _):
        completion = await model.complete(ASKED)
    assert completion.reasoning == "Is a < b? </thin yes"
    assert completion.text == "Yes, <think> is a tag."


async def test_thinking_that_never_ends_is_no_text() -> None:
    async with served(Reply("<think>On and </th", size=4, finish="length")) as (model, _):
        completion = await model.complete(ASKED)
    assert (completion.text, completion.reasoning) == ("", "On and </th")
    assert completion.finish_reason == "length"


async def test_the_beginning_of_a_think_tag_alone_is_text() -> None:
    async with served(Reply(" <thi")) as (model, _):
        assert (await model.complete(ASKED)).text == " <thi"


async def test_cached_tokens_are_counted_and_cheaper() -> None:
    price = Price(input=1000.0, cached=100.0, output=10_000.0)
    async with served(Reply("12345678", cached_tokens=2), price=price) as (model, _):
        usage = (await model.complete(ASKED)).usage
    assert (usage.input_tokens, usage.cached_tokens, usage.output_tokens) == (3, 2, 2)
    assert usage.cost == pytest.approx((1 * 1000 + 2 * 100 + 2 * 10_000) / 1e6)


async def test_missing_usage_is_estimated() -> None:
    past = Message(
        role="assistant", content="", calls=(NativeCall(id="1", name="f", arguments="{}"),)
    )
    async with served(Reply("12345678", reasoning="1234", usage=False)) as (model, _):
        usage = (await model.complete([*ASKED, past])).usage
    assert usage.estimated
    assert (usage.input_tokens, usage.output_tokens, usage.reasoning_tokens) == (3, 3, 1)


async def test_a_reply_ended_on_this_side_is_estimated_and_hangs_up() -> None:
    reply = Reply("x = 1 " * 100, pause=0.02, ignore_stop=True)
    async with served(reply) as (model, server):
        completion = await model.complete(ASKED, until=lambda text: "=" in text)
        assert completion.usage.estimated
        assert server.posts[0].gone.wait(5)


async def test_cancelling_hangs_up_at_once() -> None:
    async with served(Reply("words " * 1000, pause=0.02)) as (model, server):
        with anyio.move_on_after(0.3) as scope:
            await model.complete(ASKED)
        assert scope.cancelled_caught
        assert server.posts[0].gone.wait(5)


async def test_tools_are_offered_one_call_at_a_time() -> None:
    async with served(Reply("Fine.")) as (model, server):
        await model.complete(ASKED, tools=[ADD])
    body = server.posts[0].body
    function = {"name": "add", "description": "Add.", "parameters": {"type": "object"}}
    assert body["tools"] == [{"type": "function", "function": function}]
    assert body["parallel_tool_calls"] is False


@pytest.mark.parametrize("indices", [(0, 1), (0, 0), (None, None)])
async def test_native_calls_are_put_together(indices: tuple[int | None, int | None]) -> None:
    calls = [Call("add", '{"a": "ü"}', "one", indices[0]), Call("f", "{}", "two", indices[1])]
    async with served(Reply("Adding.", calls=calls, bytewise=True)) as (model, _):
        completion = await model.complete(ASKED, tools=[ADD])
    assert (completion.text, completion.finish_reason) == ("Adding.", "stop")
    assert completion.calls == (
        NativeCall(id="one", name="add", arguments='{"a": "ü"}'),
        NativeCall(id="two", name="f", arguments="{}"),
    )


async def test_a_call_without_an_id_gets_one() -> None:
    async with served(Reply(calls=[Call("add", "{}", id="")])) as (model, _):
        assert (await model.complete(ASKED, tools=[ADD])).calls[0].id == "call_1"


async def test_calls_and_tool_messages_return_to_the_server() -> None:
    calls = (
        NativeCall(id="1", name="f", arguments="{}"),
        NativeCall(id="2", name="g", arguments="{}"),
    )
    past = [
        Message(role="assistant", content="", calls=calls),
        Message(role="tool", content="plot", call_id="1", media=(PICTURE, TABLE)),
        Message(role="tool", content="done", call_id="2"),
    ]
    async with served(Reply("a"), Reply("b")) as (model, server):
        await model.complete(past)
        await model.complete([*past, *ASKED])
    sent = server.posts[0].messages
    assert sent[0]["tool_calls"][1] == {
        "id": "2",
        "type": "function",
        "function": {"name": "g", "arguments": "{}"},
    }
    assert sent[1] == {"role": "tool", "content": "plot", "tool_call_id": "1"}
    assert sent[2] == {"role": "tool", "content": "done", "tool_call_id": "2"}
    assert sent[3] == {"role": "user", "content": [IMAGE_PART]}
    assert server.posts[1].messages[3:] == [sent[3], {"role": "user", "content": "How are you?"}]


async def test_only_pictures_are_sent_beside_the_text() -> None:
    message = Message(role="user", content="Look.", media=(TABLE, PICTURE))
    async with served(Reply("a")) as (model, server):
        await model.complete([message])
    assert server.posts[0].messages[0]["content"] == [{"type": "text", "text": "Look."}, IMAGE_PART]


async def test_a_model_that_does_not_see_gets_the_text() -> None:
    message = Message(role="user", content="Look.", media=(PICTURE,))
    async with served(Reply("a"), sees=False) as (model, server):
        await model.complete([message])
        assert not model.sees
    assert server.posts[0].messages == [{"role": "user", "content": "Look."}]


async def test_half_a_surrogate_pair_does_not_stop_a_request() -> None:
    async with served(Reply("a")) as (model, server):
        await model.complete([Message(role="user", content="\ud83d\ude00 and \udcff")])
    assert server.posts[0].messages[0]["content"] == "😀 and \ufffd"


async def test_a_server_that_does_not_stream_is_understood() -> None:
    async with served(Reply("All at once.", whole=True, finish=None)) as (model, _):
        completion = await model.complete(ASKED)
    assert (completion.text, completion.finish_reason) == ("All at once.", "stop")


async def test_text_in_parts_is_joined() -> None:
    parts = [{"type": "text", "text": "One "}, {"type": "text", "text": "two."}]
    body = {"choices": [{"message": {"content": parts}, "finish_reason": "stop"}]}
    async with served(Raw(json.dumps(body).encode(), "application/json")) as (model, _):
        assert (await model.complete(ASKED)).text == "One two."


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("stop", "stop"), ("length", "length"), ("content_filter", "filter"), ("eos", "stop")],
)
async def test_finish_reasons_are_translated(theirs: str, ours: str) -> None:
    async with served(Reply("a", finish=theirs)) as (model, _):
        assert (await model.complete(ASKED)).finish_reason == ours


async def test_an_empty_reply_that_is_finished_is_a_reply() -> None:
    async with served(Reply("")) as (model, _):
        assert (await model.complete(ASKED)).text == ""


def test_one_model_serves_several_event_loops() -> None:
    with Loopback([Reply("one"), Reply("two")]) as server:
        model = OpenAIModel("test-model", base_url=server.base_url)

        async def ask() -> str:
            try:
                return (await model.complete(ASKED)).text
            finally:
                await model.aclose()

        assert [anyio.run(ask), anyio.run(ask)] == ["one", "two"]


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of the connection that was left open
async def test_a_loop_that_left_its_client_behind_does_not_matter() -> None:
    with Loopback([Reply("one"), Reply("two")]) as server:
        model = OpenAIModel("test-model", base_url=server.base_url)

        async def ask() -> str:
            return (await model.complete(ASKED)).text

        assert await anyio.to_thread.run_sync(anyio.run, ask) == "one"
        assert await ask() == "two"
        await model.aclose()
    gc.collect()


async def test_the_configuration_names_everything_but_the_key() -> None:
    async with served(Reply("a"), api_key="my-secret-key", extra_body={"k": "my-secret-key"}) as (
        model,
        server,
    ):
        await model.complete(ASKED)
        config = model.config()
    assert server.posts[0].headers["authorization"] == "Bearer my-secret-key"
    assert "my-secret-key" not in str(config) + repr(model)
    assert config["api_key"] == "[redacted]"
    assert config["base_url"] == server.base_url


def test_the_key_of_the_environment_stays_with_its_own_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key-of-openai")

    async def ask() -> str:
        async with served(Reply("a")) as (model, server):
            await model.complete(ASKED)
        return server.posts[0].headers["authorization"]

    assert anyio.run(ask) == "Bearer none"


def test_the_environment_may_name_server_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask() -> Loopback:
        with Loopback([Reply("a")]) as server:
            monkeypatch.setenv("OPENAI_API_KEY", "key-of-mine")
            monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
            async with OpenAIModel("test-model") as model:
                await model.complete(ASKED)
                assert model.config()["base_url"] == server.base_url
        return server

    assert anyio.run(ask).posts[0].headers["authorization"] == "Bearer key-of-mine"


async def test_a_model_without_key_and_server_says_what_to_set() -> None:
    with pytest.raises(ConfigError, match="Set OPENAI_API_KEY"):
        await OpenAIModel("gpt-5-mini").complete(ASKED)


@pytest.mark.parametrize(
    "url", ["localhost:8000/v1", "ftp://host/v1", "http:///v1", "http://host:port/v1"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="is no base URL"):
        OpenAIModel("test-model", base_url=url)


def test_a_key_with_strange_characters_is_refused() -> None:
    with pytest.raises(ConfigError, match="copy it again"):
        OpenAIModel("test-model", api_key="sk-…")


def test_a_server_elsewhere_has_no_price_of_its_own() -> None:
    assert (
        OpenAIModel("unheard-of", base_url="http://[2001:db8::1]:80/v1/").config()
        | {
            "base_url": "http://[2001:db8::1]:80/v1",
            "price": "",
        }
        == OpenAIModel("unheard-of", base_url="http://me:pass@[2001:db8::1]:80/v1?k=1").config()
    )


_FRAGMENTS = ["<think>", "</think>", "<thi", "nk>", "STOP", "ST", "OP", "a", " ", "é"]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(_FRAGMENTS), max_size=10))
@example(["a", "STOP", "a"])
@example(["<think>", "a", "</think>", " ", "a"])
def test_a_reply_does_not_depend_on_how_it_is_cut_into_pieces(fragments: list[str]) -> None:
    text = "".join(fragments)
    assert _collected([text]) == _collected(fragments) == _collected(list(text))


def _collected(pieces: list[str]) -> tuple[str, str, bool]:
    reply = Collected(["STOP"], never, ignore)
    for piece in pieces:
        if not reply.ended:
            reply.add(Piece(text=piece))
    reply.close()
    return reply.text, reply.reasoning, reply.ended
