"""`codeact eval`: benchmarks, reports and comparisons, with their flags."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from codeact.cli import eval_flags as flags
from codeact.cli.eval_apibank import APIBANK_HELP, apibank

EVAL_HELP = """\
Measure models on benchmarks, and read what was measured.

\b
  codeact eval m3tooleval -m MODEL -o DIR     live the tasks, or go on where it was interrupted
  codeact eval apibank -m MODEL --data-dir DIR  single calls of APIs, judged by what they do
  codeact eval gsm8k -m MODEL --data-dir DIR  the same for public sets of questions, MINT among them
  codeact eval report DIR --html report.html  tables, plots and every trajectory
  codeact eval compare A B                    two runs on the same tasks
  codeact eval replay DIR                     judge recorded runs of MINT anew
  codeact eval nano                           the small model of this package, on what is held out
"""

M3TOOLEVAL_HELP = """\
M3ToolEval: 82 tasks in five domains that need several tools and turns, in several action formats.

Each episode is kept in DIR/MODEL/FORMAT.jsonl as it ends. The same command with the same -o goes on
where it was stopped and tries episodes again that the provider ended; those are never counted as
unsolved. Progress goes to stderr, the result to stdout. Code runs without asking,
behind the walls that this machine offers (codeact doctor).
Without flags: --grader fixed --protocol default --edition own, in a fresh folder of your data.

\b
Examples:
  codeact eval m3tooleval -m gpt-4.1-mini --format code,json,text -o runs/mini
  codeact eval m3tooleval -m MODEL --protocol paper --grader paper     as in the paper
  codeact eval m3tooleval -m reference                                 the player that knows how
  codeact eval m3tooleval --models models.toml -o runs/all             many models, one table
  codeact eval m3tooleval --list --json                                all tasks and answers

\b
--json prints one object: for each format n, solved, first, failed and mean_turns; with several
models, one such object for each model.
Exit code: 0 all episodes were lived, 2 wrong usage or setup, 3 the provider or the interpreter
ended some of them, 130 interrupted.
"""

REPORT_HELP = """\
What the runs in DIR came to: success with intervals, turns, tokens, cost, failures by kind, and the
formats compared on the same tasks. Judged anew from the answers each time.
"""

COMPARE_HELP = """\
Compare two runs on the tasks that both hold: the same model and format of each, or, where a run has
one model only, the same format. A and B are folders of runs, or files of trajectories in them.
"""

REPLAY_HELP = """\
Judge recorded runs of MINT anew, from what the models wrote: MODEL/gsm8k.jsonl.gz and the like in
DIR. id and od are the averages of the paper's Table 5 in per cent. A recorded verdict is compared,
never used. Proposed programs and the recorded code of ALFWorld runs are run, as your user.

ALFWorld's actions are lived again in the public games, looked for in --data-dir (or $CODEACT_DATA,
or beside DIR) as mint/alfworld/*.tar.gz; without them, in what the records show.
"""

NANO_HELP = """\
Measure the small model of this package on tasks of its own families that its training never saw:
new numbers and requests, also new wordings, also new names, and what it does after a wrong action.
Each row says how often the task was solved, with a 95 % interval, and what would be good enough.

--json prints a list of objects with row, n, successes, rate, low and high. A model that was trained
with other held-out sides is refused. Code runs without asking, behind walls.
"""

_option = functools.partial(typer.Option, show_envvar=False)

Grader = Annotated[
    Literal["paper", "fixed"] | None,
    _option(help="paper: bug-compatible; fixed: values within the precision that is asked for."),
]
Protocol = Annotated[
    Literal["paper", "default"] | None,
    _option(help="paper: wrong answers are retried, T=0; default: the first answer counts, T>0."),
]
Edition = Annotated[
    Literal["own", "upstream"] | None,
    _option(help="own: our wording; upstream: the public one, with --data-dir."),
]


def m3tooleval(
    model: flags.Models = [],  # noqa: B006 - typer reads the default, nobody changes it
    models: flags.ModelFile = None,
    base_url: flags.BaseUrl = None,
    format: flags.Formats = None,
    out: flags.Out = None,
    epochs: flags.Epochs = None,
    max_turns: flags.MaxTurns = None,
    concurrency: flags.Concurrency = 8,
    temperature: flags.Temperature = None,
    top_p: flags.TopP = None,
    max_tokens: flags.MaxTokens = None,
    seed: flags.Seed = None,
    cache: flags.Cache = False,
    cache_dir: flags.CacheDir = None,
    grader: Grader = None,
    protocol: Protocol = None,
    edition: Edition = None,
    data_dir: flags.DataDir = None,
    limit: flags.Limit = None,
    domain: flags.Domains = [],  # noqa: B006
    task: flags.Tasks = [],  # noqa: B006
    json: flags.Json = False,
    list_tasks: flags.Listed = False,
) -> None:
    from codeact.cli.evaluation import Plan, listing
    from codeact.cli.open import evaluate

    plan = Plan(
        models=model,
        model_file=models,
        base_url=base_url,
        formats=flags.names(format, "code,json,text"),
        out=out,
        epochs=epochs,
        max_turns=max_turns,
        concurrency=concurrency,
        temperature=temperature,
        top_p=top_p,
        max_tokens=max_tokens,
        seed=seed,
        cache=cache or cache_dir is not None,
        cache_dir=cache_dir,
        grader=grader,
        protocol=protocol,
        edition=edition,
        data_dir=flags.data_folder(data_dir),
        limit=limit,
        domains=domain,
        tasks=task,
        json=json,
    )
    raise typer.Exit(listing(plan) if list_tasks else evaluate(plan, os.environ))


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False)],
    html: Annotated[
        Path | None,
        _option(metavar="FILE", help="Write one page with plots and trajectories.", dir_okay=False),
    ] = None,
    markdown: Annotated[
        Path | None, _option(metavar="FILE", help="Write the tables as Markdown.", dir_okay=False)
    ] = None,
    grader: Grader = None,
    protocol: Protocol = None,
    edition: Edition = None,
    data_dir: flags.DataDir = None,
    json: flags.Json = False,
) -> None:
    from codeact.cli.reporting import Judging, show_report

    judging = Judging(
        grader=grader, protocol=protocol, edition=edition, data_dir=flags.data_folder(data_dir)
    )
    raise typer.Exit(show_report(folder, judging, html=html, markdown=markdown, json=json))


def compare(
    a: Annotated[Path, typer.Argument(metavar="A", exists=True)],
    b: Annotated[Path, typer.Argument(metavar="B", exists=True)],
    grader: Grader = None,
    protocol: Protocol = None,
    edition: Edition = None,
    data_dir: flags.DataDir = None,
    json: flags.Json = False,
) -> None:
    from codeact.cli.reporting import Judging, show_comparison

    judging = Judging(
        grader=grader, protocol=protocol, edition=edition, data_dir=flags.data_folder(data_dir)
    )
    raise typer.Exit(show_comparison(a, b, judging, json=json))


def replay(
    folder: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False)],
    data_dir: Annotated[
        Path | None, _option(metavar="DIR", help="The public data with ALFWorld's games.")
    ] = None,
    concurrency: Annotated[int, _option(min=1, help="Runs judged at once.")] = 4,
    json: flags.Json = False,
) -> None:
    from codeact.cli.replaying import show_replay

    chosen = flags.data_folder(data_dir)
    raise typer.Exit(show_replay(folder, data_dir=chosen, concurrency=concurrency, json=json))


def nano(
    weights: Annotated[
        Path | None,
        _option(metavar="DIR", help="A model that you trained.", exists=True, file_okay=False),
    ] = None,
    row: Annotated[
        list[str], _option(help="instances, wordings, names or recovery. Repeatable.")
    ] = [],  # noqa: B006
    n: Annotated[int, _option("-n", min=1, metavar="N", help="Episodes in each row.")] = 500,
    seed: Annotated[int, _option(metavar="N", help="Which tasks are drawn.")] = 20_000,
    transcripts: Annotated[
        Path | None, _option(metavar="FILE", help="Write every episode in words.", dir_okay=False)
    ] = None,
    json: flags.Json = False,
) -> None:
    from codeact.cli.open import evaluate_nano

    raise typer.Exit(
        evaluate_nano(weights=weights, rows=row, n=n, seed=seed, transcripts=transcripts, json=json)
    )


def invoke_eval(arguments: Sequence[str]) -> Any:
    """Run what stands after `codeact eval`; ends in SystemExit."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    settings = {"help_option_names": ["-h", "--help"]}
    app.callback(help=EVAL_HELP)(_nothing)
    app.command("m3tooleval", help=M3TOOLEVAL_HELP, context_settings=settings)(m3tooleval)
    app.command("apibank", help=APIBANK_HELP, context_settings=settings)(apibank)
    flags.offer_question_sets(app, settings)
    app.command("report", help=REPORT_HELP, context_settings=settings)(report)
    app.command("compare", help=COMPARE_HELP, context_settings=settings)(compare)
    app.command("replay", help=REPLAY_HELP, context_settings=settings)(replay)
    app.command("nano", help=NANO_HELP, context_settings=settings)(nano)
    return app(args=list(arguments) or ["--help"], prog_name="codeact eval")


def _nothing() -> None:
    """The group itself does nothing."""
