"""A model whose replies are kept in a folder: asked the same again, it answers from there."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codeact.events import Emit, ReasoningDelta, TextDelta, ignore
from codeact.messages import Completion, Message, NativeCall, Sampling, ToolSchema, Usage
from codeact.models import Model, Until, never

SCHEMA = "codeact.reply/1"


@dataclass(slots=True)
class Hits:
    """How many replies came from the folder."""

    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedModel:
    """Asks `model` what the folder does not hold.

    A request is the same where model, `endpoint`, messages, tools, stop sequences, sampling and
    `epoch` are; a reply that was cut by another `until` does not fit and is asked for anew. A kept
    reply costs nothing: its tokens are told as they were, its `cost` is 0. What is damaged is
    asked for again, what the provider filtered or somebody interrupted is not kept.
    """

    model: Model
    folder: Path
    endpoint: str = ""
    epoch: int = 0
    hits: Hits = field(default_factory=Hits)

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def context_tokens(self) -> int | None:
        return self.model.context_tokens

    @property
    def sees(self) -> bool:
        return self.model.sees

    def at(self, epoch: int) -> CachedModel:
        """The same for another epoch, so that drawing again is no copy; counts the same hits."""
        return dataclasses.replace(self, epoch=epoch)

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
        request = self._request(messages, stop, tools, sampling)
        path = self._path(request)
        kept = _read(path, request, until)
        if kept is not None:
            self.hits.count += 1
            _tell(kept, emit)
            usage = dataclasses.replace(kept.usage, cost=0.0)
            return dataclasses.replace(kept, usage=usage, seconds=time.perf_counter() - begun)
        reply = await self.model.complete(
            messages, stop=stop, until=until, tools=tools, sampling=sampling, emit=emit
        )
        if reply.finish_reason in ("stop", "length"):
            _write(path, request, reply, cut=until(reply.text))
        return reply

    async def aclose(self) -> None:
        await self.model.aclose()

    def _request(
        self,
        messages: Sequence[Message],
        stop: Sequence[str],
        tools: Sequence[ToolSchema],
        sampling: Sampling,
    ) -> dict[str, Any]:
        return {
            "model": self.model.name,
            "endpoint": self.endpoint,
            "messages": [dataclasses.asdict(message) for message in messages],
            "stop": list(stop),
            "tools": [dataclasses.asdict(tool) for tool in tools],
            "sampling": dataclasses.asdict(sampling),
            "epoch": self.epoch,
        }

    def _path(self, request: Mapping[str, Any]) -> Path:
        text = json.dumps(request, sort_keys=True, ensure_ascii=True)
        key = hashlib.sha256(text.encode()).hexdigest()
        return self.folder / key[:2] / f"{key}.json"


def _tell(kept: Completion, emit: Emit) -> None:
    if kept.reasoning:
        emit(ReasoningDelta(text=kept.reasoning))
    half = len(kept.text) // 2
    for piece in (kept.text[:half], kept.text[half:]):
        if piece:
            emit(TextDelta(text=piece))


def _read(path: Path, request: Mapping[str, Any], until: Until) -> Completion | None:
    """The kept reply; None where there is none that can be read, or it is another request's, or
    `until` would have ended it elsewhere.
    """
    try:
        record = json.loads(path.read_bytes())
        if record["schema"] != SCHEMA or record["request"] != _plain(request):
            return None
        reply = record["reply"]
        usage = Usage(**reply.pop("usage"))
        calls = tuple(NativeCall(**call) for call in reply.pop("calls"))
        found = Completion(**reply, usage=usage, calls=calls)
        fits = until(found.text) == record["cut"]
        whole = isinstance(usage.total_tokens, int) and isinstance(found.reasoning, str)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return found if whole and fits else None


def _plain(request: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(request))


def _write(path: Path, request: Mapping[str, Any], reply: Completion, *, cut: bool) -> None:
    """All or nothing: another run may read at the same time, and a kill leaves no half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = dataclasses.asdict(reply)
    record = {"schema": SCHEMA, "request": request, "reply": kept, "cut": cut}
    fresh = path.with_suffix(f".{os.getpid()}.{id(reply)}")
    fresh.write_text(json.dumps(record), encoding="utf-8")
    fresh.replace(path)
