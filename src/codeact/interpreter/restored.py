"""What is said of a state that has come back: after a death, or where somebody wanted it undone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from codeact.interpreter.answers import NAMES_SHOWN
from codeact.interpreter.kept_files import NotAllBack, bring_back
from codeact.interpreter.snapshots import Snapshot

RESTORED = (
    "[The variables have been restored as they were before {cell}: {names}.{gone} Files in the "
    "working folder were not restored: what was running may have left some of them half written. "
    "Check what you need, then go on with other code: the same code would end the same way.]"
)
NEWER = " Defined later, and gone: {names}."
OLDER = " Cells {first} to {last} count as not run."
VALUES_SHOWN, VALUE_SHOWN = 12, 40
"""So many variables are shown with their values, where these take at most so many characters."""
NO_NAMES = "no names were defined"
UNDONE = "[Back to before cell {cell}. The variables are as they were then: {names}.{files}]"
FILES_UNDONE = " So are the files in the working folder."
FILES_NOT_UNDONE = " The files are as they are now, because {why}."
FILES_PARTLY_UNDONE = " Not all files in the working folder are: {why}."
NOT_BACK = "[{error}: what was to go on here after a fork is gone. This cell was not run.]"
NOTHING_TO_UNDO = "[There is nothing to undo.]"


def told_restored(
    shot: Snapshot, cell: str, found: Sequence[Sequence[str]], names: Sequence[str], last: int
) -> str:
    """The snapshot lives on. `found` are its variables (name, type, preview), `names` those that
    the session had before the death, `last` its last cell.
    """
    newer = [name for name in names if name not in shot.names]
    gone = NEWER.format(names=_listed(newer)) if newer else ""
    if shot.cell < last:
        gone += OLDER.format(first=shot.cell, last=last)
    shown = [_described(*each, brief=at >= VALUES_SHOWN) for at, each in enumerate(found)]
    return RESTORED.format(cell=cell, names=_listed(shown or shot.names), gone=gone)


def _described(name: str, kind: str, preview: str, *, brief: bool) -> str:
    if brief or kind in ("function", "class") or not 0 < len(preview) <= VALUE_SHOWN:
        return f"{name} ({kind})"
    return f"{name} ({kind}) = {preview}"


def told_undone(shot: Snapshot, files: str) -> str:
    return UNDONE.format(cell=shot.cell, names=_listed(shot.names), files=files)


def files_undone(shot: Snapshot, workspace: Path) -> tuple[str, str | None]:
    """Bring the files back: what to say of them, and the error where not all are as they were."""
    if isinstance(shot.files, str):
        return FILES_NOT_UNDONE.format(why=shot.files), None
    try:
        bring_back(shot.files, workspace)
    except NotAllBack as error:
        return FILES_PARTLY_UNDONE.format(why=error), "FilesNotRestored"
    except OSError as error:
        return FILES_NOT_UNDONE.format(why=error), "FilesNotRestored"
    return FILES_UNDONE, None


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMES_SHOWN
    shown = ", ".join(names[:NAMES_SHOWN])
    return (f"{shown} and {more} more" if more > 0 else shown) or NO_NAMES
