"""The session behind one kernel, begun before anything slow is loaded."""

from __future__ import annotations

import warnings
from pathlib import Path

from codeact.interpreter.notebook import NotebookInterpreter
from codeact.jupyter.settings import Settings, is_root

NOT_HERE = (
    "This kernel was started in the root folder, which holds the whole machine. The code works in "
    "a fresh folder instead, which ends with it."
)


def begin(settings: Settings, folder: Path) -> tuple[NotebookInterpreter, list[str]]:
    """A session that is starting, without a deadline for its cells, and what its user must know.

    To be closed by the caller. Raises ConfigError, InterpreterLost.
    """
    interpreter = NotebookInterpreter(
        timeout=None,
        self_debug=False,  # a notebook's cell runs up to its error, as people expect of it
        **settings.session(folder),
    )
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        interpreter.start()
    notices = [str(each.message) for each in told]
    return interpreter, [*notices, NOT_HERE] if is_root(folder) else notices
