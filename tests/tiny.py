"""A small model with random weights and a tokenizer of its own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codeact.train.vocabulary import learn

SHAPE = {
    "vocabulary": 300,
    "width": 16,
    "layers": 2,
    "heads": 2,
    "hidden": 24,
    "context": 96,
    "theta": 10_000.0,
    "epsilon": 1e-5,
}
TEXTS = ["What is the sum of 1 and 2?", "print(1 + 2)", "The answer is 3.", "x = 1\n" * 3] * 4


def tokenizer(folder: Path) -> Path:
    """Its vocabulary has exactly as many tokens as the shape says."""
    path = folder / "tokenizer.json"
    learn(TEXTS, int(SHAPE["vocabulary"]), path)
    return path


def model(folder: Path, seed: int = 9) -> Path:
    """A folder with tokenizer, card and random weights, whose replies are long with this seed."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer(folder)
    card = {"shape": SHAPE, "held_out": "nothing", "families": []}
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    np.savez(folder / "weights.npz", allow_pickle=False, **weights(seed))
    return folder


def weights(seed: int) -> dict[str, NDArray[np.float16]]:
    rng = np.random.default_rng(seed)
    width, hidden = int(SHAPE["width"]), int(SHAPE["hidden"])
    sizes = {"model.embed_tokens": (int(SHAPE["vocabulary"]), width), "model.norm": (width,)}
    for number in range(int(SHAPE["layers"])):
        name = f"model.layers.{number}"
        sizes |= {f"{name}.self_attn.{each}_proj": (width, width) for each in "qkvo"}
        sizes |= {f"{name}.mlp.{each}_proj": (hidden, width) for each in ("gate", "up")}
        sizes[f"{name}.mlp.down_proj"] = (width, hidden)
        sizes |= {f"{name}.{each}": (width,) for each in ("input_layernorm",)}
        sizes[f"{name}.post_attention_layernorm"] = (width,)
    return {
        f"{name}.weight": rng.normal(0.0, 0.4, size).astype(np.float16)
        for name, size in sizes.items()
    }
