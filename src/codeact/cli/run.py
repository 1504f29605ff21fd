"""`codeact "task"`: one task, one answer, one exit code."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from codeact.cli.keyboard import CtrlC, consent
from codeact.cli.options import Options
from codeact.cli.presenter import Outcome, Presenter
from codeact.cli.session import Ask, check, open_session
from codeact.errors import CodeActError, ConfigError
from codeact.interpreter.beneath import create
from codeact.trajectory import StopReason

ANSWERED, NOT_ANSWERED, MISUSED, FAILED, INTERRUPTED = 0, 1, 2, 3, 130

PIPED_LIMIT = 20_000
"""Characters of piped text that go into the message; more than that becomes a file."""

NOTHING = 'There is no task: the input is empty. Say codeact "what to do", or codeact chat.'
PIPED = "{task}\n\nThe text below was piped in:\n<<<\n{text}\n>>>"
PIPED_FILE = (
    "{task}\n\nText was piped in ({count:,} characters). It is in the file {name!r} in the working "
    "folder and begins like this:\n<<<\n{text}\n>>>"
)


async def run_once(
    task: str, piped: str, options: Options, environ: Mapping[str, str], presenter: Presenter
) -> int:
    """Do the task, show it, and return the exit code."""
    outcome = Outcome(stop_reason=StopReason.INTERRUPTED)
    try:
        if not task and not piped.strip():
            raise ConfigError(NOTHING)
        ask = None if options.json else asker(presenter)
        ready = check(options, ask=ask, folder=str(Path.cwd()))
        with CtrlC() as ctrl_c:
            async with open_session(ready, environ, presenter, task=task or piped) as session:
                text = _with_piped(task, piped, session.kernel.workspace)
                try:
                    outcome = await session.ask(text, ctrl_c.pressed)
                finally:
                    if ctrl_c.left:
                        outcome = session.abandoned()
    except CodeActError as error:
        outcome = Outcome(stop_reason=StopReason.FAILED, error=str(error))
        presenter.finish(outcome)
        return MISUSED if isinstance(error, ConfigError) else FAILED
    presenter.finish(outcome)
    return exit_code(outcome.stop_reason)


def exit_code(reason: StopReason) -> int:
    match reason:
        case StopReason.ANSWERED:
            return ANSWERED
        case StopReason.FAILED | StopReason.CONTEXT_LIMIT:
            return FAILED
        case StopReason.INTERRUPTED:
            return INTERRUPTED
        case _:
            return NOT_ANSWERED


def asker(presenter: Presenter) -> Ask | None:
    """How to get the user's consent; None where there is nobody at a terminal."""
    if sys.stdin.isatty() and sys.stderr.isatty():
        return functools.partial(consent, pause=presenter.pause)
    return None


def presenter_of(options: Options, environ: Mapping[str, str]) -> Presenter:
    """Progress goes to stderr and the answer to stdout, so that a pipe gets the answer alone."""
    from codeact.cli.plain import Plain, bare_answer

    if options.json:
        from codeact.cli.json_lines import JsonLines

        return JsonLines(out=sys.stdout, progress=sys.stderr, stream=options.stream)
    dumb = environ.get("TERM", "dumb").lower() in ("dumb", "unknown", "")
    answer = bare_answer(sys.stdout)
    if sys.stdout.isatty() and not dumb:
        from codeact.cli.screen import rich_answer

        answer = rich_answer(sys.stdout)
    if sys.stderr.isatty() and not dumb:
        from codeact.cli.screen import Screen

        return Screen(answer=answer, progress=sys.stderr, stream=options.stream)
    return Plain(answer=answer, progress=sys.stderr)


def read_piped() -> str:
    """All of the input when it is no terminal."""
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    return sys.stdin.buffer.read().decode("utf-8", "replace").strip("\n")


def close_broken_pipe() -> None:
    """Whoever read our output has gone; nothing more may be written at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def _with_piped(task: str, piped: str, workspace: Path) -> str:
    if not task or not piped.strip():
        return task or piped
    if len(piped) <= PIPED_LIMIT:
        return PIPED.format(task=task, text=piped)
    names = ("piped.txt", *(f"piped-{number}.txt" for number in range(2, 1000)))
    name = next(name for name in names if create(workspace, name, piped.encode("utf-8")))
    return PIPED_FILE.format(task=task, count=len(piped), name=name, text=piped[:1000])
