"""The session behind one kernel, begun before anything slow is loaded."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from codeact.interpreter.notebook import NotebookInterpreter


def begin(settings: Mapping[str, Any]) -> tuple[NotebookInterpreter, list[str]]:
    """A session that is starting, without a deadline for its cells, and what its user must know.

    To be closed by the caller. Raises ConfigError, InterpreterLost.
    """
    interpreter = NotebookInterpreter(timeout=None, **settings)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        interpreter.start()
    return interpreter, [str(each.message) for each in told]
