"""`codeact data`: from collected trajectories to training data, with their flags."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

Target = Literal["messages", "openai", "sharegpt", "chatml", "template", "parquet"]

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

SELECT_HELP = """\
Keep what is worth learning from.

--keep paper: the paper's filters as run: solved, in more than two replies, not all of them invalid
before the last, and not only proposals and failing code. --keep solved: all that solved their task
(the families' tasks mostly take two replies). --recovery also wants an error and a way out of it,
as the paper's text says. Duplicates go; quotas are drawn by --seed.

\b
Examples:
  codeact data select all.jsonl -o good.jsonl
  codeact data select all.jsonl --keep solved --per-task 1 --quota families=5000 -o good.jsonl
"""

STATS_HELP = """\
Instances, tokens and their mean by source, as the paper's Table 4. Tokens are a guess from the
characters unless --tokenizer names a tokenizer.json.
"""

SHOW_HELP = """\
Print a trajectory, or a conversation of any layout, with what is learned in colour: green is
learned, red is a reply that is read and not learned, the rest is dim. With --tokenizer each token
is set apart. Without --task the first one is shown.

\b
Examples:
  codeact data show good.jsonl
  codeact data show good.jsonl --task wikitables/sqlite/nt-9370
  codeact data show good.jsonl -n 3 --tokenizer tokenizer.json | less -R
"""

CONVERT_HELP = """\
Write conversations as trainers read them; which replies are learned is kept.

\b
  messages   JSON lines with a `train` flag for each reply
  openai     OpenAI's fine-tuning format, `weight` 0 or 1 for each reply
  sharegpt   ShareGPT's layout, `weight` 0 where nothing is learned
  chatml     the text in ChatML, `train` holds spans of characters
  template   the text by a Hugging Face chat template (--template FILE), spans likewise
  parquet    for `datasets`: a column `messages` with the flags

\b
FILE may have any of these layouts but template, or that of OpenOrca, ShareGPT, Capybara or GSM8K.

\b
Examples:
  codeact data convert good.jsonl --to openai -o train.jsonl
  codeact data convert good.jsonl --to template --template chat_template.jinja -o text.jsonl
"""

MIX_HELP = """\
Mix conversations of agents with general ones, and split them by task, never within one.

FILES are taken whole; each --general FILE=SHARE gives so much of all tokens. DIR gets train,
validation (--validation) and mixture.json, which says how much came from where.

\b
Examples:
  codeact data mix good.jsonl --general gsm8k/train.jsonl=0.2 -o DIR
  codeact data mix a.jsonl b.jsonl --general orca.parquet=0.3 --general capybara.jsonl=0.1 \\
      --validation 0.02 --to parquet -o DIR
"""

LEAKAGE_HELP = """\
Look for a benchmark's questions in training data: runs of words (--words) that stand in both.

A question counts as leaked when half of its runs are found, as touched when one is. Benchmarks:
m3tooleval, and from --data-dir gsm8k, gsm_hard, math, humaneval, mbpp and mint-KIND; or FILE, text
with one question a line.

\b
Example:
  codeact data leakage DIR/train.jsonl --against m3tooleval --against gsm8k --data-dir DATA
"""

_option = functools.partial(typer.Option, show_envvar=False)

Json = Annotated[bool, _option("--json", help="One JSON document.")]
Files = Annotated[
    list[Path], typer.Argument(metavar="FILES", exists=True, dir_okay=False, show_default=False)
]
Out = Annotated[Path, _option("-o", "--out", metavar="FILE", help="Where it is written.")]
Force = Annotated[bool, _option("--force", help="Replace what exists.")]
Seed = Annotated[int, _option(metavar="N", help="What is drawn.")]
To = Annotated[Target, _option("--to", help="The layout.")]
Template = Annotated[
    Path | None, _option(metavar="FILE", help="A chat template in Jinja.", exists=True)
]
Tokenizer = Annotated[
    Path | None, _option(metavar="FILE", help="A tokenizer.json to count by.", exists=True)
]
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


def select(
    files: Files,
    out: Out,
    keep: Annotated[
        Literal["paper", "solved", "all"], _option(help="Which filters; see above.")
    ] = "paper",
    recovery: Annotated[
        bool, _option("--recovery", help="Only those that erred and recovered.")
    ] = False,
    per_task: Annotated[
        int | None, _option(min=1, metavar="N", help="At most so many of one task.")
    ] = None,
    quota: Annotated[
        list[str], _option(metavar="SOURCE=N", help="At most N of a source. Repeatable.")
    ] = [],  # noqa: B006
    seed: Seed = 1,
    force: Force = False,
    json: Json = False,
) -> None:
    from codeact.cli import data_steps

    chosen = data_steps.Selection(
        keep=keep, recovery=recovery, per_task=per_task, quotas=quota, seed=seed
    )
    raise typer.Exit(data_steps.select(files, out, chosen, force=force, json=json))


def stats(files: Files, tokenizer: Tokenizer = None, json: Json = False) -> None:
    from codeact.cli import data_steps

    raise typer.Exit(data_steps.stats(files, tokenizer=tokenizer, json=json))


def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    task: Annotated[str | None, _option(metavar="ID", help="The one of this task.")] = None,
    count: Annotated[int, _option("-n", "--count", min=1, metavar="N", help="How many.")] = 1,
    system: Annotated[bool, _option("--system", help="The system message too.")] = False,
    tokenizer: Tokenizer = None,
) -> None:
    from codeact.cli.data_show import show_file

    raise typer.Exit(show_file(file, task=task, count=count, system=system, tokenizer=tokenizer))


def convert(
    files: Files,
    out: Out,
    to: To = "messages",
    template: Template = None,
    force: Force = False,
    json: Json = False,
) -> None:
    from codeact.cli import data_steps

    raise typer.Exit(data_steps.convert_files(files, out, to, template, force=force, json=json))


def mix(
    files: Files,
    out: Annotated[
        Path, _option("-o", "--out", metavar="DIR", help="Where it is written.", file_okay=False)
    ],
    general: Annotated[
        list[str], _option(metavar="FILE=SHARE", help="General conversations. Repeatable.")
    ] = [],  # noqa: B006
    validation: Annotated[
        float, _option(min=0.0, max=0.9, metavar="SHARE", help="Of tasks, kept apart.")
    ] = 0.02,
    to: To = "messages",
    template: Template = None,
    tokenizer: Tokenizer = None,
    seed: Seed = 1,
    force: Force = False,
    json: Json = False,
) -> None:
    from codeact.cli import data_steps

    wanted = data_steps.Blend(
        general=general,
        validation=validation,
        to=to,
        template=template,
        tokenizer=tokenizer,
        seed=seed,
    )
    raise typer.Exit(data_steps.blend(files, out, wanted, force=force, json=json))


def leakage(
    files: Files,
    against: Annotated[
        list[str], _option(metavar="NAME", help="A benchmark or a file. Repeatable.")
    ],
    words: Annotated[int, _option(min=3, metavar="N", help="How long a run is.")] = 13,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    from codeact.cli.data_leakage import report

    raise typer.Exit(report(files, against, words, _data_dir(data_dir), json=json))


_COMMANDS: tuple[tuple[str, Callable[..., None]], ...] = (
    (COLLECT_HELP, collect),
    (SELECT_HELP, select),
    (STATS_HELP, stats),
    (SHOW_HELP, show),
    (CONVERT_HELP, convert),
    (MIX_HELP, mix),
    (LEAKAGE_HELP, leakage),
)


def invoke_data(arguments: Sequence[str]) -> Any:
    """Run what stands after `codeact data`; ends in SystemExit."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    settings = {"help_option_names": ["-h", "--help"]}
    app.callback(help=DATA_HELP)(_nothing)
    for help, command in _COMMANDS:
        app.command(command.__name__, help=help, context_settings=settings)(command)
    return app(args=list(arguments) or ["--help"], prog_name="codeact data")


def _data_dir(given: Path | None) -> Path | None:
    named = os.environ.get("CODEACT_DATA")
    return given or (Path(named) if named else None)


def _nothing() -> None:
    """The group itself does nothing."""
