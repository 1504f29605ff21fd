"""`codeact train sft`: fine-tunes a model by a recipe, with a line for each stretch of updates."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codeact.cli.harmless import clean
from codeact.cli.session import runs_folder
from codeact.errors import CodeActError, ConfigError
from codeact.recording import new_folder
from codeact.train import recipe as recipes

if TYPE_CHECKING:
    from codeact.train.chat import Tokenized

SFT_HELP = """\
Fine-tune any causal model of Hugging Face's on conversations: whole, or by LoRA or QLoRA.

Only the assistant's own tokens are learned; replies of weight 0 are read and not learned. Documents
are packed and do not see each other. The folder -o keeps checkpoints and at the end the model, the
adapter merged into it. Ctrl-C saves; the same command goes on exactly where it was.

\b
Examples:
  codeact data convert runs/kept.jsonl -o train.jsonl
  codeact train sft --recipe recipes/small.yaml --data train.jsonl -o runs/small
  codeact train sft --recipe R.yaml --data train.jsonl --model DIR --set steps=200 --set rate=1e-4
  accelerate launch --config_file recipes/fsdp.yaml "$(command -v codeact)" train sft ...

Needs more libraries: pip install 'codeact[sft]'
Exit code: 0 trained, 2 wrong usage or setup, 3 data that cannot be read, 130 stopped and saved.
"""

NO_EXTRA = "Fine-tuning needs {name}, which is not installed: pip install 'codeact[sft]'."
NOT_A_PAIR = "--set {text!r}: write NAME=VALUE, with a name of the recipe."
BEGIN = "{verb}: {model} ({method}), {rows:,} conversations of {tokens:,} tokens, {learned:.0%} of \
them learned, in {folder}\n"
LEFT_OUT = "{count:,} conversations left out: {reason}\n"
LIVE = "update {step:,} of {steps:,}  loss {loss:.4f}  {left} left"
END = "{steps:,} updates, loss {first:.4f} at first, {last:.4f} at last\nModel: {model}\n"
STOPPED = "Stopped after update {step:,} and saved. The same command with -o {folder} goes on.\n"

NEEDED = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "yaml")
LINE_SECONDS = 10.0
"""How often a line is written where the output is no terminal."""


def sft(
    recipe: Annotated[Path, typer.Option(metavar="FILE", help="What and how.", exists=True)],
    data: Annotated[
        list[Path], typer.Option(metavar="FILE", help="Conversations. Repeatable.", exists=True)
    ],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="The run's folder.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="Another model than the recipe's, or a DIR.")
    ] = None,
    change: Annotated[
        list[str],
        typer.Option("--set", metavar="NAME=VALUE", help="Another value. Repeatable."),
    ] = [],  # noqa: B006 - typer reads the default, nobody changes it
) -> None:
    raise typer.Exit(tune(recipe, data, out, model, change))


def tune(
    path: Path, data: list[Path], out: Path | None, model: str | None, changes: list[str]
) -> int:
    """Train, or go on; the exit code."""
    try:
        need()
        values = _changes(changes) | ({"model": model} if model else {})
        recipe = recipes.read(path, values)
        return _tune(recipe, data, out or new_folder(runs_folder().parent / "train"))
    except CodeActError as error:
        sys.stderr.write(f"Error: {clean(str(error))}\n")
        return 2 if isinstance(error, ConfigError) else 3


def need(names: Sequence[str] = NEEDED) -> None:
    """Raises ConfigError where a library is missing."""
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise ConfigError(NO_EXTRA.format(name=name))


def _tune(recipe: recipes.Recipe, data: list[Path], folder: Path) -> int:
    from codeact.train.sft import tune as train

    first = os.environ.get("RANK", "0") == "0"
    live = _Live(sys.stdout.isatty(), silent=not first)

    def begun(found: Tokenized, resumed: bool) -> None:
        if first:
            _tell(recipe, found, folder, resumed=resumed)

    with stopping() as stopped, warnings.catch_warnings():
        for library in ("peft", "transformers", "trl", "torch"):
            warnings.filterwarnings("ignore", module=rf"{library}\.")
        tuned = train(
            recipe, data, folder, told=live.told, stopped=lambda: bool(stopped), begun=begun
        )
    live.end()
    if tuned.model is None:
        sys.stdout.write(STOPPED.format(step=tuned.steps, folder=folder))
        return 130
    if first:
        facts = {"first": tuned.losses[0][1], "last": tuned.losses[-1][1]}
        sys.stdout.write(END.format(steps=tuned.steps, model=tuned.model, **facts))
    return 0


def _changes(texts: list[str]) -> dict[str, Any]:
    import yaml

    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(NOT_A_PAIR.format(text=text))
        try:
            found[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ConfigError(NOT_A_PAIR.format(text=text)) from error
    return found


def _tell(recipe: recipes.Recipe, found: Tokenized, folder: Path, *, resumed: bool) -> None:
    tokens = sum(len(row["input_ids"]) for row in found.rows)
    learned = sum(label >= 0 for row in found.rows for label in row["labels"])
    facts = {"model": recipe.model, "method": recipe.method, "rows": len(found.rows)}
    verb = "Going on" if resumed else "Training"
    sys.stdout.write(
        BEGIN.format(verb=verb, tokens=tokens, learned=learned / tokens, folder=folder, **facts)
    )
    for reason, count in found.left_out.most_common():
        sys.stdout.write(LEFT_OUT.format(count=count, reason=clean(reason)))
    sys.stdout.flush()


@contextlib.contextmanager
def stopping() -> Iterator[list[int]]:
    """A list that Ctrl-C makes longer; a second one ends the program as usual."""
    signals: list[int] = []

    def note(number: int, frame: object) -> None:
        signals.append(number)
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield signals
    finally:
        signal.signal(signal.SIGINT, before)


class _Live:
    """One line that moves on a terminal, a line now and then elsewhere."""

    def __init__(self, terminal: bool, *, silent: bool) -> None:
        self._terminal, self._silent = terminal, silent
        self._begun: tuple[int, float] | None = None
        self._written = 0.0

    def told(self, step: int, steps: int, loss: float) -> None:
        now = time.monotonic()
        begun, since = self._begun = self._begun or (step - 1, now)
        due = self._terminal or now - self._written > LINE_SECONDS or step == steps
        if due and not self._silent:
            self._written = now
            left = (now - since) / max(1, step - begun) * (steps - step)
            clock = f"{left // 60:.0f}:{left % 60:02.0f}"
            line = LIVE.format(step=step, steps=steps, loss=loss, left=clock)
            sys.stdout.write(f"\r{line} " if self._terminal else f"{line}\n")
            sys.stdout.flush()

    def end(self) -> None:
        if self._terminal and self._begun and not self._silent:
            sys.stdout.write("\n")
