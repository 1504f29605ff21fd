"""Our own small model, its weights in this package: no key, no network, no torch, one CPU core."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from codeact.errors import ContextOverflow, DataError, ModelError
from codeact.events import Emit, TextDelta, ignore
from codeact.messages import Completion, FinishReason, Message, Sampling, ToolSchema, Usage
from codeact.models import Until, never
from codeact.models.nano_prompt import ACTS, CARD, NOT_A_MODEL, TOKENIZER, WEIGHTS, Piece, pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from codeact.models.nano_forward import Network
    from codeact.models.nano_tokens import Vocabulary

NAME = "nano"

WHAT_IT_IS = (
    "the small model in this package: it knows short tasks of a few kinds (arithmetic, dates, "
    "words, small files, calling your functions) and is often wrong elsewhere; docs/nano.md tells "
    "how often. Connect a large model for real work"
)
ONLY_CODE = (
    "The model 'nano' writes its actions as code between <execute> tags and knows no other format. "
    "Use --format code, or connect another model."
)
TOO_LONG = (
    "The conversation has {tokens} tokens and the model 'nano' reads {context}, its reply included."
)

AT_ONCE = 8
"""How many tokens are written before the event loop is told of them."""
REPLY_TOKENS = 192
"""The length of a reply where the caller names none; the model was trained on shorter ones."""


def weights_folder() -> Path:
    """The model that ships in this package."""
    return Path(str(resources.files("codeact.models"))) / "nano"


@functools.lru_cache(maxsize=2)
def _load(folder: Path) -> tuple[Network, Vocabulary]:
    from codeact.models.nano_forward import load
    from codeact.models.nano_tokens import Vocabulary

    return load(folder), Vocabulary.load(folder / TOKENIZER)


class EmbeddedModel:
    """Greedy unless a temperature is asked for. Loads its weights at the first reply.

    It reads the conversation in its own short form (models/nano_prompt.py) and writes in a worker
    thread, on one core. Raises DataError when `folder` holds no model.
    """

    sees = False

    def __init__(self, folder: Path | None = None, *, name: str = NAME) -> None:
        self.name = name
        self.folder = folder or weights_folder()

    @property
    def ships(self) -> bool:
        """Whether its weights are there."""
        return (self.folder / WEIGHTS).is_file()

    @functools.cached_property
    def card(self) -> dict[str, Any]:
        """What is known of the weights: shape, training, what was held out. Raises DataError."""
        try:
            card: dict[str, Any] = json.loads((self.folder / CARD).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(NOT_A_MODEL.format(folder=self.folder, problem=error)) from error
        return card

    @property
    def context_tokens(self) -> int | None:
        return None  # ours are counted after the instructions are left out, others' before

    def read(self, messages: Sequence[Message], tools: Sequence[ToolSchema]) -> list[Piece]:
        """The conversation in its own form. Raises ModelError for any other action format."""
        if tools or any(each.role == "system" and ACTS not in each.content for each in messages):
            raise ModelError(ONLY_CODE)
        return pieces(messages)

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
        seen = self.read(messages, tools)
        network, vocabulary = await anyio.to_thread.run_sync(_load, self.folder)
        ids = vocabulary.prompt(seen)
        room = network.dimensions.context - len(ids)
        if room < 1:
            facts = {"tokens": len(ids), "context": network.dimensions.context}
            raise ContextOverflow(TOO_LONG.format(**facts))
        limit = min(room, sampling.max_tokens or REPLY_TOKENS)
        writing = _Writing(network, vocabulary, ids, stop, until, sampling, limit)
        while writing.finish_reason is None:
            text = await anyio.to_thread.run_sync(writing.on)
            if text:
                emit(TextDelta(text=text))
        return Completion(
            text=writing.text,
            finish_reason=writing.finish_reason,
            usage=Usage(input_tokens=len(ids), output_tokens=len(writing.written)),
            seconds=time.perf_counter() - begun,
        )

    async def aclose(self) -> None:
        """Holds nothing."""


class _Writing:
    """One reply as it grows."""

    def __init__(
        self,
        network: Network,
        vocabulary: Vocabulary,
        ids: Sequence[int],
        stop: Sequence[str],
        until: Until,
        sampling: Sampling,
        limit: int,
    ) -> None:
        import numpy as np

        self.text = ""
        self.written: list[int] = []
        self.finish_reason: FinishReason | None = None
        self._network, self._vocabulary = network, vocabulary
        self._memory = network.begin()
        self._unread = list(ids)
        self._stop = [each for each in stop if each]
        self._until = until
        self._sampling = sampling
        self._limit = limit
        self._told = 0
        self._chance = np.random.default_rng(sampling.seed)

    def on(self) -> str:
        """Write some tokens; the text that is certain by now and was not told before."""
        from threadpoolctl import threadpool_limits

        with threadpool_limits(
            limits=1, user_api="blas"
        ):  # contending threads are ten times slower
            for _ in range(AT_ONCE):
                if self.finish_reason is None:
                    self._token()
        certain = len(self.text)
        if self.finish_reason is None:
            certain -= _begun(self._stop, self.text)
        told, self._told = self._told, max(self._told, certain)
        return self.text[told : self._told]

    def _token(self) -> None:
        token = self._pick(self._network.read(self._unread, self._memory))
        if token == self._vocabulary.end:
            self.finish_reason = "stop"
            self.text = self._vocabulary.decode(self.written)
            return
        self.written.append(token)
        self._unread = [token]
        text = self._vocabulary.decode(self.written)
        cut = min((at for at in map(text.find, self._stop) if at >= 0), default=-1)
        if cut >= 0:
            self.text, self.finish_reason = text[:cut], "stop"
            return
        if not text.endswith("�"):  # else the last character's bytes are not complete
            self.text = text
        if self._until(self.text):
            self.finish_reason = "stop"
        elif len(self.written) >= self._limit:
            self.finish_reason = "length"

    def _pick(self, logits: NDArray[Any]) -> int:
        import numpy as np

        temperature = self._sampling.temperature
        if not temperature:
            return int(logits.argmax())
        weights = np.exp((logits - logits.max()) / temperature)
        weights /= weights.sum()
        order = np.argsort(-weights, kind="stable")
        if self._sampling.top_p is not None:
            before = np.cumsum(weights[order]) - weights[order]
            order = order[: max(1, int((before < self._sampling.top_p).sum()))]
        chances = weights[order] / weights[order].sum()
        return int(self._chance.choice(order, p=chances))


def _begun(stop: Sequence[str], text: str) -> int:
    """How many characters at the end may be the beginning of a stop sequence."""
    longest = max((len(each) for each in stop), default=1) - 1
    for length in range(min(longest, len(text)), 0, -1):
        if any(each.startswith(text[-length:]) for each in stop):
            return length
    return 0
