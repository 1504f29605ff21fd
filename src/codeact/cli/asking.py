"""What the terminal asks before: the rule behind `--approve`, and why somebody has to be there."""

from __future__ import annotations

from codeact.approval import Rule, allow_all, each_call, each_cell, everything
from codeact.cli.options import Options
from codeact.errors import ConfigError
from codeact.interpreter.sandbox import Tier
from codeact.tools import Toolbox

RUNS_CODE = ("code", "code-fence", "m3-code")

NOBODY_FOR_CODE = """\
Code is run only with your consent here, because {why}, and nobody can be asked (the input is not \
a terminal). Add -y (--yes) to run it without asking. `codeact doctor` tells which walls confine \
it."""
NOBODY_FOR_TOOLS = """\
The tools {names} run outside of the sandbox, with your rights, so each call needs your consent, \
and nobody can be asked (the input is not a terminal). Add -y (--yes) to let the model call them \
without asking."""
NO_SANDBOX = "this machine offers no sandbox"
SANDBOX_OFF = "the sandbox is off (--sandbox off)"
OPEN_NETWORK = "it could send what it reads (--network full)"
YOURS = "it could spoil the files that are in {folder} already (--workspace)"
TOLD_TO = "--approve {mode} says so"

MEANS = {
    "allow_all": "nothing is asked for",
    "each_call": "each call of a tool is asked for, code runs behind its walls without asking",
    "each_cell": "each piece of code is asked for",
    "everything": "each piece of code and each call of a tool is asked for",
}


def rule(options: Options, tier: Tier) -> Rule:
    """What is asked for. `tier` is what walls this machine offers.

    By default code runs unasked where walls hold it, keep it from the network, and hold nothing of
    the user's that it could spoil; tools run outside of the walls, so their calls are asked for.
    Without walls code can do all that a tool can: who agrees to the code has agreed to its calls.
    """
    match options.approve:
        case "never":
            return allow_all
        case "always":
            return everything
        case "tools":
            return each_call
        case "auto":
            if options.format not in RUNS_CODE:
                return each_call
            if _open(options, tier):
                return each_cell
            return everything if options.network == "full" or _yours(options) else each_call


def meaning(chosen: Rule) -> str:
    """A rule of the terminal in words."""
    return MEANS[chosen.__name__]


def check_nobody(options: Options, chosen: Rule, tier: Tier, tools: Toolbox) -> None:
    """Raises ConfigError where the rule would ask and nobody can be asked."""
    if chosen in (each_cell, everything) and options.format in RUNS_CODE:
        raise ConfigError(NOBODY_FOR_CODE.format(why=_why(options, tier)))
    outside = [
        each.name for each in tools if chosen in (each_call, everything) or each.needs_approval
    ]
    if chosen is not allow_all and outside:
        raise ConfigError(NOBODY_FOR_TOOLS.format(names=", ".join(outside)))


def offered() -> Tier:
    """What walls this machine offers."""
    from codeact.interpreter.offer import probe, tier

    return tier(probe())


def _open(options: Options, tier: Tier) -> bool:
    return options.sandbox == "off" or tier == "none"


def _yours(options: Options) -> bool:
    """Whether there are files in the folder that was named to work in."""
    folder = options.workspace
    return folder is not None and folder.is_dir() and any(folder.iterdir())


def _why(options: Options, tier: Tier) -> str:
    if options.approve != "auto":
        return TOLD_TO.format(mode=options.approve)
    if options.sandbox == "off":
        return SANDBOX_OFF
    if tier == "none":
        return NO_SANDBOX
    return OPEN_NETWORK if options.network == "full" else YOURS.format(folder=options.workspace)
