"""The weights in other programs' formats are the same model."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file

from codeact.errors import DataError
from codeact.models.nano_forward import Dimensions, Network, load
from codeact.train.export import gguf_name, interleaved, to_gguf, to_hf
from tests import tiny

PROMPT = [1, 40, 80, 120, 2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model(tmp_path_factory.mktemp("nano"))


def greedy(network: Network, count: int = 30) -> list[int]:
    memory = network.begin()
    logits = network.read(PROMPT, memory)
    found: list[int] = []
    for _ in range(count):
        found.append(int(logits.argmax()))
        logits = network.read(found[-1:], memory)
    return found


def network(weights: dict[str, NDArray[Any]]) -> Network:
    return Network(Dimensions(**tiny.SHAPE), weights)  # type: ignore[arg-type]


def halves_again(weight: NDArray[Any], heads: int) -> NDArray[Any]:
    """Undoes what `interleaved` does, row by row."""
    rows = len(weight)
    size = rows // heads
    order = [
        head * size + 2 * (place % (size // 2)) + place // (size // 2)
        for head in range(heads)
        for place in range(size)
    ]
    back: NDArray[Any] = weight[order]
    return back


def test_safetensors_hold_the_weights_bit_for_bit(folder: Path, tmp_path: Path) -> None:
    to_hf(folder, tmp_path)
    found = load_file(tmp_path / "model.safetensors")
    with np.load(folder / "weights.npz") as wanted:
        assert set(found) == set(wanted.files)
        assert all(np.array_equal(found[name], wanted[name]) for name in found)


def test_safetensors_write_the_same_greedy_tokens(folder: Path, tmp_path: Path) -> None:
    to_hf(folder, tmp_path)
    again = network(load_file(tmp_path / "model.safetensors"))
    assert greedy(again) == greedy(load(folder))


def test_the_hugging_face_config_describes_the_network(folder: Path, tmp_path: Path) -> None:
    to_hf(folder, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert config["hidden_size"] == tiny.SHAPE["width"]
    assert config["tie_word_embeddings"] is True
    marks = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))["added_tokens"]
    end = next(each["id"] for each in marks if each["content"] == "<|end|>")
    assert config["eos_token_id"] == end


def test_gguf_writes_the_same_greedy_tokens(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "nano.gguf"
    to_gguf(folder, path)
    found = {each.name: np.asarray(each.data) for each in gguf.GGUFReader(path).tensors}
    with np.load(folder / "weights.npz") as names:
        weights = {name: found[gguf_name(name)] for name in names.files}
    heads = int(tiny.SHAPE["heads"])
    for name, weight in weights.items():
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            weights[name] = halves_again(weight, heads)
    assert greedy(network(weights)) == greedy(load(folder))


def test_gguf_says_what_a_reader_must_know(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "nano.gguf"
    to_gguf(folder, path)
    reader = gguf.GGUFReader(path)

    def value(name: str) -> Any:
        field = reader.get_field(name)
        assert field is not None
        return field.contents()

    assert value("general.architecture") == "llama"
    assert value("llama.block_count") == tiny.SHAPE["layers"]
    assert value("llama.context_length") == tiny.SHAPE["context"]
    assert len(value("tokenizer.ggml.tokens")) == tiny.SHAPE["vocabulary"]
    assert value("tokenizer.ggml.tokens")[value("tokenizer.ggml.eos_token_id")] == "<|end|>"


def test_rows_are_interleaved_within_each_head() -> None:
    weight = np.arange(8)[:, None]
    assert interleaved(weight, 2)[:, 0].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


def test_a_parameter_that_no_llama_has_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no parameter 'model\.pooler\.weight'"):
        gguf_name("model.pooler.weight")


def test_what_is_no_model_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no model"):
        to_hf(tmp_path, tmp_path / "out")


if importlib.util.find_spec("transformers"):

    def test_transformers_writes_the_same_greedy_tokens(folder: Path, tmp_path: Path) -> None:
        from transformers import AutoModelForCausalLM

        to_hf(folder, tmp_path)
        model = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
        written = model.generate(
            torch.tensor([PROMPT]), max_new_tokens=30, do_sample=False, eos_token_id=-1
        )
        assert written[0, len(PROMPT) :].tolist() == greedy(load(folder))
