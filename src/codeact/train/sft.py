"""Fine-tuning of any Hugging Face causal model by a recipe: whole, or as an adapter of its own."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, disable_progress_bars
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PrinterCallback,
    TrainerCallback,
    set_seed,
)
from transformers.trainer_utils import get_last_checkpoint
from transformers.utils import logging
from trl import SFTConfig, SFTTrainer

from codeact.errors import ConfigError, DataError
from codeact.train.chat import Tokenized, conversations, tokenized, training_template, unmarked
from codeact.train.recipe import Recipe, processes

SCHEMA = "codeact.training/1"
MANIFEST, CHECKPOINTS, MODEL, ADAPTER = "training.json", "checkpoints", "model", "adapter"
"""What stands in a run's folder."""

OTHER_RUN = (
    "{folder} holds a run with another {name}. Name another folder (-o), or repeat the command "
    "that began the one there."
)
NO_MODEL = "There is no model {model!r} that can be loaded: {problem}"
NOTHING = "There is nothing to learn in {files}: {reasons}."
NO_FAST = "The tokenizer of {model!r} tells no places of its tokens (it is not a fast one)."
NO_QLORA = (
    "QLoRA needs bitsandbytes and a GPU ({problem}). Say method: lora, or install it: "
    "pip install bitsandbytes"
)

Told = Callable[[int, int, float], None]
Stopped = Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """`losses` are (update, mean loss since the last one told). `model` is whole, adapter merged;
    None where the run was stopped before its end.
    """

    steps: int
    losses: tuple[tuple[int, float], ...]
    model: Path | None


def prepare(recipe: Recipe, files: Sequence[Path]) -> tuple[Any, str, Tokenized]:
    """The tokenizer, its marked template and the data as tokens. Raises ConfigError, DataError."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(recipe.model)
    except (OSError, ValueError) as error:
        problem = str(error).splitlines()[0]
        raise ConfigError(NO_MODEL.format(model=recipe.model, problem=problem)) from error
    if not tokenizer.is_fast:
        raise ConfigError(NO_FAST.format(model=recipe.model))
    template = training_template(
        tokenizer, recipe.template, learn_header=recipe.learn_header, model=recipe.model
    )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    found = (each for file in files for each in conversations(file))
    data = tokenized(found, tokenizer, template, recipe.length)
    if not data.rows:
        reasons = "; ".join(data.left_out) or "there is no conversation"
        raise DataError(NOTHING.format(files=", ".join(map(str, files)), reasons=reasons))
    return tokenizer, template, data


def tune(
    recipe: Recipe,
    files: Sequence[Path],
    folder: Path,
    *,
    told: Told = lambda step, steps, loss: None,
    stopped: Stopped = lambda: False,
    begun: Callable[[Tokenized, bool], None] = lambda data, resumed: None,
) -> Tuned:
    """Train in `folder`, or go on from its last checkpoint; a stopped run saves one.

    A run that is resumed equals one that was not interrupted. Raises ConfigError, DataError.
    """
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    disable_progress_bars()
    set_seed(recipe.seed)
    tokenizer, template, data = prepare(recipe, files)
    _settle(recipe, files, folder)
    trainer = _trainer(recipe, folder, tokenizer, data)
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(_Watching(told, stopped))
    checkpoints = folder / CHECKPOINTS
    last = get_last_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None
    begun(data, last is not None)
    trainer.train(resume_from_checkpoint=last)
    state = trainer.state
    losses = [(int(log["step"]), float(log["loss"])) for log in state.log_history if "loss" in log]
    model = None
    if state.global_step >= state.max_steps:
        tokenizer.chat_template = unmarked(template)
        model = _finished(trainer, recipe, tokenizer, folder)
    return Tuned(steps=state.global_step, losses=tuple(losses), model=model)


def arguments(recipe: Recipe, folder: Path) -> Any:
    """The recipe as TRL spells it. Raises ConfigError."""
    schedule, extra = _schedule(recipe)
    return SFTConfig(
        output_dir=str(folder / CHECKPOINTS),
        per_device_train_batch_size=recipe.micro_batch,
        gradient_accumulation_steps=recipe.accumulation(processes()),
        num_train_epochs=recipe.epochs,
        max_steps=-1 if recipe.steps is None else recipe.steps,
        learning_rate=recipe.rate,
        lr_scheduler_type=schedule,
        lr_scheduler_kwargs=extra,
        warmup_steps=recipe.warm_up_steps,
        weight_decay=recipe.weight_decay,
        adam_beta1=recipe.betas[0],
        adam_beta2=recipe.betas[1],
        max_grad_norm=recipe.clip,
        bf16=recipe.precision == "bf16",
        use_cpu=not torch.cuda.is_available(),
        activation_checkpointing=recipe.recompute,
        max_length=recipe.length,
        packing=recipe.packing,
        packing_strategy="bfd",
        save_strategy="steps" if recipe.save_every else "epoch",
        save_steps=recipe.save_every or 500,
        save_total_limit=recipe.keep,
        logging_steps=1,
        disable_tqdm=True,
        report_to="none",
        seed=recipe.seed,
        data_seed=recipe.seed,
        dataloader_pin_memory=torch.cuda.is_available(),
    )


def _schedule(recipe: Recipe) -> tuple[str, dict[str, float]]:
    match recipe.schedule:
        case "cosine":
            return "cosine_with_min_lr", {"min_lr": recipe.rate_at_end}
        case "linear":
            return "linear", {}
        case "constant":
            return "constant_with_warmup", {}


def _settle(recipe: Recipe, files: Sequence[Path], folder: Path) -> None:
    """Write what is trained on what, or find that the folder holds the same run."""
    path = folder / MANIFEST
    now: dict[str, Any] = {
        "schema": SCHEMA,
        "recipe": json.loads(json.dumps(dataclasses.asdict(recipe))),
        "data": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files},
        "processes": processes(),
    }
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        for name in now:
            if before.get(name) != now[name]:
                raise ConfigError(OTHER_RUN.format(folder=folder, name=name))
        return
    names = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "codeact")
    folder.mkdir(parents=True, exist_ok=True)
    record = {**now, "versions": {name: version(name) for name in names}}
    part = path.with_name(f".{path.name}.{os.getpid()}")  # several processes may come here
    part.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def _trainer(recipe: Recipe, folder: Path, tokenizer: Any, data: Tokenized) -> Any:
    model = _loaded(recipe)
    fresh = len(tokenizer) > model.get_input_embeddings().weight.shape[0]
    if fresh:
        model.resize_token_embeddings(len(tokenizer))
    return SFTTrainer(
        model=model,
        args=arguments(recipe, folder),
        train_dataset=Dataset.from_list(data.rows),
        processing_class=tokenizer,
        peft_config=None if recipe.method == "full" else _adapter(recipe, fresh),
    )


def _loaded(recipe: Recipe) -> Any:
    """Whole models are trained in single precision under autocast, frozen ones lie in half."""
    half = recipe.precision == "bf16" and recipe.method != "full"
    settings: dict[str, Any] = {
        "dtype": torch.bfloat16 if half else torch.float32,
        "attn_implementation": recipe.attention,
    }
    if recipe.method == "qlora":
        settings["quantization_config"] = quantization(gpu=torch.cuda.is_available())
    try:
        return AutoModelForCausalLM.from_pretrained(recipe.model, **settings)
    except (OSError, ValueError) as error:
        problem = str(error).splitlines()[0]
        raise ConfigError(NO_MODEL.format(model=recipe.model, problem=problem)) from error


def quantization(*, gpu: bool) -> Any:
    """How QLoRA keeps the frozen weights: four bits each. Raises ConfigError without a GPU."""
    if not gpu:
        raise ConfigError(NO_QLORA.format(problem="there is no GPU"))
    try:
        return BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    except ImportError as error:
        raise ConfigError(NO_QLORA.format(problem=error)) from error


def _adapter(recipe: Recipe, fresh: bool) -> Any:
    """LoRA on all linear layers; with new tokens, the embeddings at both ends are trained whole."""
    from peft import LoraConfig

    return LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules="all-linear",
        modules_to_save=["embed_tokens", "lm_head"] if fresh else None,
        task_type="CAUSAL_LM",
    )


def _finished(trainer: Any, recipe: Recipe, tokenizer: Any, folder: Path) -> Path:
    """Write the model, whole, and the adapter beside it where there is one."""
    out = folder / MODEL
    net = trainer.accelerator.unwrap_model(trainer.model)
    if recipe.method == "full":
        _ready(net, tokenizer)
        trainer.save_model(str(out))  # all processes take part: each holds its shard
    else:
        trainer.save_model(str(folder / ADAPTER))
        if trainer.is_world_process_zero():
            merged = _whole(recipe, folder / ADAPTER, tokenizer)
            _ready(merged, tokenizer)
            merged.save_pretrained(str(out))
    if trainer.is_world_process_zero():
        tokenizer.save_pretrained(str(out))
    return out


def _whole(recipe: Recipe, adapter: Path, tokenizer: Any) -> Any:
    """The model with the adapter in its weights, not quantized."""
    from peft import PeftModel

    base = AutoModelForCausalLM.from_pretrained(recipe.model, dtype=torch.float32)
    if len(tokenizer) > base.get_input_embeddings().weight.shape[0]:
        base.resize_token_embeddings(len(tokenizer))
    return PeftModel.from_pretrained(base, str(adapter)).merge_and_unload()


def _ready(net: Any, tokenizer: Any) -> None:
    """Set what who generates with the model reads: the cache, and where a reply ends."""
    net.config.use_cache = True
    net.config.eos_token_id = tokenizer.eos_token_id
    net.generation_config.eos_token_id = tokenizer.eos_token_id
    net.generation_config.use_cache = True


class _Watching(TrainerCallback):
    """Tells each loss, and ends the run with a checkpoint when somebody wants it."""

    def __init__(self, told: Told, stopped: Stopped) -> None:
        self._told, self._stopped = told, stopped

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> Any:
        if self._stopped() and state.global_step < state.max_steps:
            control.should_save = True
            control.should_training_stop = True
        return control

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **rest: Any) -> None:
        loss = (logs or {}).get("loss", math.nan)
        if state.is_world_process_zero and not math.isnan(float(loss)):
            self._told(state.global_step, state.max_steps, float(loss))
