"""`codeact data`: from collected trajectories to training data, with their flags."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

DATA_HELP = """\
Make training data of trajectories: collect, select, convert, mix. Each step reads and writes files
that can be looked at; nothing that exists is overwritten without --force.

\b
  codeact data collect --source families -m oracle -n 300 -o all.jsonl
  codeact data select all.jsonl -o good.jsonl     the paper's filters, duplicates, quotas
  codeact data stats good.jsonl                   instances, tokens, mean by source
  codeact data show good.jsonl                    one trajectory, what is learned in colour
  codeact data convert good.jsonl --to openai -o good.openai.jsonl
  codeact data mix good.jsonl --general gsm8k/train.jsonl=0.2 -o DIR
  codeact data leakage DIR/train.jsonl --against gsm8k --data-dir DATA
"""

COLLECT_HELP = """\
Let a model live the tasks of a source and keep every trajectory, one line each, with its outcome.

The same command with the same -o goes on where it was stopped and tries again what the provider or
the interpreter ended. Code runs behind walls, without asking. Sources other than families read
public files from --data-dir or $CODEACT_DATA. -m oracle needs no model: the families' own
solutions, with mistakes and their repairs in some (--repairs).

\b
Examples:
  codeact data collect --source families -m oracle -n 300 -o oracle.jsonl
  codeact data collect --source math -m gpt-4.1-mini -n 500 --concurrency 16 -o math.jsonl
  codeact data collect --source wikitables-sqlite -m MODEL --format json -n 100 -o tables.jsonl
  codeact data collect --list                                        all sources and families

\b
--json prints one object: n, solved and the outcomes.
Exit code: 0 all episodes were lived, 2 wrong usage or setup, 3 the provider or the interpreter
ended some of them, 130 interrupted.
"""

_option = functools.partial(typer.Option, show_envvar=False)

Json = Annotated[bool, _option("--json", help="One JSON document.")]
DataDir = Annotated[
    Path | None,
    _option(metavar="DIR", help="The public data files; without it, what CODEACT_DATA names."),
]


def collect(
    source: Annotated[str, _option(metavar="NAME", help="Where tasks come from; see --list.")] = (
        "families"
    ),
    model: Annotated[
        str | None, _option("-m", "--model", metavar="NAME", help="'oracle' needs no server.")
    ] = None,
    base_url: Annotated[
        str | None, _option(metavar="URL", help="An OpenAI-compatible endpoint.")
    ] = None,
    format: Annotated[str, _option(metavar="NAME", help="code, json, text, native.")] = "code",
    count: Annotated[
        int | None, _option("-n", "--count", min=1, metavar="N", help="How many tasks.")
    ] = None,
    out: Annotated[
        Path | None, _option("-o", "--out", metavar="FILE", help="Where it is kept.")
    ] = None,
    seed: Annotated[int, _option(metavar="N", help="Which tasks are drawn.")] = 1,
    epochs: Annotated[int, _option(min=1, metavar="N", help="How often each task.")] = 1,
    concurrency: Annotated[int, _option(min=1, metavar="N", help="Episodes at once.")] = 8,
    max_steps: Annotated[
        int | None, _option(min=1, metavar="N", help="Replies in an episode; the source's own.")
    ] = None,
    temperature: Annotated[float | None, _option(min=0.0, help="The provider's own.")] = None,
    family: Annotated[
        list[str], _option(metavar="NAME", help="Only this synthetic family. Repeatable.")
    ] = [],  # noqa: B006 - typer reads the default, nobody changes it
    repairs: Annotated[
        float, _option(min=0.0, max=1.0, help="The oracle's share of tasks with a mistake.")
    ] = 0.25,
    data_dir: DataDir = None,
    json: Json = False,
    list_sources: Annotated[bool, _option("--list", help="List sources and families.")] = False,
) -> None:
    from codeact.cli import collecting
    from codeact.cli.open import gather

    if list_sources:
        raise typer.Exit(collecting.listing(json=json))
    plan = collecting.Plan(
        source=source,
        model=model,
        base_url=base_url,
        format=format,
        count=count,
        out=out,
        seed=seed,
        epochs=epochs,
        concurrency=concurrency,
        max_steps=max_steps,
        temperature=temperature,
        families=family,
        repairs=repairs,
        data_dir=_data_dir(data_dir),
        json=json,
    )
    raise typer.Exit(gather(plan, os.environ))


def invoke_data(arguments: Sequence[str]) -> Any:
    """Run what stands after `codeact data`; ends in SystemExit."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    settings = {"help_option_names": ["-h", "--help"]}
    app.callback(help=DATA_HELP)(_nothing)
    app.command("collect", help=COLLECT_HELP, context_settings=settings)(collect)
    return app(args=list(arguments) or ["--help"], prog_name="codeact data")


def _data_dir(given: Path | None) -> Path | None:
    named = os.environ.get("CODEACT_DATA")
    return given or (Path(named) if named else None)


def _nothing() -> None:
    """The group itself does nothing."""
