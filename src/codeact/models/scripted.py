"""The model of tests, examples and recordings: it writes the replies it was given, in order."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

import anyio

from codeact.events import Emit, ReasoningDelta, TextDelta, ignore
from codeact.messages import Completion, Message, Sampling, ToolSchema, Usage
from codeact.models import Until, never

EXHAUSTED = """\
ScriptedModel {name!r} was asked for reply {asked} but has only {replies}. The last message was \
from the {role}:
{content}"""
LEFT_OVER = (
    "ScriptedModel {name!r} was asked for {asked} of its {replies} replies; next was: {next}"
)

CHARACTERS_PER_TOKEN = 4


class ScriptedModel:
    """Strict: one reply per request, each once. An exception among the replies is raised.

    Replies are written in pieces of `chunk` characters, `pause` seconds apart, and end where a
    server would end them: at a stop sequence or once `until` holds. A Completion keeps its own
    usage where it has one and is handed over whole where it has calls; other usage is counted as
    four characters a token. `requests` keeps the messages of each request. Being asked too often
    raises AssertionError, or `exhausted` where that is given; `verify()` and the end of
    `async with` raise it when replies are left over.
    """

    def __init__(
        self,
        replies: Sequence[str | Completion | Exception],
        *,
        name: str = "scripted",
        chunk: int = 24,
        pause: float = 0.0,
        context_tokens: int | None = None,
        sees: bool = False,
        exhausted: Exception | None = None,
    ) -> None:
        self.name = name
        self.context_tokens = context_tokens
        self.sees = sees
        self.requests: list[tuple[Message, ...]] = []
        self._replies = tuple(replies)
        self._chunk = chunk
        self._pause = pause
        self._exhausted = exhausted

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        stop: Sequence[str] = (),
        until: Until = never,
        tools: Sequence[ToolSchema] = (),
        sampling: Sampling = Sampling(),
        emit: Emit = ignore,
    ) -> Completion:
        begun = time.perf_counter()
        reply = self._next(messages)
        if isinstance(reply, Exception):
            raise reply
        given = Completion(text=reply) if isinstance(reply, str) else reply
        if given.reasoning:
            emit(ReasoningDelta(text=given.reasoning))
        wanted = given.text if given.calls else given.text[: _first(stop, given.text)]
        written = await self._write(wanted, never if given.calls else until, emit)
        return dataclasses.replace(
            given,
            text=written,
            finish_reason=given.finish_reason if written == given.text else "stop",
            usage=_counted(given, messages, written) if given.usage == Usage() else given.usage,
            seconds=given.seconds or time.perf_counter() - begun,
        )

    def verify(self) -> None:
        """Raises AssertionError when replies are left over."""
        asked, replies = len(self.requests), len(self._replies)
        if asked < replies:
            left = self._replies[asked]
            raise AssertionError(
                LEFT_OVER.format(name=self.name, asked=asked, replies=replies, next=repr(left))
            )

    async def aclose(self) -> None:
        """Holds nothing."""

    async def __aenter__(self) -> ScriptedModel:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            self.verify()

    def _next(self, messages: Sequence[Message]) -> str | Completion | Exception:
        asked = len(self.requests)
        self.requests.append(tuple(messages))
        if asked < len(self._replies):
            return self._replies[asked]
        if self._exhausted is not None:
            return self._exhausted
        last = messages[-1] if messages else Message(role="user", content="")
        raise AssertionError(
            EXHAUSTED.format(
                name=self.name,
                asked=asked + 1,
                replies=len(self._replies),
                role=last.role,
                content=last.content,
            )
        )

    async def _write(self, text: str, until: Until, emit: Emit) -> str:
        """Piece by piece, as far as `until` lets it; in one piece when nobody would notice."""
        if until is never and emit is ignore and not self._pause:
            return text
        for start in range(0, len(text), self._chunk):
            end = start + self._chunk
            emit(TextDelta(text=text[start:end]))
            if until(text[:end]):
                return text[:end]
            if self._pause:
                await anyio.sleep(self._pause)
        return text


def _first(stop: Sequence[str], text: str) -> int:
    """Where the first stop sequence begins; the text's length where there is none."""
    found = (text.find(each) for each in stop if each)
    return min((place for place in found if place >= 0), default=len(text))


def _counted(given: Completion, messages: Sequence[Message], written: str) -> Usage:
    asked = sum(len(message.content) for message in messages)
    said = sum(len(call.arguments) for call in given.calls) + len(written)
    thought = len(given.reasoning) // CHARACTERS_PER_TOKEN
    return Usage(
        input_tokens=asked // CHARACTERS_PER_TOKEN,
        output_tokens=said // CHARACTERS_PER_TOKEN + thought,
        reasoning_tokens=thought,
    )
