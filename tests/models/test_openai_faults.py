"""A server that misbehaves: each way ends in a retry or in an error that says what to do."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import anyio
import pytest

from codeact.errors import ContextOverflow, ModelError
from codeact.events import Event, Retrying, TextDelta
from codeact.messages import Completion, Media, Message, Sampling, ToolSchema
from codeact.models.openai import OpenAIModel
from tests.loopback import Behaviour, Loopback, Raw, Reply, Silence, Status

pytestmark = pytest.mark.anyio

ASKED = [Message(role="user", content="How are you?")]
LOOK = [Message(role="user", content="Look.", media=(Media(media_type="image/png", data="iVBO"),))]
HALF = b'data: {"choices": [{"delta": {"content": "Hel'


class Talk:
    """One request to a server with this script: its completion or error, and what was told."""

    def __init__(self, *script: Behaviour, **server: Any) -> None:
        self.server = Loopback(script, **server)
        self.events: list[Event] = []
        self.options: dict[str, Any] = {"backoff": 0.001, "timeout": 5.0}

    async def ask(
        self, messages: Sequence[Message] = ASKED, times: int = 1, **request: Any
    ) -> Completion:
        with self.server as server:
            options = {"base_url": server.base_url, "api_key": "sk-my-secret-key"} | self.options
            async with OpenAIModel("test-model", **options) as model:
                for _ in range(times - 1):
                    await model.complete(messages, **request)
                return await model.complete(messages, **request, emit=self.events.append)

    async def error(self, messages: Sequence[Message] = ASKED) -> ModelError:
        with pytest.raises(ModelError) as caught:
            await self.ask(messages)
        return caught.value

    @property
    def retries(self) -> list[Retrying]:
        return [event for event in self.events if isinstance(event, Retrying)]


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (Status(429, "Slow down."), "HTTP 429: Slow down."),
        (Status(500, "Oops."), "HTTP 500: Oops."),
        (Status(503, body="<html><h1>Bad\n gateway</h1>"), "HTTP 503: Bad gateway"),
        (Status(408), "HTTP 408: Something is wrong."),
        (Status(409, body='{"detail": [{"msg": "Locked"}]}'), 'HTTP 409: [{"msg": "Locked"}]'),
        (Status(500, body='{"odd": 1}'), 'HTTP 500: {"odd": 1}'),
        (Reply("Half of a reply", drop_after=2), "peer closed connection"),
        (Reply("Half of a reply", finish=None), "it ended before the reply did"),
        (Reply("Half of", error={"message": "Out of memory"}), "Out of memory"),
        (Reply("Half of", error={"code": 7}), '{"code": 7}'),
        (Raw(b""), "it was empty"),
        (Raw(HALF + b"\n\n"), "Unterminated string"),
        (Raw(b"data: [1, 2]\n\n"), "not a chunk of a reply: '[1, 2]'"),
        (Raw(b'data: {"choices": [{"delta": {"content": 5}}]}\n\n'), "not a chunk of a reply"),
        (Raw(b"data: \xff\n\n"), "codec can't decode"),
        (Raw(b'{"choices": [', "application/json"), "Expecting value"),
        (Raw(b'{"choices": [', "application/json", missing=9), "peer closed connection"),
        (Raw(b'{"error": "No slot is free"}', "application/json"), "No slot is free"),
    ],
)
async def test_a_passing_failure_is_told_and_tried_again(behaviour: Behaviour, reason: str) -> None:
    talk = Talk(behaviour, Reply("Fine."))
    assert (await talk.ask()).text == "Fine."
    assert [reason in each.reason for each in talk.retries] == [True]
    assert len(talk.server.posts) == 2


async def test_text_before_a_retry_is_no_part_of_the_reply() -> None:
    talk = Talk(Reply("Half of a reply", drop_after=3), Reply("Whole."))
    assert (await talk.ask()).text == "Whole."
    kinds = [type(event) for event in talk.events]
    assert kinds[kinds.index(Retrying) + 1 :] == [TextDelta]


async def test_retries_wait_longer_each_time_and_then_give_up() -> None:
    talk = Talk(*[Status(500, "Oops.")] * 5)
    talk.options["backoff"] = 0.01
    error = await talk.error()
    assert error.status == 500
    assert str(error).endswith("/v1 failed (HTTP 500): Oops. Try again later. (5 tries.)")
    waits = [each.seconds for each in talk.retries]
    assert len(waits) == 4
    assert waits == sorted(waits)
    assert 0.06 <= waits[-1] <= 0.1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "0.2"}, 0.2),
        ({"Retry-After-Ms": "150"}, 0.15),
        ({"Retry-After": "Mon, 06 Nov 2000 08:49:37 GMT"}, 0.0),
    ],
)
async def test_the_wait_that_a_server_asks_for_is_kept(
    headers: dict[str, str], seconds: float
) -> None:
    talk = Talk(Status(429, headers=headers), Reply("Fine."))
    begun = time.perf_counter()
    await talk.ask()
    assert talk.retries[0].seconds == seconds
    assert time.perf_counter() - begun >= seconds


@pytest.mark.parametrize("header", ["Retry-After", "Retry-After-Ms"])
async def test_a_wait_that_cannot_be_read_is_not_kept(header: str) -> None:
    talk = Talk(Status(429, headers={header: "soon"}), Reply("Fine."))
    await talk.ask()
    assert talk.retries[0].seconds < 0.01


async def test_a_very_long_wait_is_an_error_at_once() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    talk = Talk(Status(429, "Daily limit.", headers={"Retry-After": later}))
    assert "takes no more requests for now (HTTP 429): Daily limit." in str(await talk.error())
    assert talk.retries == []


async def test_an_empty_account_is_not_asked_again() -> None:
    talk = Talk(Status(429, "You exceeded your current quota.", "insufficient_quota"))
    assert "has no credit left (HTTP 429)" in str(await talk.error())
    assert talk.retries == []


async def test_a_server_that_never_answers_ends_in_a_clear_error() -> None:
    talk = Talk(Silence())
    talk.options["timeout"] = 0.2
    assert "/v1 sent nothing for 0.2 seconds." in str(await talk.error())


async def test_a_server_that_falls_silent_ends_in_a_clear_error() -> None:
    talk = Talk(Reply("Half of a reply", pause=0.5))
    talk.options["timeout"] = 0.2
    assert "/v1 sent nothing for 0.2 seconds." in str(await talk.error())


async def test_silence_in_a_reply_that_is_not_streamed_is_noticed() -> None:
    talk = Talk(Raw(b'{"choices": [', "application/json", missing=9, hold=True))
    talk.options["timeout"] = 0.2
    assert "/v1 sent nothing for 0.2 seconds." in str(await talk.error())


async def test_a_failure_after_the_end_of_the_reply_does_not_matter() -> None:
    talk = Talk(Reply("Fine.", size=5, drop_after=3))
    completion = await talk.ask()
    assert (completion.text, completion.usage.estimated) == ("Fine.", True)


async def test_a_web_page_says_that_the_address_is_wrong() -> None:
    talk = Talk(Raw(b"<!doctype html><title>Chat</title>", "text/html; charset=utf-8"))
    assert "answered with a web page" in str(await talk.error())
    assert talk.retries == []


async def test_no_server_at_the_address_says_so() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://me:password@127.0.0.1:{free.getsockname()[1]}/v1?key=secret"
        async with OpenAIModel("m", base_url=url, max_retries=1, backoff=0.001) as model:
            with pytest.raises(ModelError) as caught:
                await model.complete(ASKED)
    said = str(caught.value)
    assert said.startswith(f"Cannot reach http://127.0.0.1:{free_port(url)}/v1: ")
    assert "Is a server running there?" in said
    assert "password" not in said
    assert "secret" not in said


def free_port(url: str) -> str:
    return url.rpartition(":")[2].partition("/")[0]


async def test_a_wrong_key_is_named_but_not_shown() -> None:
    talk = Talk(api_key="sk-another")
    error = await talk.error()
    assert error.status == 401
    assert "refused the API key (HTTP 401): Incorrect API key provided: [redacted]." in str(error)
    assert "Set OPENAI_API_KEY" in str(error)


async def test_anything_like_a_key_is_redacted_everywhere() -> None:
    words = "sk-my-secret-key sk-proj-1234567890 Bearer abc.def"
    talk = Talk(Status(500, words), Status(400, words))
    assert "[redacted] [redacted] [redacted]" in str(await talk.error())
    assert talk.retries[0].reason == "HTTP 500: [redacted] [redacted] [redacted]"


@pytest.mark.parametrize(
    "refusal",
    [
        Status(404, "The model `test-model` does not exist.", "model_not_found"),
        Status(404, body='{"error": "model not found"}'),
        Status(400, "test-model is not a valid model ID"),
    ],
)
async def test_an_unknown_model_lists_those_there_are(refusal: Status) -> None:
    error = await Talk(refusal, models=["llama3.1", "qwen3"]).error()
    assert "does not know the model 'test-model'" in str(error)
    assert str(error).endswith("It has: llama3.1, qwen3.")


@pytest.mark.parametrize(
    "page", [Status(404), Raw(b"<html>", "text/html"), Raw(b"{", "application/json")]
)
async def test_an_unknown_model_without_a_list_points_at_the_address(page: Behaviour) -> None:
    error = await Talk(Status(404, "Not found"), pages={"/v1/models": page}).error()
    assert str(error).endswith(
        "Check the model's name, and the base URL, which usually ends in /v1."
    )


@pytest.mark.parametrize(
    "refusal",
    [
        Status(400, "Too long.", "context_length_exceeded"),
        Status(400, "This model's maximum context length is 4096 tokens."),
        Status(400, "the request exceeds the available context size", "exceed_context_size_error"),
        Status(400, "decoder prompt is longer than the maximum model length of 4096"),
        Status(400, "prompt is too long: 210000 tokens > 200000 maximum"),
        Status(400, "The input token count (9) exceeds the maximum number of tokens allowed"),
        Status(422, body='{"error": "`inputs` tokens + `max_new_tokens` must be <= 4096"}'),
        Status(500, "the input length exceeds the context length"),
        Reply("", error={"message": "Trying to keep the first 9 tokens; context length is 4096"}),
    ],
)
async def test_a_prompt_that_is_too_long_is_an_overflow(refusal: Behaviour) -> None:
    talk = Talk(refusal)
    error = await talk.error()
    assert isinstance(error, ContextOverflow)
    assert "does not fit the context window of test-model" in str(error)
    assert talk.retries == []


async def test_other_refusals_repeat_the_words_of_the_server() -> None:
    error = await Talk(Status(400, "Messages must alternate.")).error()
    assert "refused the request (HTTP 400): Messages must alternate." in str(error)


async def test_a_refusal_without_words_is_still_an_error() -> None:
    assert "(HTTP 418): no reason given." in str(await Talk(Status(418, "<br>")).error())


async def test_what_a_server_refuses_is_left_out_from_then_on() -> None:
    refused = ("stop", "stream_options", "temperature", "top_p", "seed", "parallel_tool_calls")
    talk = Talk(Reply("one STOP two"), Reply("three STOP"), refuses=refused)
    sampling = Sampling(temperature=0.5, top_p=0.5, seed=1)
    tool = ToolSchema(name="f", description="", parameters="{}")
    completion = await talk.ask(times=2, stop=["STOP"], sampling=sampling, tools=[tool])
    assert completion.text == "three "
    assert completion.usage.estimated
    assert len(talk.server.posts) == len(refused) + 2
    assert not set(talk.server.posts[-1].body) & set(refused)


async def test_what_is_left_out_is_told() -> None:
    talk = Talk(Reply("one STOP two"), refuses=["stop"])
    await talk.ask(stop=["STOP"])
    assert talk.retries == [
        Retrying(
            reason=f"{talk.server.base_url} does not take 'stop'; asking again without it",
            seconds=0.0,
        )
    ]


async def test_the_limit_of_a_reply_has_two_names() -> None:
    talk = Talk(Reply("one"), refuses=["max_tokens"])
    await talk.ask(sampling=Sampling(max_tokens=9))
    assert talk.server.posts[-1].body["max_completion_tokens"] == 9


async def test_a_bad_value_is_an_error_and_not_left_out() -> None:
    talk = Talk(Status(400, "'temperature' must be at most 2.", param="temperature"))
    with pytest.raises(ModelError, match="must be at most 2"):
        await talk.ask(sampling=Sampling(temperature=5.0))


async def test_pictures_that_are_refused_are_left_out_from_then_on() -> None:
    talk = Talk(Reply("one"), Reply("two"), blind=True)
    assert (await talk.ask(LOOK, times=2)).text == "two"
    assert [isinstance(post.messages[0]["content"], str) for post in talk.server.posts] == [
        *(False, True, True)
    ]


async def test_pictures_for_a_model_that_must_see_are_not_left_out() -> None:
    talk = Talk(blind=True)
    talk.options["sees"] = True
    assert "does not support image input" in str(await talk.error(LOOK))


async def test_retrying_can_be_cancelled() -> None:
    talk = Talk(Status(429, headers={"Retry-After": "60"}))
    with anyio.move_on_after(0.5) as scope:
        await talk.ask()
    assert scope.cancelled_caught


async def test_our_own_errors_are_not_taken_for_the_servers() -> None:
    def until(text: str) -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Talk(Reply("Fine.")).ask(until=until)


async def test_a_setting_that_cannot_be_sent_is_our_fault() -> None:
    talk = Talk()
    talk.options["extra_body"] = {"x": object()}
    with pytest.raises(TypeError):
        await talk.ask()
