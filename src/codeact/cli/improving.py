"""Rounds of expert iteration from the command line, each round a line."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import anyio

from codeact.cli.harmless import clean
from codeact.cli.options import read_budget
from codeact.cli.session import runs_folder
from codeact.cli.sft import need
from codeact.errors import CodeActError, ConfigError
from codeact.evals.statistics import wilson
from codeact.flywheel import Measured, Plan, Round, improve
from codeact.models.embedded import EmbeddedModel, weights_folder
from codeact.recording import new_folder

HEADER = (
    f"{'round':>5} {'lived':>6} {'kept':>5}   {'target':<26} {'general':<26} weights\n"  # a table
)
LINE = "{number:>5} {lived:>6} {kept:>5}   {target:<26} {general:<26} {verdict}\n"
KEPT, NOT_KEPT, FIRST = "kept", "not kept: the general split fell", "as they came"
BEST = "Model: {model}\n"
NO_TOKENS = "--budget {text!r} bounds no tokens. Write 200k or 2Mtok: what each round learns."


def run(start: Path | None, out: Path | None, plan: Plan, budget: str) -> int:
    """Turn the wheel; the exit code."""
    try:
        need(("torch",))
        tokens = read_budget([budget.removesuffix("tok")]).tokens
        if tokens is None:
            raise ConfigError(NO_TOKENS.format(text=budget))
        from codeact.train.continued import learn_on

        learn = functools.partial(learn_on, tokens=tokens, seed=plan.seed)
        folder = out or new_folder(runs_folder().parent / "train")
        sys.stdout.write(HEADER)
        turned = functools.partial(
            improve,
            start or weights_folder(),
            folder,
            plan,
            learn=learn,
            open_model=EmbeddedModel,
            told=_tell,
        )
        done = anyio.run(turned)
    except CodeActError as error:
        sys.stderr.write(f"Error: {clean(str(error))}\n")
        return 2 if isinstance(error, ConfigError) else 3
    sys.stdout.write(BEST.format(model=done[-1].model))
    return 0


def _tell(done: Round) -> None:
    verdict = FIRST if done.number == 0 else KEPT if done.accepted else NOT_KEPT
    sys.stdout.write(
        LINE.format(
            number=done.number,
            lived=done.lived,
            kept=done.kept,
            target=_share(done.target),
            general=_share(done.general),
            verdict=verdict,
        )
    )
    sys.stdout.flush()


def _share(found: Measured) -> str:
    solved = len(found.solved)
    bounds = wilson(solved, found.n)
    share = solved / found.n if found.n else 0.0
    return f"{share:6.1%} ({bounds.low:.1%} – {bounds.high:.1%})"
