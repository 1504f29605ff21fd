"""Recipes: those that ship hold the paper's hyperparameters, and a wrong one says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from codeact.cli.sft import need
from codeact.errors import ConfigError
from codeact.train.recipe import Recipe, checked, read

RECIPES = Path(__file__).parents[2] / "recipes"
HERE = Path("mine.yaml")


@pytest.mark.parametrize(
    ("name", "model", "length"),
    [
        ("codeactagent-llama2", "meta-llama/Llama-2-7b-hf", 4_096),
        ("codeactagent-mistral", "mistralai/Mistral-7B-v0.1", 16_384),
    ],
)
def test_the_recipes_of_the_paper_hold_its_hyperparameters(
    name: str, model: str, length: int
) -> None:
    recipe = read(RECIPES / f"{name}.yaml")
    assert (recipe.model, recipe.method, recipe.length) == (model, "full", length)
    assert (recipe.rate, recipe.schedule, recipe.rate_at_end) == (1e-5, "cosine", 1e-6)
    assert (recipe.warm_up_steps, recipe.batch, recipe.micro_batch) == (50, 32, 1)
    assert (recipe.epochs, recipe.precision, recipe.packing) == (5, "bf16", True)
    assert (recipe.template, recipe.learn_header) == ("chatml", True)


def test_the_recipe_for_a_small_model_trains_an_adapter() -> None:
    recipe = read(RECIPES / "small.yaml")
    assert recipe.method == "lora"
    assert recipe.template == "model"


def test_the_settings_for_several_gpus_shard_the_model() -> None:
    found = yaml.safe_load((RECIPES / "fsdp.yaml").read_text())
    assert found["distributed_type"] == "FSDP"
    assert found["mixed_precision"] == "bf16"


def test_a_changed_value_takes_the_place_of_the_recipes_own() -> None:
    assert read(RECIPES / "small.yaml", {"steps": 3, "rate": "1e-3"}).rate == 1e-3


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"model": "m", "rat": 1.0}, "'rat'"),
        ({"model": "m", "rate": "fast"}, "rate"),
        ({"model": "m", "method": "magic"}, "method"),
        ({"rate": 1.0}, "model"),
        ({"model": "m", "batch": 0}, "batch"),
    ],
)
def test_a_wrong_value_is_named_with_its_file(values: dict[str, object], word: str) -> None:
    with pytest.raises(ConfigError, match=word) as caught:
        checked(values, HERE)
    assert "mine.yaml" in str(caught.value)


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "\ud800".encode("utf-8", "surrogatepass")])
def test_a_file_that_is_no_recipe_is_refused(text: str | bytes, tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError, match=r"r\.yaml is no recipe"):
        read(path)


def test_a_batch_is_divided_among_processes_and_micro_batches() -> None:
    recipe = Recipe(model="m", batch=32, micro_batch=2)
    assert recipe.accumulation(4) == 4
    with pytest.raises(ConfigError, match="no multiple"):
        recipe.accumulation(3)


def test_a_missing_library_is_named_with_the_extra_that_brings_it() -> None:
    with pytest.raises(ConfigError, match=r"no_such_library.*codeact\[sft\]"):
        need(("json", "no_such_library"))
