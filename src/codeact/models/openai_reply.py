"""A reply as it streams in: pieces read, thinking set apart, cut where it has to end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from codeact.events import Emit, ReasoningDelta, TextDelta
from codeact.messages import FinishReason, NativeCall, Usage
from codeact.models import Until

OPEN, CLOSE = "<think>", "</think>"

_REASONING = ("reasoning_content", "reasoning", "reasoning_text")
_FINISH: dict[str, FinishReason] = {"length": "length", "content_filter": "filter"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPiece:
    """A part of a native call; the first one of a call has an `id` as a rule."""

    index: int | None = None
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one chunk of a stream says."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[CallPiece, ...] = ()
    finish: str | None = None
    usage: Usage | None = None


def read_piece(record: Any) -> Piece:
    """A chunk of a stream, or a whole reply in one body. Raises ValueError for anything else."""
    try:
        choices = record.get("choices") or ()
        choice = choices[0] if choices else {}
        delta = choice.get("delta") or choice.get("message") or {}
        reasoning = next((delta[name] for name in _REASONING if delta.get(name)), "")
        return Piece(
            text=_text(delta.get("content") or delta.get("refusal")),
            reasoning=_text(reasoning),
            calls=tuple(_call(each) for each in delta.get("tool_calls") or ()),
            finish=choice.get("finish_reason"),
            usage=_usage(record.get("usage")),
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"not a chunk of a reply: {str(record)[:80]!r}") from error


class Reply:
    """Collects pieces, tells their text to `emit`, and knows when the reply is over.

    Text that may yet turn out to be the beginning of a stop sequence is held back. A leading
    `<think>…</think>` counts as reasoning.
    """

    def __init__(self, stop: Sequence[str], until: Until, emit: Emit) -> None:
        self._stop = tuple(each for each in stop if each)
        self._until = until
        self._emit = emit
        self._received = ""
        self._thoughts = _Thoughts()
        self._calls: list[NativeCall] = []
        self._places: dict[int | None, int] = {}
        self._finish: str | None = None
        self.text = ""
        self.reasoning = ""
        self.usage: Usage | None = None
        self.ended = False

    @property
    def finished(self) -> bool:
        """Whether the server said that the reply is complete, or it was ended on this side."""
        return self.ended or self._finish is not None

    @property
    def empty(self) -> bool:
        return not (self.text or self._received or self.reasoning or self._calls)

    @property
    def finish_reason(self) -> FinishReason:
        return "stop" if self.ended else _FINISH.get(self._finish or "", "stop")

    @property
    def calls(self) -> tuple[NativeCall, ...]:
        return tuple(
            replace(call, id=call.id or f"call_{number}")
            for number, call in enumerate(self._calls, 1)
        )

    def add(self, piece: Piece) -> None:
        """Take the next piece; sets `ended` when nothing after it is wanted."""
        self._think(piece.reasoning)
        thought, text = self._thoughts.split(piece.text)
        self._think(thought)
        self._receive(text)
        for call in piece.calls:
            self._merge(call)
        self._finish = piece.finish or self._finish
        self.usage = piece.usage or self.usage

    def close(self) -> None:
        """The stream is over: what was held back belongs to the reply."""
        if not self.ended:
            thought, text = self._thoughts.rest()
            self._think(thought)
            self._receive(text)
        if not self.ended:
            self._release(len(self._received))

    def _think(self, text: str) -> None:
        if text:
            self.reasoning += text
            self._emit(ReasoningDelta(text=text))

    def _receive(self, text: str) -> None:
        if not text:
            return
        self._received += text
        begun = len(self.text)
        found = (self._received.find(each, begun) for each in self._stop)
        cut = min((place for place in found if place >= 0), default=-1)
        if cut >= 0:
            self._release(cut)
            self.ended = True
        else:
            held = max((_overlap(self._received[begun:], each) for each in self._stop), default=0)
            self._release(len(self._received) - held)

    def _release(self, end: int) -> None:
        delta = self._received[len(self.text) : end]
        if delta:
            self.text += delta
            self._emit(TextDelta(text=delta))
            self.ended = self._until(self.text)

    def _merge(self, piece: CallPiece) -> None:
        """A piece belongs to the call at its index, unless it brings an id of its own."""
        place = self._places.get(piece.index)
        if place is None or (piece.id and self._calls[place].id not in ("", piece.id)):
            place = self._places[piece.index] = len(self._calls)
            self._calls.append(NativeCall(id="", name="", arguments=""))
        call = self._calls[place]
        self._calls[place] = NativeCall(
            id=call.id or piece.id,
            name=call.name or piece.name,
            arguments=call.arguments + piece.arguments,
        )


class _Thoughts:
    """Splits a leading `<think>…</think>` off a text that arrives in pieces."""

    def __init__(self) -> None:
        self._state = "start"
        self._held = ""

    def split(self, text: str) -> tuple[str, str]:
        """What is thought and what is said in the next piece."""
        if self._state == "said":
            return "", text
        self._held += text
        thought = ""
        if self._state == "start":
            opening = self._held.lstrip()
            if OPEN.startswith(opening):
                return "", ""
            self._state = "thinking" if opening.startswith(OPEN) else "said"
            if self._state == "thinking":
                self._held = opening.removeprefix(OPEN)
        if self._state == "thinking":
            thought, closed, rest = self._held.partition(CLOSE)
            if not closed:
                end = len(thought) - _overlap(thought, CLOSE)
                thought, self._held = thought[:end], thought[end:]
                return thought, ""
            self._state, self._held = "closed", rest
        if self._state == "closed":
            self._held = self._held.lstrip()
            if not self._held:
                return thought, ""
            self._state = "said"
        said, self._held = self._held, ""
        return thought, said

    def rest(self) -> tuple[str, str]:
        held, self._held = self._held, ""
        return (held, "") if self._state == "thinking" else ("", held)


def _overlap(text: str, mark: str) -> int:
    """The length of the longest end of the text that begins the mark."""
    longest = min(len(text), len(mark) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(mark[:size])), 0)


def _text(value: Any) -> str:
    """Plain text, or the text of a list of parts."""
    if isinstance(value, list):
        return "".join(_text(part.get("text")) for part in value)
    if value is not None and not isinstance(value, str):
        raise TypeError
    return value or ""


def _call(record: Mapping[str, Any]) -> CallPiece:
    function = record.get("function") or {}
    return CallPiece(
        index=record.get("index"),
        id=_text(record.get("id")),
        name=_text(function.get("name")),
        arguments=_text(function.get("arguments")),
    )


def _usage(record: Any) -> Usage | None:
    if not record:
        return None
    asked = record.get("prompt_tokens_details") or {}
    said = record.get("completion_tokens_details") or {}
    return Usage(
        input_tokens=int(record.get("prompt_tokens") or 0),
        output_tokens=int(record.get("completion_tokens") or 0),
        cached_tokens=int(asked.get("cached_tokens") or 0),
        reasoning_tokens=int(said.get("reasoning_tokens") or 0),
    )
