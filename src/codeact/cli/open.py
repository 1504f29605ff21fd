"""From checked options to a running command, and from whatever happens to an exit code."""

from __future__ import annotations

import functools
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from codeact.cli.options import Options

if TYPE_CHECKING:
    from codeact.cli.apibank import ApiBankPlan
    from codeact.cli.collecting import Plan as Collection
    from codeact.cli.evaluation import Plan


def ask_or_chat(task: str, options: Options, environ: Mapping[str, str]) -> int:
    """One shot where there is a task or piped input, else the chat."""
    from codeact.cli import run

    if not task and sys.stdin.isatty():
        return open_chat(options, environ)
    piped = run.read_piped()
    presenter = run.presenter_of(options, environ)
    return _live(lambda: run.run_once(task, piped, options, environ, presenter))


def open_chat(options: Options, environ: Mapping[str, str]) -> int:
    from codeact.cli import run
    from codeact.cli.chat import converse

    presenter = run.presenter_of(options, environ)
    return _live(lambda: converse(options, environ, presenter))


def examine(
    model: str | None, base_url: str | None, environ: Mapping[str, str], *, json: bool
) -> int:
    from codeact.cli import doctor

    return _live(functools.partial(doctor.examine, model, base_url, environ, json=json))


def evaluate(plan: Plan, environ: Mapping[str, str]) -> int:
    from codeact.cli import evaluation

    return _live(lambda: evaluation.play(plan, environ, sys.stdout, sys.stderr))


def evaluate_apibank(plan: ApiBankPlan, environ: Mapping[str, str]) -> int:
    from codeact.cli.apibank import play_apibank

    return _live(lambda: play_apibank(plan, environ, sys.stdout, sys.stderr))


def evaluate_nano(**asked: Any) -> int:
    """The small model measured; takes what `show_nano` takes."""
    from codeact.cli.nano import show_nano

    return _live(lambda: show_nano(**asked, out=sys.stdout, err=sys.stderr))


def gather(plan: Collection, environ: Mapping[str, str]) -> int:
    from codeact.cli import collecting

    return _live(lambda: collecting.gather(plan, environ, sys.stdout, sys.stderr))


def _live(work: Callable[[], Awaitable[int]]) -> int:
    """Run to the end; an impatient Ctrl-C and a reader who has gone are no crash."""
    import anyio

    from codeact.cli import run

    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    try:
        return anyio.run(work)
    except KeyboardInterrupt:
        return run.INTERRUPTED
    except BrokenPipeError:
        run.close_broken_pipe()
        return run.FAILED
