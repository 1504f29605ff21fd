"""Any OpenAI-compatible server: streamed replies, patient retries, errors that say what to do."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import random
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import anyio

from codeact.errors import ConfigError, ContextOverflow, ModelError
from codeact.events import Emit, Retrying, ignore
from codeact.messages import Completion, Message, Sampling, ToolSchema, Usage
from codeact.models import Until, never
from codeact.models.openai_faults import REDACTED, Fault, facing_faults, fault_of, redact
from codeact.models.openai_reply import Piece, Reply, read_piece
from codeact.models.openai_request import (
    optional_parameters,
    shows_pictures,
    wire_messages,
    wire_tools,
)
from codeact.models.prices import FREE, PRICES, Price, price_of

NO_KEY = """\
No API key for {name}. Set OPENAI_API_KEY, or give the base URL of a server that needs none."""
BAD_KEY = "The API key holds characters that no key has; copy it again."
BAD_URL = "{url!r} is no base URL: it has to look like http://127.0.0.1:8000/v1."
DROPPED = "{url} does not take {name!r}; asking again without it"
BLIND = "{name} does not take pictures; asking again without them"

OPENAI_URL = "https://api.openai.com/v1"
CHARACTERS_PER_TOKEN = 4
CONNECT_SECONDS = 10.0
LIST_SECONDS = 5.0
LONGEST_WAIT = 120.0
"""A server that asks to wait longer than this is not waited for."""
LONGEST_BACKOFF = 30.0
NAMES_LISTED = 20


class OpenAIModel:
    """A model behind the Chat Completions protocol.

    Without `base_url` it is OpenAI's, or that of OPENAI_BASE_URL, with the key of OPENAI_API_KEY;
    that key is never sent to a `base_url` given here. `sees` None tries pictures and remembers a
    refusal. `timeout` bounds each silence, in seconds, not the whole reply. `backoff` is the first
    wait between retries, doubled each time. Parameters that the server refuses are left out from
    then on. Hold it with `async with`, or end with `aclose()`.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        name: str | None = None,
        context_tokens: int | None = None,
        sees: bool | None = None,
        timeout: float = 600.0,
        max_retries: int = 4,
        backoff: float = 0.5,
        price: Price | None = None,
        prices: Mapping[str, Price] = PRICES,
        extra_body: Mapping[str, Any] | None = None,
    ) -> None:
        if base_url:
            check_url(base_url)
        if api_key is not None and not api_key.strip().isascii():
            raise ConfigError(BAD_KEY)
        self.name = name or model
        self.context_tokens = context_tokens
        self._model = model
        self._base_url = base_url or None
        self._url = shown_url(base_url) if base_url else OPENAI_URL
        self._key = (api_key or "").strip()
        self._sees = sees
        self._timeout = timeout
        self._max_retries = max_retries
        self._backoff = backoff
        self._price = price or price_of(model, prices)
        self._extra_body = dict(extra_body or {})
        self._refused: frozenset[str] = frozenset()
        self._clients: dict[asyncio.AbstractEventLoop, Any] = {}

    def __repr__(self) -> str:
        return f"OpenAIModel({self._model!r}, base_url={self._url!r})"

    @property
    def sees(self) -> bool:
        return self._sees is not False

    def config(self) -> dict[str, str]:
        """The settings in force, for the record of a run; without the key."""
        return {
            "model": self._model,
            "base_url": self._url,
            "api_key": REDACTED if self._key else "",
            "context_tokens": str(self.context_tokens or ""),
            "sees": str(self.sees),
            "timeout": f"{self._timeout:g}",
            "max_retries": str(self._max_retries),
            "price": "" if self._price is None else str(dataclasses.asdict(self._price)),
            "extra_body": redact(json.dumps(self._extra_body, default=str), self._key),
            "refused": " ".join(sorted(self._refused)),
        }

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
        begun, failures = time.perf_counter(), 0
        while True:
            optional = optional_parameters(stop, sampling, self._refused, tools=bool(tools))
            request = self._request(messages, tools) | optional
            reply = Reply(stop, until, emit)
            try:
                await self._attempt(request, reply)
            except Fault as fault:
                adapted = self._adapt(fault, request, optional)
                if adapted is not None:
                    emit(Retrying(reason=adapted, seconds=0.0))
                    continue
                wait = self._wait(fault, failures)
                if wait is None:
                    raise await self._error(fault, failures + 1) from None
                failures += 1
                emit(Retrying(reason=redact(fault.reason(), self._key), seconds=wait))
                await anyio.sleep(wait)
            else:
                return Completion(
                    text=reply.text,
                    finish_reason=reply.finish_reason,
                    usage=self._usage(reply, messages),
                    calls=reply.calls,
                    reasoning=reply.reasoning,
                    seconds=time.perf_counter() - begun,
                )

    async def aclose(self) -> None:
        await self._sweep()
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.close()

    async def __aenter__(self) -> OpenAIModel:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def _request(self, messages: Sequence[Message], tools: Sequence[ToolSchema]) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._model,
            "messages": wire_messages(messages, sees=self.sees),
            "stream": True,
        }
        if tools:
            request["tools"] = wire_tools(tools)
        if self._extra_body:
            request["extra_body"] = self._extra_body
        return request

    async def _attempt(self, request: Mapping[str, Any], reply: Reply) -> None:
        """One request, its reply collected. Raises Fault."""
        client = await self._connected()
        with facing_faults():
            stream = await client.chat.completions.create(**request)
        try:
            kind = stream.response.headers.get("content-type", "")
            if "json" in kind or "html" in kind:
                reply.add(await _whole(stream, kind))
            else:
                while not reply.ended and (piece := await _next(stream)) is not None:
                    reply.add(piece)
        except Fault:
            if not reply.finished:
                raise
        finally:
            await stream.close()
        reply.close()
        if not reply.finished:
            lost = "it was empty" if reply.empty else "it ended before the reply did"
            raise Fault("stream" if reply.empty else "dropped", lost)

    async def _connected(self) -> Any:
        """The client of the running event loop: connections belong to the loop they began in."""
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            await self._sweep()
            client = self._clients[loop] = self._opened()
            self._url = shown_url(str(client.base_url))
            if self._key or self._base_url is None:
                self._key = client.api_key
        return self._clients[loop]

    def _opened(self) -> Any:
        from openai import AsyncOpenAI, OpenAIError, Timeout

        try:
            return AsyncOpenAI(
                base_url=self._base_url,
                api_key=self._key or (None if self._base_url is None else "none"),
                timeout=Timeout(self._timeout, connect=min(self._timeout, CONNECT_SECONDS)),
                max_retries=0,
            )
        except OpenAIError:
            raise ConfigError(NO_KEY.format(name=self.name)) from None

    async def _sweep(self) -> None:
        """Let go of the clients of event loops that are over."""
        for loop in [each for each in self._clients if each.is_closed()]:
            with suppress(RuntimeError):  # says that the loop is closed
                await self._clients.pop(loop).close()

    def _adapt(
        self, fault: Fault, request: Mapping[str, Any], optional: Mapping[str, Any]
    ) -> str | None:
        """Do without what the server refuses: why it is asked again, None where it is not."""
        refused = fault.refused(optional)
        if refused is not None:
            self._refused |= {refused}
            return DROPPED.format(url=self._url, name=refused)
        if self._sees is None and fault.blind and shows_pictures(request["messages"]):
            self._sees = False
            return BLIND.format(name=self.name)
        return None

    def _wait(self, fault: Fault, failures: int) -> float | None:
        """Seconds until the next try, None where there should be none."""
        if failures >= self._max_retries or fault.overflow or not fault.transient:
            return None
        if fault.wait is not None:
            return fault.wait if fault.wait <= LONGEST_WAIT else None
        return min(LONGEST_BACKOFF, self._backoff * 2.0**failures) * random.uniform(0.75, 1.25)

    async def _error(self, fault: Fault, tries: int) -> ModelError:
        said = fault.explain(
            model=self._model,
            url=self._url,
            timeout=self._timeout,
            tries=tries,
            listed=await self._listed() if fault.unknown_model else (),
        )
        kind = ContextOverflow if fault.overflow else ModelError
        return kind(redact(said, self._key), status=fault.status)

    async def _listed(self) -> list[str]:
        """The models that the server names, none where it does not answer."""
        try:
            with facing_faults():
                page = await (await self._connected()).models.list(timeout=LIST_SECONDS)
                return [str(model.id) for model in page.data][:NAMES_LISTED]
        except (Fault, AttributeError, TypeError):  # the SDK trusts the form of a list
            return []

    def _usage(self, reply: Reply, messages: Sequence[Message]) -> Usage:
        usage = reply.usage or _estimate(reply, messages)
        price = FREE if self._price is None and is_loopback(self._url) else self._price
        return dataclasses.replace(usage, cost=None if price is None else price.cost(usage))


def check_url(url: str) -> None:
    """Raises ConfigError for what is no address of a server."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(BAD_URL.format(url=re.sub(r"//[^/@]*@", "//", url)))


def shown_url(url: str) -> str:
    """An address without user, password and query."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}{parts.path.rstrip('/')}"


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


async def _next(stream: Any) -> Piece | None:
    """The next piece, None at the end of the stream."""
    with facing_faults(streaming=True):
        try:
            chunk = await stream.__anext__()
        except StopAsyncIteration:
            return None
        return read_piece(chunk.to_dict(warnings=False) if hasattr(chunk, "to_dict") else chunk)


async def _whole(stream: Any, kind: str) -> Piece:
    """A reply that was not streamed although that was asked for."""
    with facing_faults(streaming=True):
        body = await stream.response.aread()
        if "html" in kind:
            raise Fault("page", body.decode(errors="replace"))
        record = json.loads(body)
        if isinstance(record, dict) and record.get("error"):
            raise fault_of(record["error"])
        piece = read_piece(record)
        return dataclasses.replace(piece, finish=piece.finish or "stop")


def _estimate(reply: Reply, messages: Sequence[Message]) -> Usage:
    """Four characters a token, where the server did not count."""
    said = [reply.text, *(call.arguments for call in reply.calls)]
    asked = [message.content for message in messages]
    asked += [call.arguments for message in messages for call in message.calls]
    thought = len(reply.reasoning) // CHARACTERS_PER_TOKEN
    return Usage(
        input_tokens=sum(map(len, asked)) // CHARACTERS_PER_TOKEN,
        output_tokens=sum(map(len, said)) // CHARACTERS_PER_TOKEN + thought,
        reasoning_tokens=thought,
        estimated=True,
    )
