"""`codeact eval apibank`: its flags, on top of those of every benchmark."""

from __future__ import annotations

import functools
import os
from typing import Annotated

import typer

from codeact.cli import eval_flags as flags

APIBANK_HELP = """\
API-Bank: single calls of APIs. A model reads a dialogue and writes the next call; the call is made
beside the recorded one, each in its own copy of the public databases, and is right when both come
to the same. Two APIs that need the network are judged by their arguments.

Level 1 (the paper's): 389 calls, their APIs described. Level 2: 119 calls, the APIs searched for
first. Needs the public files: --data-dir, or CODEACT_DATA. The same rules as for m3tooleval hold
for -o, for interrupted runs and for provider errors; the exit codes are the same too.

\b
Examples:
  codeact eval apibank -m MODEL --format code,json,text -o runs/mini
  codeact eval apibank -m reference --json    makes every recorded call, and alters each argument
  codeact eval apibank --roundtrip --json     can every format write and read every recorded call?
  codeact eval apibank --list

\b
--json prints one object: for each format n, solved, executed and argument_only (n and solved of
each), failed and kinds; with several models, one such object for each model. For the reference
player it holds besides n, executed, argument_only, unlike_recorded and refused of the recorded
calls, and altered: each call with one argument altered, rejected, or tolerated with the reason.
"""

_option = functools.partial(typer.Option, show_envvar=False)


def apibank(
    model: flags.Models = [],  # noqa: B006 - typer reads the default, nobody changes it
    models: flags.ModelFile = None,
    base_url: flags.BaseUrl = None,
    format: flags.Formats = None,
    out: flags.Out = None,
    epochs: flags.Epochs = None,
    concurrency: flags.Concurrency = 8,
    temperature: flags.Temperature = None,
    top_p: flags.TopP = None,
    max_tokens: flags.MaxTokens = None,
    seed: flags.Seed = None,
    cache: flags.Cache = False,
    cache_dir: flags.CacheDir = None,
    data_dir: flags.DataDir = None,
    level: Annotated[
        int, _option(min=1, max=2, metavar="1|2", help="2: APIs are searched for first.")
    ] = 1,
    limit: flags.Limit = None,
    domain: flags.Domains = [],  # noqa: B006
    task: flags.Tasks = [],  # noqa: B006
    json: flags.Json = False,
    list_tasks: flags.Listed = False,
    roundtrip: Annotated[
        bool, _option("--roundtrip", help="Write and read every recorded call, ask no model.")
    ] = False,
) -> None:
    from codeact.cli.apibank import ApiBankPlan, show_round_trips
    from codeact.cli.evaluation import listing
    from codeact.cli.open import evaluate_apibank

    plan = ApiBankPlan(
        benchmark_name="apibank",
        models=model,
        model_file=models,
        base_url=base_url,
        formats=flags.names(format, "code,json,text,native" if roundtrip else "code,json,text"),
        out=out,
        epochs=epochs,
        concurrency=concurrency,
        temperature=temperature,
        top_p=top_p,
        max_tokens=max_tokens,
        seed=seed,
        cache=cache or cache_dir is not None,
        cache_dir=cache_dir,
        data_dir=flags.data_folder(data_dir),
        level=level,
        limit=limit,
        domains=domain,
        tasks=task,
        json=json,
    )
    if roundtrip:
        raise typer.Exit(show_round_trips(plan))
    raise typer.Exit(listing(plan) if list_tasks else evaluate_apibank(plan, os.environ))
