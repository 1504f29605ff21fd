"""Random Llamas and Mistrals of a few thousand parameters, and conversations to learn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerFast,
)

Kind = Literal["llama", "mistral"]

TEXT = "What is one and two? <execute> print(1 + 2) </execute> The answer is three."


def tokenizer() -> Any:
    """Bytes, a few merges, and the marks of Llama-2: no chat template, no ChatML."""
    learned = Tokenizer(models.BPE())
    learned.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    learned.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    learned.train_from_iterator([TEXT], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=learned, bos_token="<s>", eos_token="</s>")


def model(folder: Path, kind: Kind = "llama", words: Any = None) -> str:
    """A random model and its tokenizer in `folder`; the folder's name."""
    torch.manual_seed(7)
    words = words or tokenizer()
    shape: dict[str, Any] = {
        "vocab_size": len(words),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "bos_token_id": words.bos_token_id,
        "eos_token_id": words.eos_token_id,
    }
    if kind == "llama":
        net = LlamaForCausalLM(LlamaConfig(**shape))
    else:
        net = MistralForCausalLM(MistralConfig(**shape))
    net.save_pretrained(folder)
    words.save_pretrained(folder)
    return str(folder)


def said(question: str, *replies: str, wrong: Sequence[int] = ()) -> list[dict[str, Any]]:
    """A conversation with an observation between replies; those in `wrong` are not learned."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": question}]
    for place, reply in enumerate(replies):
        if place:
            messages.append({"role": "user", "content": f"[Output]\n{place}"})
        weight = int(place not in wrong)
        messages.append({"role": "assistant", "content": reply, "weight": weight})
    return messages


def written(path: Path, conversations: Sequence[Sequence[dict[str, Any]]]) -> Path:
    lines = [json.dumps({"messages": list(each)}) + "\n" for each in conversations]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def lesson(path: Path, count: int = 12) -> Path:
    """Sums whose answer stands in the observation."""
    return written(
        path,
        [
            said(
                f"What is {n} and {n + 1}?",
                f"<execute>\nprint({n} + {n + 1})\n</execute>",
                f"The answer is {2 * n + 1}.",
            )
            for n in range(count)
        ],
    )
