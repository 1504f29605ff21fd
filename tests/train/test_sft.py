"""Fine-tuning tiny random models end to end on a CPU."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from codeact.errors import ConfigError, DataError
from codeact.train import chat, sft
from codeact.train.recipe import Recipe
from tests.train import tiny_llm
from tests.train.tiny_llm import Kind

pytestmark = [  # what peft says to others
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Setting `save_embedding_layers` to `True`:UserWarning"),
]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def recipe(model: str, **changes: Any) -> Recipe:
    settled: dict[str, Any] = {
        "model": model,
        "template": "chatml",
        "precision": "fp32",
        "recompute": False,
        "length": 192,
        "batch": 2,
        "micro_batch": 1,
        "rate": 1e-2,
        "schedule": "constant",
        "steps": 6,
        "save_every": 3,
    }
    return Recipe(**(settled | changes))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_file(folder / "model.safetensors"))


def words_and_rows(model: str, data: Path) -> tuple[Any, list[dict[str, list[int]]]]:
    words, _, found = sft.prepare(recipe(model), [data])
    return words, found.rows


@pytest.mark.parametrize("kind", ["llama", "mistral"])
def test_the_loss_falls_and_the_model_can_be_loaded(kind: Kind, tmp_path: Path) -> None:
    model = tiny_llm.model(tmp_path / "base", kind)
    data = tiny_llm.lesson(tmp_path / "data.jsonl")
    tuned = sft.tune(recipe(model), [data], tmp_path / "run")
    assert tuned.steps == 6
    assert tuned.losses[-1][1] < tuned.losses[0][1] - 0.5
    assert tuned.model is not None
    net = AutoModelForCausalLM.from_pretrained(tuned.model)
    words = AutoTokenizer.from_pretrained(tuned.model)
    assert net.get_input_embeddings().weight.shape[0] == len(words)
    assert net.generation_config.eos_token_id == words.convert_tokens_to_ids("<|im_end|>")
    asked = words.apply_chat_template(
        [{"role": "user", "content": "Hm?"}], tokenize=False, add_generation_prompt=True
    )
    assert asked == "<s><|im_start|>user\nHm?<|im_end|>\n<|im_start|>assistant\n"


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    model = tiny_llm.model(tmp_path / "base")
    data = tiny_llm.lesson(tmp_path / "data.jsonl")
    chosen = recipe(model, schedule="cosine", warm_up_steps=2)
    whole = sft.tune(chosen, [data], tmp_path / "whole")
    told: list[int] = []
    first = sft.tune(
        chosen,
        [data],
        tmp_path / "parts",
        told=lambda step, steps, loss: told.append(step),
        stopped=lambda: len(told) >= 1,
    )
    assert first.model is None
    assert 0 < first.steps < 6
    second = sft.tune(chosen, [data], tmp_path / "parts")
    assert second.losses == whole.losses
    assert whole.model is not None
    assert second.model is not None
    left, right = weights(whole.model), weights(second.model)
    assert left.keys() == right.keys()
    assert all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize("kind", ["llama", "mistral"])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_documents_in_a_pack_do_not_see_each_other(
    kind: Kind, attention: str, tmp_path: Path
) -> None:
    model = tiny_llm.model(tmp_path / "base", kind)
    _, rows = words_and_rows(model, tiny_llm.lesson(tmp_path / "data.jsonl", 3))
    net = AutoModelForCausalLM.from_pretrained(model, attn_implementation=attention)
    net.resize_token_embeddings(max(max(row["input_ids"]) for row in rows) + 1)
    net.config.use_cache = False
    pack = {
        name: [value for row in rows for value in row[name]] for name in ("input_ids", "labels")
    }
    lengths = {"seq_lengths": [len(row["input_ids"]) for row in rows]}
    packed = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)([pack | lengths])
    with torch.no_grad():
        together = net.eval()(**{k: v for k, v in packed.items() if k != "labels"}).logits[0]
        apart = [net(input_ids=torch.tensor([row["input_ids"]])).logits[0] for row in rows]
    assert torch.allclose(together, torch.cat(apart), atol=1e-5)


def test_packing_changes_neither_the_loss_nor_what_is_learned(tmp_path: Path) -> None:
    model = tiny_llm.model(tmp_path / "base")
    data = tiny_llm.lesson(tmp_path / "data.jsonl", 4)
    losses = []
    for name, changes in {
        "packed": {"packing": True, "length": 400, "batch": 1},
        "single": {"packing": False, "batch": 4},
    }.items():
        tuned = sft.tune(recipe(model, steps=1, **changes), [data], tmp_path / name)
        losses.append(tuned.losses[0][1])
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


def test_the_loss_is_that_of_the_learned_tokens_alone(tmp_path: Path) -> None:
    model = tiny_llm.model(tmp_path / "base")
    data = tiny_llm.lesson(tmp_path / "data.jsonl", 1)
    words, [row] = words_and_rows(model, data)
    one = recipe(model, steps=1, batch=1, packing=False)
    tuned = sft.tune(one, [data], tmp_path / "run")
    assert tuned.model is not None
    net = AutoModelForCausalLM.from_pretrained(model)
    torch.manual_seed(one.seed)  # as the run began: new tokens are drawn from it
    net.resize_token_embeddings(len(words))
    with torch.no_grad():
        logits = net.eval()(input_ids=torch.tensor([row["input_ids"]])).logits[0, :-1]
    labels = torch.tensor(row["labels"][1:])
    kept = labels != chat.UNLEARNED
    expected = functional.cross_entropy(logits[kept], labels[kept])
    assert tuned.losses[0][1] == pytest.approx(expected.item(), abs=1e-4)


def test_an_adapter_is_kept_and_merged_into_the_model(tmp_path: Path) -> None:
    model = tiny_llm.model(tmp_path / "base")
    data = tiny_llm.lesson(tmp_path / "data.jsonl")
    tuned = sft.tune(recipe(model, method="lora", rank=4), [data], tmp_path / "run")
    assert tuned.losses[-1][1] < tuned.losses[0][1]
    assert (tmp_path / "run" / "adapter" / "adapter_config.json").exists()
    assert tuned.model is not None
    merged = weights(tuned.model)
    before = weights(Path(model))
    changed = "model.layers.0.mlp.up_proj.weight"
    assert merged.keys() == before.keys()
    assert not torch.equal(merged[changed], before[changed])
    assert torch.equal(merged["model.norm.weight"], before["model.norm.weight"])


def test_the_merged_model_says_what_the_adapter_says(tmp_path: Path) -> None:
    from peft import AutoPeftModelForCausalLM

    own = tiny_llm.tokenizer()
    chat.training_template(own, "chatml", learn_header=False, model="m")
    model = tiny_llm.model(tmp_path / "base", words=own)
    data = tiny_llm.lesson(tmp_path / "data.jsonl")
    tuned = sft.tune(recipe(model, method="lora", rank=4), [data], tmp_path / "run")
    assert tuned.model is not None
    ids = torch.tensor([words_and_rows(model, data)[1][0]["input_ids"]])
    with torch.no_grad():
        beside = AutoPeftModelForCausalLM.from_pretrained(tmp_path / "run" / "adapter")(ids).logits
        merged = AutoModelForCausalLM.from_pretrained(tuned.model)(ids).logits
        base = AutoModelForCausalLM.from_pretrained(model)(ids).logits
    assert torch.allclose(beside, merged, atol=1e-4)
    assert not torch.allclose(base, merged, atol=1e-2)


def test_a_folder_is_not_gone_on_with_by_another_recipe_or_data(tmp_path: Path) -> None:
    model = tiny_llm.model(tmp_path / "base")
    data = tiny_llm.lesson(tmp_path / "data.jsonl")
    chosen = recipe(model, steps=1)
    sft.tune(chosen, [data], tmp_path / "run")
    with pytest.raises(ConfigError, match="another recipe"):
        sft.tune(dataclasses.replace(chosen, rate=1.0), [data], tmp_path / "run")
    tiny_llm.lesson(data, 5)
    with pytest.raises(ConfigError, match="another data"):
        sft.tune(chosen, [data], tmp_path / "run")


def test_the_manifest_tells_recipe_data_and_versions(tmp_path: Path) -> None:
    model = tiny_llm.model(tmp_path / "base")
    data = tiny_llm.lesson(tmp_path / "data.jsonl")
    sft.tune(recipe(model, steps=1), [data], tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "training.json").read_text())
    assert manifest["schema"] == "codeact.training/1"
    assert manifest["recipe"]["rate"] == 1e-2
    assert set(manifest["data"]) == {"data.jsonl"}
    assert "trl" in manifest["versions"]


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    data = tiny_llm.lesson(tmp_path / "data.jsonl")
    with pytest.raises(ConfigError, match=r"no model '.*nowhere'"):
        sft.tune(recipe(str(tmp_path / "nowhere")), [data], tmp_path / "run")


def test_data_that_holds_nothing_to_learn_is_refused(tmp_path: Path) -> None:
    model = tiny_llm.model(tmp_path / "base")
    data = tiny_llm.written(tmp_path / "d.jsonl", [tiny_llm.said("Hm?", "no", wrong=[0])])
    with pytest.raises(DataError, match="nothing to learn"):
        sft.tune(recipe(model), [data], tmp_path / "run")


def test_qlora_without_a_gpu_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match="method: lora"):
        sft.quantization(gpu=False)


def test_the_recipes_values_reach_the_trainer(tmp_path: Path) -> None:
    chosen = recipe("m", rate=3e-4, schedule="cosine", rate_at_end=1e-5, batch=8, weight_decay=0.1)
    found = sft.arguments(chosen, tmp_path)
    assert found.learning_rate == 3e-4
    assert found.lr_scheduler_kwargs == {"min_lr": 1e-5}
    assert found.gradient_accumulation_steps == 8
    assert (found.max_length, found.packing, found.packing_strategy) == (192, True, "bfd")
    assert (found.weight_decay, found.max_grad_norm) == (0.1, 1.0)
