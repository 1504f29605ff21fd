"""`codeact train`: a small model from scratch, and its weights in other programs' formats."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from codeact.cli.improve import IMPROVE_HELP, train_improve
from codeact.cli.sft import SFT_HELP, sft

TRAIN_HELP = """\
Train the small model of this package, fine-tune others, or write weights for other programs.

\b
  codeact train nano --budget 2m          a first run: makes its data, then trains
  codeact train nano -o DIR --budget 4h   go on in DIR, with a larger budget
  codeact train sft --recipe R --data F   a model of Hugging Face's, on your conversations
  codeact train improve --rounds 3        the small model, on its own successes
  codeact train export --to gguf -o FILE  for llama.cpp, Ollama and LM Studio

Needs torch: pip install 'codeact[train]', and for sft 'codeact[sft]'
"""

NANO_HELP = """\
Train the small model from scratch, tokenizer included, on a CPU or a GPU.

It draws tasks whose answers are known, lets their oracles solve them in the real interpreter, and
learns what they wrote; mistakes that were made on purpose are read and not learned. Each run lives
in a folder: episodes, checkpoint, loss.csv, loss.png, and at the end the model. Ctrl-C saves; the
same command with the same -o goes on exactly where it was. What is held out for `codeact eval nano`
is never drawn.

\b
Examples:
  codeact train nano --budget 2m                       a fresh folder, two minutes
  codeact train nano --budget 20Mtok -o runs/nano      twenty million tokens in all
  codeact train nano --from DIR --budget 2h -o runs/b  go on from finished weights
  codeact eval nano --weights runs/nano/model          how good it is
"""

EXPORT_HELP = """\
Write a trained model for other programs: a folder as Hugging Face's transformers reads it, or one
GGUF file. Without --from it is the model that ships in this package.
"""

_option = functools.partial(typer.Option, show_envvar=False)


def nano(
    budget: Annotated[
        str, _option(metavar="LIMIT", help="90s, 5m or 2h of training, or 500k or 20Mtok tokens.")
    ] = "10m",
    out: Annotated[
        Path | None,
        _option("-o", "--out", metavar="DIR", help="The run's folder.", file_okay=False),
    ] = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda"], _option(help="auto takes a GPU where there is one.")
    ] = "auto",
    start: Annotated[
        Path | None,
        _option("--from", metavar="DIR", help="Finished weights to start from.", exists=True),
    ] = None,
    data: Annotated[
        list[Path],
        _option(metavar="FILE", help="Trajectories to learn from. Repeatable.", exists=True),
    ] = [],  # noqa: B006 - typer reads the default, nobody changes it
    episodes: Annotated[
        int | None, _option(min=1, metavar="N", help="How many to make where no data is given.")
    ] = None,
    threads: Annotated[
        int, _option(min=0, metavar="N", help="Threads of a CPU; 0 takes all cores.")
    ] = 0,
    seed: Annotated[int, _option(metavar="N", help="Of data, weights and order.")] = 1,
) -> None:
    from codeact.cli.training import Plan, train

    plan = Plan(
        budget=budget,
        out=out,
        device=device,
        start=start,
        data=data,
        episodes=episodes,
        threads=threads,
        seed=seed,
    )
    raise typer.Exit(train(plan, os.environ))


def export(
    to: Annotated[Literal["hf", "gguf"], _option(help="Which format.")],
    out: Annotated[Path, _option("-o", "--out", metavar="PATH", help="A folder, or a GGUF file.")],
    start: Annotated[
        Path | None,
        _option("--from", metavar="DIR", help="Weights of yours; else those of this package."),
    ] = None,
) -> None:
    from codeact.cli.training import write_export

    raise typer.Exit(write_export(start, to, out))


def invoke_train(arguments: Sequence[str]) -> Any:
    """Run what stands after `codeact train`; ends in SystemExit."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    settings = {"help_option_names": ["-h", "--help"]}
    app.callback(help=TRAIN_HELP)(_nothing)
    app.command("nano", help=NANO_HELP, context_settings=settings)(nano)
    app.command("sft", help=SFT_HELP, context_settings=settings)(sft)
    app.command("improve", help=IMPROVE_HELP, context_settings=settings)(train_improve)
    app.command("export", help=EXPORT_HELP, context_settings=settings)(export)
    return app(args=list(arguments) or ["--help"], prog_name="codeact train")


def _nothing() -> None:
    """The group itself does nothing."""
