"""A recipe for fine-tuning: what is trained, how, and with which hyperparameters, from YAML."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from codeact.errors import ConfigError

Method = Literal["full", "lora", "qlora"]

UNREADABLE = "{path} is no recipe: {problem}"
NOT_A_MAPPING = "a recipe is a mapping of names to values"
UNEVEN = (
    "batch {batch} is no multiple of micro_batch {micro} times {processes} processes. Change batch "
    "or micro_batch in the recipe."
)
NO_YAML = "Recipes need PyYAML. Install it: pip install 'codeact[sft]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Rates are peaks; `rate_at_end` is where a cosine ends. `batch` counts rows of one update over
    all processes: conversations, or packs of `length` tokens.
    """

    model: str
    method: Method = "full"
    template: Literal["chatml", "model"] = "model"
    """`chatml` is the paper's, and adds its two marks to the vocabulary; `model` is the model's own
    chat template."""
    learn_header: bool = False
    """Whether the mark that opens a reply is learned too, as the paper did. For `chatml`."""
    length: int = 4_096
    packing: bool = True
    rate: float = 2e-5
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    rate_at_end: float = 0.0
    warm_up_steps: int = 0
    batch: int = 32
    micro_batch: int = 1
    epochs: float = 1.0
    steps: int | None = None
    """Updates in all; else `epochs` decide."""
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    clip: float = 1.0
    precision: Literal["bf16", "fp32"] = "bf16"
    recompute: bool = True
    """Activations are computed again in the backward pass instead of being kept."""
    attention: Literal["sdpa", "eager", "flash_attention_2"] = "sdpa"
    save_every: int = 0
    """Updates between two checkpoints; 0 saves after each epoch."""
    keep: int = 2
    """How many checkpoints stay."""
    seed: int = 1
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    """`rank`, `alpha` and `dropout` are the adapter's, for LoRA and QLoRA on all linear layers."""

    def accumulation(self, processes: int) -> int:
        """How many micro-batches each process adds up for one update. Raises ConfigError."""
        rows = self.micro_batch * processes
        if self.batch % rows:
            facts = {"batch": self.batch, "micro": self.micro_batch, "processes": processes}
            raise ConfigError(UNEVEN.format(**facts))
        return self.batch // rows


def read(path: Path, changes: Mapping[str, Any] | None = None) -> Recipe:
    """The recipe of a file, with some values changed. Raises ConfigError."""
    try:
        import yaml
    except ImportError as error:
        raise ConfigError(NO_YAML) from error
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(UNREADABLE.format(path=path, problem=error)) from error
    if not isinstance(found, dict):
        raise ConfigError(UNREADABLE.format(path=path, problem=NOT_A_MAPPING))
    return checked({**found, **(changes or {})}, path)


def checked(values: Mapping[str, Any], path: Path) -> Recipe:
    """A recipe from plain values; an unknown name or a wrong type raises ConfigError."""
    from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

    unknown = sorted(values.keys() - {each.name for each in dataclasses.fields(Recipe)})
    if unknown:
        raise ConfigError(UNREADABLE.format(path=path, problem=f"there is no {unknown[0]!r}"))
    strict = with_config(ConfigDict(extra="forbid"))
    adapter: TypeAdapter[Recipe] = TypeAdapter(strict(Recipe))
    try:
        recipe = adapter.validate_python(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        problem = f"{where}: {first['msg'][0].lower()}{first['msg'][1:]}"
        raise ConfigError(UNREADABLE.format(path=path, problem=problem)) from error
    for name in ("length", "batch", "micro_batch", "rate", "epochs", "rank", "keep"):
        if getattr(recipe, name) <= 0:
            problem = f"{name}: must be greater than 0"
            raise ConfigError(UNREADABLE.format(path=path, problem=problem))
    return recipe


def processes() -> int:
    """How many processes train together, as accelerate and torchrun tell it."""
    return int(os.environ.get("WORLD_SIZE", "1"))
