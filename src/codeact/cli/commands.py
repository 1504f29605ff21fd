"""The commands and their flags, as `--help` tells them."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

import codeact
from codeact.cli.options import Approve, Options, read_budget
from codeact.errors import ConfigError
from codeact.interpreter.installs import Mode as Installing
from codeact.interpreter.sandbox import Mode, Network

ASK_HELP = """\
Let a model do a task by writing Python that runs here, in a folder of its own.

Without a task it opens the chat; with piped input and no task the input is the task, with a task
the input is added to it. The answer goes to stdout, all else to stderr.
The first word may be a command: `chat`, `data`, `doctor`, `eval`, `kernel` or `train`. After `--`
it never is: codeact -- "doctor"

\b
Examples:
  codeact "How many days are left in this year?"
  codeact -f sales.csv "Plot sales by month"       the plot's path is shown
  git log -50 | codeact "What changed, in three lines?"
  codeact -m nano "What is the sum of the first 100 prime numbers?"
  codeact -y --json "..." | jq                     one event per line
  codeact chat                                     a conversation; /help there
  codeact doctor                                   which model, and why
  codeact eval --help                              measure models on benchmarks
  codeact data --help                              make training data of trajectories
  codeact kernel --help                            notebooks behind walls

\b
Every flag can be set in the environment: CODEACT_MAX_STEPS=40 for --max-steps 40.
Exit code: 0 answered, 1 not answered (a limit), 2 wrong usage or setup,
3 the model or the interpreter failed, 130 interrupted.
"""

CHAT_HELP = """\
Talk with a model that acts by writing Python; variables and files stay from turn to turn.

Enter sends, Alt-Enter begins a new line. Ctrl-C stops what runs and keeps everything, a second
one leaves. /help lists the commands of the chat. Budgets hold for each message.

\b
Examples:
  codeact chat
  codeact chat -m gpt-5-mini -f data.csv
  codeact chat --workspace .                       work in this folder
"""

DOCTOR_HELP = """\
Tell which model, interpreter and sandbox would be used, and why. Exit code 0 when a model was
found, else 1.
"""

_option = functools.partial(typer.Option, show_envvar=False)

Model = Annotated[
    str | None,
    _option(
        "-m",
        "--model",
        metavar="NAME",
        help="Which model; 'nano' is the small one in this package, 'demo' a recording. Without "
        "it: what `codeact doctor` finds.",
        allow_from_autoenv=False,
    ),
]
BaseUrl = Annotated[str | None, _option(metavar="URL", help="An OpenAI-compatible endpoint.")]
System = Annotated[
    str, _option("-s", "--system", metavar="TEXT", help="Added to the system prompt.")
]
Files = Annotated[
    list[Path],
    _option(
        "-f",
        "--file",
        metavar="FILE",
        help="Copied into the workspace; a picture is also shown to the model. Repeatable.",
    ),
]
Tools = Annotated[
    list[str],
    _option(
        "-T",
        "--tool",
        metavar="MODULE:FUNCTION",
        help="A function that the model may call; MODULE alone gives all its public functions "
        "that have a docstring. Repeatable.",
    ),
]
Yes = Annotated[
    bool, _option("-y", "--yes", help="Ask for nothing: as --approve never.", show_default=False)
]
Approval = Annotated[
    Approve,
    _option(
        "--approve",
        help="What you are asked for. auto: calls of tools, and code where no walls hold it, with "
        "--network full, or where your own files are in --workspace. always: all code and calls. "
        "tools: calls alone.",
    ),
]
Json = Annotated[bool, _option("--json", help="One JSON object per line and event.")]
NoStream = Annotated[bool, _option("--no-stream", help="Show whole replies and outputs only.")]
MaxSteps = Annotated[int, _option(min=1, metavar="N", help="At most so many actions.")]
Format = Annotated[
    str,
    _option(metavar="NAME", help="How actions are written: code, code-fence, json, text, native."),
]
Budgets = Annotated[
    list[str],
    _option(
        metavar="LIMIT", help="'$0.50' (or 0.50usd), 20k (tokens), 90s or 5m (time). Repeatable."
    ),
]
Workspace = Annotated[
    Path | None,
    _option(metavar="FOLDER", help="Work in this folder, not in a fresh one.", file_okay=False),
]
CellSeconds = Annotated[
    float, _option(min=0.1, metavar="SECONDS", help="How long one piece of code may run.")
]
Sandbox = Annotated[
    Mode,
    _option(
        help="What confines the code: the walls there are, walls or a refusal, or nothing.",
    ),
]
Access = Annotated[
    Network,
    _option(
        "--network",
        help="What the sandboxed code reaches: nothing, itself alone, or all that you reach.",
    ),
]
Installs = Annotated[
    Installing,
    _option(
        "--installs",
        help="Whether the code may have packages installed (%pip install), for this session only.",
    ),
]


def ask(
    task: Annotated[
        list[str] | None, typer.Argument(metavar="TASK", help="What to do, in plain language.")
    ] = None,
    model: Model = None,
    base_url: BaseUrl = None,
    system: System = "",
    file: Files = [],  # noqa: B006 - typer reads the default, nobody changes it
    tool: Tools = [],  # noqa: B006
    yes: Yes = False,
    approve: Approval = "auto",
    json: Json = False,
    no_stream: NoStream = False,
    max_steps: MaxSteps = 20,
    format: Format = "code",
    budget: Budgets = [],  # noqa: B006
    workspace: Workspace = None,
    cell_seconds: CellSeconds = 60.0,
    sandbox: Sandbox = "auto",
    network: Access = "none",
    installs: Installs = "never",
    version: Annotated[
        bool, _option("--version", help="Print the version.", allow_from_autoenv=False)
    ] = False,
) -> None:
    if version:
        typer.echo(f"codeact {codeact.__version__}")
        raise typer.Exit
    from codeact.cli.open import ask_or_chat

    options = Options(
        model=model,
        base_url=base_url,
        system=system,
        files=file,
        tools=tool,
        approve="never" if yes else approve,
        json=json,
        stream=not no_stream,
        max_steps=max_steps,
        format=format,
        budget=_budget(budget),
        workspace=workspace,
        cell_seconds=cell_seconds,
        sandbox=sandbox,
        network=network,
        installs=installs,
    )
    raise typer.Exit(ask_or_chat(" ".join(task or ()), options, os.environ))


def chat(
    model: Model = None,
    base_url: BaseUrl = None,
    system: System = "",
    file: Files = [],  # noqa: B006
    tool: Tools = [],  # noqa: B006
    yes: Yes = False,
    approve: Approval = "auto",
    no_stream: NoStream = False,
    max_steps: MaxSteps = 20,
    format: Format = "code",
    budget: Budgets = [],  # noqa: B006
    workspace: Workspace = None,
    cell_seconds: CellSeconds = 60.0,
    sandbox: Sandbox = "auto",
    network: Access = "none",
    installs: Installs = "never",
) -> None:
    from codeact.cli.open import open_chat

    options = Options(
        model=model,
        base_url=base_url,
        system=system,
        files=file,
        tools=tool,
        approve="never" if yes else approve,
        stream=not no_stream,
        max_steps=max_steps,
        format=format,
        budget=_budget(budget),
        workspace=workspace,
        cell_seconds=cell_seconds,
        sandbox=sandbox,
        network=network,
        installs=installs,
    )
    raise typer.Exit(open_chat(options, os.environ))


def doctor(
    model: Model = None,
    base_url: BaseUrl = None,
    json: Annotated[bool, _option("--json", help="One JSON object.")] = False,
) -> None:
    from codeact.cli.open import examine

    raise typer.Exit(examine(model, base_url, os.environ, json=json))


_COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "chat": (chat, CHAT_HELP),
    "doctor": (doctor, DOCTOR_HELP),
}


def invoke(arguments: Sequence[str]) -> Any:
    """Run what the arguments say; ends in SystemExit."""
    name, rest = "codeact", list(arguments)
    if rest[:1] == ["eval"]:
        from codeact.cli.eval import invoke_eval

        return invoke_eval(rest[1:])
    if rest[:1] == ["train"]:
        from codeact.cli.train import invoke_train

        return invoke_train(rest[1:])
    if rest[:1] == ["data"]:
        from codeact.cli.data import invoke_data

        return invoke_data(rest[1:])
    if rest[:1] == ["kernel"]:
        from codeact.cli.kernel import invoke_kernel

        return invoke_kernel(rest[1:])
    function, help = ask, ASK_HELP
    if rest and rest[0] in _COMMANDS:
        function, help = _COMMANDS[rest[0]]
        name = f"codeact {rest.pop(0)}"
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    settings = {"auto_envvar_prefix": "CODEACT", "help_option_names": ["-h", "--help"]}
    app.command(help=help, context_settings=settings)(function)
    return app(args=rest, prog_name=name)


def _budget(texts: Sequence[str]) -> Any:
    try:
        return read_budget(texts)
    except ConfigError as error:
        raise typer.BadParameter(str(error), param_hint="--budget") from None
