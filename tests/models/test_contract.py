"""What every model keeps: whole text, faithful deltas, obedience to `stop` and `until`, counts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from codeact.events import Event, TextDelta, ignore
from codeact.messages import Completion, Message
from codeact.models import Model
from codeact.models.cached import CachedModel
from codeact.models.openai import OpenAIModel
from codeact.models.scripted import ScriptedModel
from tests.loopback import Loopback, Reply

pytestmark = pytest.mark.anyio

Opener = Callable[[str], AbstractAsyncContextManager[Model]]

ASKED = [Message(role="system", content="Be brief."), Message(role="user", content="How are you?")]


@asynccontextmanager
async def scripted(text: str) -> AsyncIterator[Model]:
    async with ScriptedModel([text], chunk=5) as model:
        yield model


@asynccontextmanager
async def served(text: str) -> AsyncIterator[Model]:
    with Loopback([Reply(text, size=5)]) as server:
        async with OpenAIModel("test-model", base_url=server.base_url) as model:
            yield model


@asynccontextmanager
async def deaf(text: str) -> AsyncIterator[Model]:
    """A server that takes no notice of stop sequences."""
    with Loopback([Reply(text, size=5, ignore_stop=True)], refuses=["stop"]) as server:
        async with OpenAIModel("test-model", base_url=server.base_url) as model:
            yield model


@asynccontextmanager
async def kept(text: str) -> AsyncIterator[Model]:
    """Nothing is kept yet."""
    with TemporaryDirectory() as folder:
        async with ScriptedModel([text], chunk=5) as model:
            yield CachedModel(model=model, folder=Path(folder))


@asynccontextmanager
async def remembered(text: str) -> AsyncIterator[Model]:
    """Whatever is asked was asked before."""

    class Twice(CachedModel):
        async def complete(self, *args: Any, **settings: Any) -> Completion:
            await super().complete(*args, **{**settings, "emit": ignore})
            return await super().complete(*args, **settings)

    with TemporaryDirectory() as folder:
        async with ScriptedModel([text], chunk=5) as model:
            yield Twice(model=model, folder=Path(folder))


@pytest.fixture(params=[scripted, served, deaf, kept, remembered])
def opener(request: pytest.FixtureRequest) -> Opener:
    found: Opener = request.param
    return found


async def test_the_text_is_whole_and_unchanged(opener: Opener) -> None:
    text = "  Fine — ganz gut, 好的 🎉.\n\n"
    async with opener(text) as model:
        assert (await model.complete(ASKED)).text == text


async def test_the_deltas_join_to_the_text(opener: Opener) -> None:
    heard: list[Event] = []
    async with opener("Quite well, thank you for asking.") as model:
        completion = await model.complete(ASKED, stop=["."], emit=heard.append)
    deltas = [event.text for event in heard if isinstance(event, TextDelta)]
    assert len(deltas) > 1
    assert "".join(deltas) == completion.text


async def test_the_reply_ends_before_a_stop_sequence(opener: Opener) -> None:
    async with opener("<execute>\nx = 1\n</execute>\nand more") as model:
        completion = await model.complete(ASKED, stop=["never", "</execute>"])
    assert completion.text == "<execute>\nx = 1\n"
    assert completion.finish_reason == "stop"


async def test_the_reply_ends_as_soon_as_until_holds(opener: Opener) -> None:
    seen: list[str] = []

    def until(text: str) -> bool:
        seen.append(text)
        return "three" in text

    async with opener("one two three four five six seven") as model:
        completion = await model.complete(ASKED, until=until)
    assert completion.text == seen[-1]
    assert completion.text.startswith("one two three")
    assert "five" not in completion.text


async def test_tokens_and_seconds_are_counted(opener: Opener) -> None:
    async with opener("a reply of some length") as model:
        completion = await model.complete(ASKED)
    assert completion.usage.input_tokens == len("Be brief.How are you?") // 4
    assert completion.usage.output_tokens == len("a reply of some length") // 4
    assert completion.usage.cost == 0.0
    assert not completion.usage.estimated
    assert 0 < completion.seconds < 10
