"""`codeact train improve`: the flags of expert iteration with the small model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

IMPROVE_HELP = """\
Expert iteration: can a model get better by learning from what it did itself?

In each round the small model lives fresh tasks in the real interpreter, its verified successes are
kept (actions that failed on the way are read and not learned), it learns from them together with as
many episodes of the oracles, and is measured on tasks that no training draws, the same ones each
round. Weights with which the general split falls are not kept (exact McNemar test, p < .05).

The general split is all families but those of --families, or held-out wordings where none is named.
The folder -o keeps every round; the same command goes on where it was stopped, and with more
--rounds adds some.

\b
Example:
  codeact train improve --from runs/nano/model --families discount,median --rounds 3 -o runs/better

Needs torch: pip install 'codeact[train]'
"""


def train_improve(
    start: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="Weights; else the package's.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="The improvement's folder.")
    ] = None,
    families: Annotated[
        str, typer.Option(metavar="NAMES", help="To get better at, separated by commas.")
    ] = "",
    rounds: Annotated[int, typer.Option(min=1, metavar="N", help="How many.")] = 3,
    count: Annotated[int, typer.Option(min=1, metavar="N", help="Episodes a round.")] = 400,
    budget: Annotated[
        str, typer.Option(metavar="TOKENS", help="Tokens that a round learns, 200k or 2Mtok.")
    ] = "200k",
    n: Annotated[int, typer.Option("-n", min=1, metavar="N", help="Tasks in each split.")] = 200,
    temperature: Annotated[
        float, typer.Option(min=0.0, max=2.0, metavar="T", help="Of the lived episodes.")
    ] = 0.7,
    replay: Annotated[
        float, typer.Option(min=0.0, metavar="R", help="Oracles' episodes for each success.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(metavar="N", help="Of tasks and training.")] = 1,
) -> None:
    from codeact.cli.improving import run
    from codeact.flywheel import Plan

    plan = Plan(
        rounds=rounds,
        count=count,
        families=tuple(filter(None, families.split(","))),
        n=n,
        temperature=temperature,
        replay=replay,
        seed=seed,
    )
    raise typer.Exit(run(start, out, plan, budget))
