"""Which model: the one that is named, else what the environment and this machine offer."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio

from codeact.errors import ConfigError, ModelError
from codeact.models import Model
from codeact.models.embedded import NAME, WHAT_IT_IS, EmbeddedModel
from codeact.models.openai import OPENAI_URL, OpenAIModel, check_url, is_loopback, shown_url
from codeact.models.scripted import ScriptedModel

DEFAULT_MODEL = "gpt-5-mini"
"""Small, cheap, sees pictures, and good enough at Python to repair its own errors."""

NO_MODEL = """\
No model is connected: {tried}.
Connect one, for example:
  export OPENAI_API_KEY=…                                  a model of OpenAI
  ollama serve & ollama pull qwen2.5-coder                 a model on this machine, found by itself
  codeact --base-url http://host:8000/v1 -m NAME "task"    any OpenAI-compatible server"""
NOT_LISTED = """\
{url} did not say which models it has ({why}). Name one with -m, or check the address: the base \
URL of an OpenAI-compatible server usually ends in /v1."""
NOWHERE = """\
There is no OPENAI_API_KEY for the model {model!r}, and no server on this machine offers it \
({tried}). Set OPENAI_API_KEY, give --base-url, or name a local model as in ollama/llama3.1."""
NO_RECORDING = "The recording {path} cannot be read: {problem}."
RECORDING_OVER = """\
The recording {path} has no more replies: it is no living model and knows one task only."""
FALLBACK = "no key is set and no server answers on this machine; it is {what}"
RECORDED = "it replays the replies recorded in {path}; no living model answers"

LIST_SECONDS = 5.0
"""How long a named server may take to list its models."""

_MOST = 4_000_000  # bytes of an answer that are read
_NO_CHAT = re.compile(r"embed|bge-|rerank|whisper|tts|clip|moderation|dall-e", re.IGNORECASE)
_CONTEXT = ("max_model_len", "loaded_context_length", "context_length", "max_context_length")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalServer:
    """A kind of server that people run on their own machine; `prefix` as in `ollama/llama3.1`."""

    name: str
    prefix: str
    base_url: str


LOCAL_SERVERS = (
    LocalServer(name="Ollama", prefix="ollama", base_url="http://127.0.0.1:11434/v1"),
    LocalServer(name="LM Studio", prefix="lmstudio", base_url="http://127.0.0.1:1234/v1"),
    LocalServer(name="vLLM", prefix="vllm", base_url="http://127.0.0.1:8000/v1"),
    LocalServer(name="llama.cpp", prefix="llamacpp", base_url="http://127.0.0.1:8080/v1"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """A model, not yet asked anything, why it is this one, and what was tried before it."""

    model: Model
    reason: str
    tried: tuple[str, ...] = ()


async def discover(
    model: str | None,
    base_url: str | None,
    environ: Mapping[str, str],
    *,
    servers: Sequence[LocalServer] = LOCAL_SERVERS,
    timeout: float = 0.3,  # noqa: ASYNC109 - of each probe, not of the whole
    embedded: Path | None = None,
) -> Discovery:
    """The model to use.

    What is named comes first, then CODEACT_MODEL, then OPENAI_BASE_URL and OPENAI_API_KEY, then the
    servers that answer on this machine within `timeout` seconds, each asked for its list of models
    and nothing else, then the small model in this package. A name is a model's (`gpt-5-mini`), a
    local server's and its model's (`ollama/llama3.1`), an address (`http://host/v1#model`), `nano`
    or `scripted:PATH`. `embedded` is the small model's folder where it is not this package's.
    Raises ConfigError.
    """
    search = _Search(environ, servers, timeout, EmbeddedModel(embedded))
    if model or base_url:
        return await search.named(model or None, base_url or None, "you named it")
    wished = environ.get("CODEACT_MODEL")
    if wished:
        return await search.named(wished, None, "CODEACT_MODEL names it")
    if search.base_url:
        why = "OPENAI_BASE_URL names its server"
        return await search.at(search.base_url, None, why, search.key)
    if search.key:
        reason = f"OPENAI_API_KEY is set and no model is named; {DEFAULT_MODEL} is small and cheap"
        return _openai(DEFAULT_MODEL, search.key, reason)
    return await search.local(None)


class _Search:
    """One search with what it may look at. The key goes to servers that were named by their address
    and to no others.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        servers: Sequence[LocalServer],
        timeout: float,
        embedded: EmbeddedModel,
    ) -> None:
        self.key = environ.get("OPENAI_API_KEY") or None
        self.base_url = environ.get("OPENAI_BASE_URL") or None
        self._servers = servers
        self._timeout = timeout
        self._embedded = embedded

    async def named(self, model: str | None, base_url: str | None, why: str) -> Discovery:
        """A model by its spec, at the address if there is one; there the spec is just a name."""
        if base_url is not None or model is None:
            return await self.at(base_url or "", model, why, self.key)
        if model == NAME:
            return Discovery(model=self._embedded, reason=f"{why}; it is {WHAT_IT_IS}")
        if model.startswith("scripted:"):
            return _recorded(Path(model.removeprefix("scripted:")))
        if model.startswith(("http://", "https://")):
            address, _, name = model.partition("#")
            return await self.at(address, name or None, why, self.key)
        prefix, _, name = model.partition("/")
        for server in self._servers:
            if name and server.prefix == prefix:
                return await self.at(server.base_url, name, why, None)
        if self.base_url:
            return await self.at(self.base_url, model, why, self.key)
        if self.key:
            return _openai(model, self.key, why)
        return await self.local(model)

    async def at(self, base_url: str, model: str | None, why: str, key: str | None) -> Discovery:
        """A model of one server: the named one, else its first."""
        check_url(base_url)
        offers: list[_Offer] = []
        problem = ""
        if model is None or is_loopback(base_url):
            seconds = LIST_SECONDS if model is None else self._timeout
            offers, problem = await _offers(base_url, key, seconds)
        if model is None:
            usable = [offer for offer in offers if not _NO_CHAT.search(offer.model)]
            if not usable:
                why = problem or "the list is empty"
                raise ConfigError(NOT_LISTED.format(url=shown_url(base_url), why=why))
            model = usable[0].model
            among = "the only model" if len(usable) == 1 else f"the first of {len(usable)} models"
            why = f"{why}; {model} is {among} there"
        context = next((offer.context_tokens for offer in offers if offer.model == model), None)
        found = OpenAIModel(model, base_url=base_url, api_key=key, context_tokens=context)
        return Discovery(model=found, reason=f"{why} ({shown_url(base_url)})")

    async def local(self, model: str | None) -> Discovery:
        """The first server on this machine that offers the model, or any model at all."""
        answers: list[tuple[list[_Offer], str]] = [([], "")] * len(self._servers)

        async def ask(number: int) -> None:
            url = self._servers[number].base_url
            answers[number] = await _offers(url, None, self._timeout)

        async with anyio.create_task_group() as group:
            for number in range(len(self._servers)):
                group.start_soon(ask, number)
        tried = ["CODEACT_MODEL, OPENAI_BASE_URL and OPENAI_API_KEY are not set"]
        for server, (offers, problem) in zip(self._servers, answers, strict=True):
            for offer in offers:
                if offer.model == model or (model is None and not _NO_CHAT.search(offer.model)):
                    found = OpenAIModel(
                        offer.model,
                        base_url=server.base_url,
                        context_tokens=offer.context_tokens,
                    )
                    reason = f"{server.name} offers it on this machine ({server.base_url})"
                    return Discovery(model=found, reason=reason, tried=tuple(tried))
            tried.append(f"{server.name} at {server.base_url}: {problem or 'no such model'}")
        if model is not None:
            raise ConfigError(NOWHERE.format(model=model, tried="; ".join(tried[1:])))
        if self._embedded.ships:
            reason = FALLBACK.format(what=WHAT_IT_IS)
            return Discovery(model=self._embedded, reason=reason, tried=tuple(tried))
        raise ConfigError(NO_MODEL.format(tried="; ".join(tried)))


def _openai(model: str, key: str, why: str) -> Discovery:
    return Discovery(model=OpenAIModel(model, base_url=OPENAI_URL, api_key=key), reason=why)


@dataclass(frozen=True, slots=True)
class _Offer:
    model: str
    context_tokens: int | None


async def _offers(base_url: str, key: str | None, seconds: float) -> tuple[list[_Offer], str]:
    """The models that a server lists, or why there are none."""
    listed, problem = await _get(base_url.rstrip("/") + "/models", key, seconds)
    entries = listed.get("data") if isinstance(listed, dict) else None
    if not isinstance(entries, list):
        return [], problem or "no list of models"
    entries = [each for each in entries if isinstance(each, dict) and each.get("id")]
    offers = [_Offer(str(each["id"]), _context(each)) for each in entries]
    if offers and entries[0].get("owned_by") == "llamacpp":
        properties, _ = await _get(
            base_url.rstrip("/").removesuffix("/v1") + "/props", key, seconds
        )
        settings = properties.get("default_generation_settings") if properties else None
        size = settings.get("n_ctx") if isinstance(settings, dict) else None
        offers = [_Offer(offer.model, size or offer.context_tokens) for offer in offers]
    return offers, ""


def _context(entry: Mapping[str, Any]) -> int | None:
    found = next((entry[name] for name in _CONTEXT if isinstance(entry.get(name), int)), None)
    return found or None


async def _get(url: str, key: str | None, seconds: float) -> tuple[Any, str]:
    """A JSON document, or why there is none."""
    with anyio.move_on_after(seconds):
        fetch = partial(_fetch, url, key, seconds)
        return await anyio.to_thread.run_sync(fetch, abandon_on_cancel=True)
    return None, "no answer"


def _fetch(url: str, key: str | None, seconds: float) -> tuple[Any, str]:
    """No proxies and no redirects: a probe of this machine stays on this machine."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=seconds)
    try:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        connection.request("GET", parts.path, headers=headers)
        response = connection.getresponse()
        if response.status != 200:
            return None, f"HTTP {response.status}"
        return json.loads(response.read(_MOST)), ""
    except OSError:
        return None, "no answer"
    except (ValueError, http.client.HTTPException):
        return None, "no list of models"
    finally:
        connection.close()


def _recorded(path: Path) -> Discovery:
    """JSON Lines of strings, or plain text with a line of `---` between two replies."""
    try:
        text = path.read_text(encoding="utf-8").strip()
        if text.startswith('"'):
            replies = [str(json.loads(line)) for line in text.splitlines() if line.strip()]
        else:
            replies = [part.strip("\n") for part in re.split(r"^---$", text, flags=re.MULTILINE)]
    except (OSError, ValueError) as error:
        raise ConfigError(NO_RECORDING.format(path=path, problem=error)) from error
    over = ModelError(RECORDING_OVER.format(path=path))
    model = ScriptedModel(replies, name=f"scripted:{path}", exhausted=over)
    return Discovery(model=model, reason=RECORDED.format(path=path))
