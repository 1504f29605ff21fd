"""The small model's forward pass in numpy: one token after another, keys and values kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from codeact.errors import DataError
from codeact.models.nano_prompt import CARD, NOT_A_MODEL, WEIGHTS

Array: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimensions:
    """Sizes of a Llama with as many key heads as query heads and tied embeddings."""

    vocabulary: int
    width: int
    layers: int
    heads: int
    hidden: int
    context: int
    theta: float
    epsilon: float


@dataclass(frozen=True, slots=True)
class _Layer:
    """Matrices stand transposed, as (input, output)."""

    before: Array
    qkv: Array
    out: Array
    after: Array
    gate_up: Array
    down: Array


class Network:
    """The weights and their arithmetic; it holds no conversation, so threads may share it."""

    def __init__(self, dimensions: Dimensions, weights: Mapping[str, NDArray[Any]]) -> None:
        self.dimensions = dimensions
        self._embedding = _single(weights["model.embed_tokens.weight"])
        self._head = np.ascontiguousarray(self._embedding.T)
        self._norm = _single(weights["model.norm.weight"])
        self._layers = [
            _layer(weights, f"model.layers.{number}") for number in range(dimensions.layers)
        ]
        half = dimensions.width // dimensions.heads // 2
        speeds = dimensions.theta ** (-np.arange(half, dtype=np.float32) / half)
        turned = np.arange(dimensions.context, dtype=np.float32)[:, None] * speeds
        self._cos = np.cos(turned).astype(np.float32)[:, None]
        self._sin = np.sin(turned).astype(np.float32)[:, None]

    def begin(self) -> Memory:
        """An empty memory for one conversation."""
        d = self.dimensions
        size = (d.layers, 2, d.context, d.heads, d.width // d.heads)
        return Memory(np.zeros(size, np.float32))

    def read(self, ids: Sequence[int], memory: Memory) -> Array:
        """The logits after the last of `ids`, which follow what the memory holds.

        Raises IndexError beyond the context.
        """
        d = self.dimensions
        start, end = memory.length, memory.length + len(ids)
        if end > d.context:
            raise IndexError(f"{end} tokens exceed the context of {d.context}.")
        unseen = np.triu(np.full((len(ids), len(ids)), -np.inf, np.float32), 1)
        x = self._embedding[list(ids)]
        for number, layer in enumerate(self._layers):
            heads = (self._normed(x, layer.before) @ layer.qkv).reshape(len(ids), 3, d.heads, -1)
            keys, values = memory.kept[number]
            keys[start:end] = self._turned(heads[:, 1], start)
            values[start:end] = heads[:, 2]
            x = x + _attend(self._turned(heads[:, 0], start), keys[:end], values[:end], unseen) @ (
                layer.out
            )
            gate, up = np.split(self._normed(x, layer.after) @ layer.gate_up, 2, axis=1)
            x = x + (gate / (1.0 + np.exp(-gate)) * up) @ layer.down
        memory.length = end
        logits: Array = self._normed(x[-1:], self._norm)[0] @ self._head
        return logits

    def _normed(self, x: Array, weight: Array) -> Array:
        scale = np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + self.dimensions.epsilon)
        normed: Array = x / scale * weight
        return normed

    def _turned(self, x: Array, start: int) -> Array:
        """Rotary positions: (tokens, heads, size), halves turned against each other."""
        cos, sin = self._cos[start : start + len(x)], self._sin[start : start + len(x)]
        a, b = np.split(x, 2, axis=-1)
        return np.concatenate((a * cos - b * sin, b * cos + a * sin), axis=-1)


class Memory:
    """The keys and values of a conversation, (layers, 2, context, heads, size)."""

    def __init__(self, kept: Array) -> None:
        self.kept = kept
        self.length = 0


def load(folder: Path) -> Network:
    """The network of a folder. Raises DataError when there is none."""
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        dimensions = Dimensions(**card["shape"])
        with np.load(folder / WEIGHTS, allow_pickle=False) as file:
            weights = {name: file[name] for name in file.files}
        return Network(dimensions, weights)
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise DataError(NOT_A_MODEL.format(folder=folder, problem=problem)) from error


def _layer(weights: Mapping[str, NDArray[Any]], name: str) -> _Layer:
    def joined(*parts: str) -> Array:
        return np.ascontiguousarray(
            np.concatenate([_single(weights[f"{name}.{part}.weight"]) for part in parts]).T
        )

    return _Layer(
        before=_single(weights[f"{name}.input_layernorm.weight"]),
        qkv=joined("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
        out=joined("self_attn.o_proj"),
        after=_single(weights[f"{name}.post_attention_layernorm.weight"]),
        gate_up=joined("mlp.gate_proj", "mlp.up_proj"),
        down=joined("mlp.down_proj"),
    )


def _attend(queries: Array, keys: Array, values: Array, unseen: Array) -> Array:
    """(tokens, width) from (tokens, heads, size) and all kept keys and values."""
    rows = len(queries)
    scores = (
        queries.transpose(1, 0, 2) @ keys.transpose(1, 2, 0) / np.sqrt(np.float32(queries.shape[2]))
    )
    scores[:, :, len(keys) - rows :] += unseen
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    scores /= scores.sum(axis=-1, keepdims=True)
    mixed: Array = (scores @ values.transpose(1, 0, 2)).transpose(1, 0, 2).reshape(rows, -1)
    return mixed


def _single(array: NDArray[Any]) -> Array:
    return array.astype(np.float32)
