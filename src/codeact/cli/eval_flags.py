"""The flags that every benchmark of `codeact eval` takes, and one command for each."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

_option = functools.partial(typer.Option, show_envvar=False)

Models = Annotated[
    list[str],
    _option("-m", "--model", metavar="NAME", help="Repeatable; 'reference' needs no server."),
]
ModelFile = Annotated[
    Path | None,
    _option(
        "--models", metavar="FILE", help="Many models, from TOML.", exists=True, dir_okay=False
    ),
]
BaseUrl = Annotated[str | None, _option(metavar="URL", help="An OpenAI-compatible endpoint.")]
Formats = Annotated[
    str | None, _option(metavar="NAMES", help="Out of code, json, text, native, by commas.")
]
Out = Annotated[
    Path | None,
    _option("-o", "--out", metavar="DIR", help="Where it is kept.", file_okay=False),
]
Epochs = Annotated[
    int | None, _option(min=1, metavar="N", help="How often each task; else the benchmark's.")
]
MaxTurns = Annotated[
    int | None, _option(min=1, metavar="N", help="Replies in an episode; else the benchmark's.")
]
Concurrency = Annotated[int, _option(min=1, metavar="N", help="Episodes at once.")]
Temperature = Annotated[
    float | None, _option(min=0.0, metavar="T", help="0 draws the likeliest; else the benchmark's.")
]
TopP = Annotated[
    float | None, _option("--top-p", min=0.0, max=1.0, metavar="P", help="Nucleus sampling.")
]
MaxTokens = Annotated[int | None, _option(min=1, metavar="N", help="Tokens in one reply.")]
Seed = Annotated[
    int | None,
    _option(metavar="N", help="For sampling, where the provider takes one; +1 an epoch."),
]
Cache = Annotated[
    bool, _option("--cache", help="Keep replies on this machine and take them from there.")
]
CacheDir = Annotated[
    Path | None, _option(metavar="DIR", help="Where --cache keeps them.", file_okay=False)
]
DataDir = Annotated[
    Path | None, _option(metavar="DIR", help="The public data files; else CODEACT_DATA.")
]
Limit = Annotated[
    int | None, _option(min=1, metavar="N", help="Only the first N of the chosen tasks.")
]
Domains = Annotated[list[str], _option(metavar="NAME", help="Only this domain. Repeatable.")]
Tasks = Annotated[list[str], _option(metavar="ID", help="Only this task. Repeatable.")]
Json = Annotated[bool, _option("--json", help="One JSON document.")]
Listed = Annotated[bool, _option("--list", help="List the tasks, live none.")]

HELP = """\
{about}

Needs its public files: --data-dir, or CODEACT_DATA. The same rules as for m3tooleval hold for -o,
for interrupted runs and for provider errors; --json, the exit codes and all other flags are the
same too. {reference}
"""
GOLD = "-m reference gives the recorded answers and has to reach 100 %."
ABOUT = {
    "mint": "MINT: 586 tasks of eight sources; five replies, two proposed solutions, each judged "
    "aloud.",
    "gsm8k": "GSM8K: 1,319 word problems for school children; the first answer counts.",
    "gsm-hard": "GSM-Hard: the problems of GSM8K with large numbers; the first answer counts.",
    "math": "MATH: 5,000 problems of competitions in seven subjects; the first answer counts.",
    "humaneval": "HumanEval: 164 functions to complete, judged by tests; the first answer counts.",
    "mbpp": "MBPP: the 500 programs of its test part, judged by tests; the first answer counts.",
    "wikitablequestions": "WikiTableQuestions: 4,344 questions about unseen tables, each a pandas "
    "frame; as MINT.",
}
NO_ANSWERS = "-m reference gives the recorded answers; ALFWorld's games have none (leave them out \
with --domain)."


def offer_question_sets(app: typer.Typer, settings: dict[str, Any]) -> None:
    """One command for each set of questions."""
    for name, about in ABOUT.items():
        text = HELP.format(about=about, reference=NO_ANSWERS if name == "mint" else GOLD)
        app.command(name, help=text, context_settings=settings)(_command(name))


def names(formats: str | None, otherwise: str) -> list[str]:
    """The names in a list by commas, each once."""
    given = (formats if formats is not None else otherwise).split(",")
    return list(dict.fromkeys(name.strip() for name in given if name.strip()))


def data_folder(data_dir: Path | None) -> Path | None:
    """The one that is named, else the environment's."""
    named = os.environ.get("CODEACT_DATA")
    return data_dir or (Path(named) if named else None)


def _command(benchmark: str) -> Callable[..., None]:
    def play(
        model: Models = [],  # noqa: B006 - typer reads the default, nobody changes it
        models: ModelFile = None,
        base_url: BaseUrl = None,
        format: Formats = None,
        out: Out = None,
        epochs: Epochs = None,
        max_turns: MaxTurns = None,
        concurrency: Concurrency = 8,
        temperature: Temperature = None,
        top_p: TopP = None,
        max_tokens: MaxTokens = None,
        seed: Seed = None,
        cache: Cache = False,
        cache_dir: CacheDir = None,
        data_dir: DataDir = None,
        limit: Limit = None,
        domain: Domains = [],  # noqa: B006
        task: Tasks = [],  # noqa: B006
        json: Json = False,
        list_tasks: Listed = False,
    ) -> None:
        from codeact.cli.evaluation import Plan, listing
        from codeact.cli.open import evaluate

        plan = Plan(
            benchmark_name=benchmark,
            models=model,
            model_file=models,
            base_url=base_url,
            formats=names(format, "code"),
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
            data_dir=data_folder(data_dir),
            limit=limit,
            domains=domain,
            tasks=task,
            json=json,
        )
        raise typer.Exit(listing(plan) if list_tasks else evaluate(plan, os.environ))

    return play
