"""`codeact kernel`: our interpreter among Jupyter's kernels, installed and removed."""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer

from codeact.errors import ConfigError
from codeact.interpreter.sandbox import Mode, Network

KERNEL_HELP = """\
Notebooks whose code runs behind walls: codeact as a kernel of JupyterLab, `jupyter console`,
nbclient and papermill.

\b
  codeact kernel install        add it to Jupyter's list of kernels
  codeact kernel remove         take it off the list
"""

INSTALL_HELP = """\
Add codeact to Jupyter's list of kernels.

Code of a notebook can write to the notebook's folder, read Python and the system's libraries, and
reaches no network. Kernels come from one warm process, in milliseconds; it starts with the first of
them and ends ten minutes after the last. For that, codeact must be installed where Jupyter itself
is; where it is not, --plain makes each kernel a program of its own.

\b
Examples:
  codeact kernel install --user
  codeact kernel install --sys-prefix --network full --name codeact-online
  jupyter console --kernel codeact
"""

REMOVE_HELP = """\
Take a kernel that codeact has installed off Jupyter's list. Notebooks are not touched.
"""

NO_EXTRA = "codeact kernel needs what is not installed here: pip install 'codeact[jupyter]'"
ONE_PLACE = "Say one of --user, --sys-prefix and --prefix."
INSTALLED = "Installed the kernel {name!r} in {place}"
REMOVED = "Removed the kernel {name!r} from {place}"

_option = functools.partial(typer.Option, show_envvar=False)
Name = Annotated[str, _option(metavar="NAME", help="What clients call the kernel.")]


def install(
    user: Annotated[bool, _option("--user", help="For you alone. The default.")] = False,
    sys_prefix: Annotated[
        bool, _option("--sys-prefix", help="Into the environment that runs codeact.")
    ] = False,
    prefix: Annotated[str, _option(metavar="PATH", help="Into PATH/share/jupyter/kernels.")] = "",
    name: Name = "codeact",
    display_name: Annotated[
        str, _option(metavar="TEXT", help="What menus show.")
    ] = "Python (codeact)",
    sandbox: Annotated[
        Mode,
        _option(help="What confines the code: the walls there are, walls or a refusal, nothing."),
    ] = "auto",
    network: Annotated[
        Network,
        _option(help="What the code reaches: nothing, itself alone, or all that you reach."),
    ] = "none",
    plain: Annotated[bool, _option("--plain", help="Each kernel a program of its own.")] = False,
) -> None:
    if user + sys_prefix + bool(prefix) > 1:
        raise typer.BadParameter(ONE_PLACE)
    kernelspec = _kernelspec()
    from codeact.jupyter.settings import Settings

    settings = Settings(sandbox=sandbox, network=network)
    spec = kernelspec.described(settings, display_name=display_name, warm=not plain)
    where = sys.prefix if sys_prefix else prefix or None
    try:
        place = kernelspec.install(spec, name=name, user=where is None, prefix=where)
    except ConfigError as error:
        _fail(str(error))
    typer.echo(INSTALLED.format(name=name, place=place))


def remove(name: Name = "codeact") -> None:
    try:
        place = _kernelspec().remove(name)
    except ConfigError as error:
        _fail(str(error))
    typer.echo(REMOVED.format(name=name, place=place))


def invoke_kernel(arguments: Sequence[str]) -> Any:
    """Run what stands after `codeact kernel`; ends in SystemExit."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    settings = {"help_option_names": ["-h", "--help"]}
    app.callback(help=KERNEL_HELP, context_settings=settings)(_nothing)
    app.command("install", help=INSTALL_HELP, context_settings=settings)(install)
    app.command("remove", help=REMOVE_HELP, context_settings=settings)(remove)
    return app(args=list(arguments) or ["--help"], prog_name="codeact kernel")


def _nothing() -> None:
    """The group itself does nothing."""


def _kernelspec() -> Any:
    try:
        from codeact.jupyter import kernelspec
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "codeact":
            raise
        _fail(NO_EXTRA)
    return kernelspec


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(2)
