"""What the kernel answers, checked; and what becomes of a cell, in words for the model."""

from __future__ import annotations

from typing import Any

from codeact.interpreter.wire import WireError

NAMES_SHOWN = 40

TIMED_OUT = (
    "[The cell was stopped because it ran longer than {seconds:g} seconds. Variables are kept as "
    "they were at that moment. Split the work into smaller steps, or make it faster.]"
)
INTERRUPTED = "[The cell was interrupted. Variables are kept as they were at that moment.]"
NOT_BEGUN = "[The cell was interrupted before it began. Variables are kept.]"
KILLED_LATE = (
    "[The cell ran longer than {seconds:g} seconds and did not react to an interrupt, so its "
    "process was killed.]"
)
KILLED = "[The cell was interrupted, did not react, and its process was killed.]"
DIED = "[The Python process {how} while the cell ran.]"
DIED_BETWEEN = (
    "[The Python process {how} after the previous cell had ended. This cell was not run.]"
)
LOST_BEFORE = (
    "[The Python process was killed after the previous cell was given up. This cell was not run.]"
)
LOST = (
    "[A new process has been started. All variables, imports and definitions are gone{names}. "
    "Files in the working folder are still there. Repeat the imports and definitions that you "
    "need, then go on.]"
)
NO_KERNEL = "The Python process that runs the code could not be started: it {how}.{stderr}"
NOT_READY = "was not ready after {seconds:g} seconds"
CLOSED = "This interpreter is closed. Open a new one."
CUT = "\n[… {cut:,} characters left out here …]\n"
CANNOT_LAUNCH = "{python!r} cannot be run ({error})"


def check(head: dict[str, Any]) -> dict[str, Any]:
    """The kernel's answer if it is one. Raises WireError."""
    match head:
        case {"variables": list() as found} if all(_are_texts(each, 3) for each in found):
            return head
        case {"facts": list() as facts} if _are_texts(facts, 2) and _keeps(head):
            return head
        case {
            "ok": bool(),
            "error": str() | None,
            "text": str(),
            "log": str() | None,
            "media": list() as media,
            "interrupted": bool(),
        } if all(_are_texts(each, 2) for each in media) and _are_texts(head.get("names", [])):
            return head
    raise WireError("an answer that is none")


def _keeps(head: dict[str, Any]) -> bool:
    """Whether an answer about a checkpoint is well-formed; it holds some of these lists."""
    rows = (("saved", 3), ("unsaved", 3), ("libraries", 2))
    return (
        all(
            isinstance(head.get(key, []), list)
            and all(_are_texts(each, width) for each in head.get(key, []))
            for key, width in rows
        )
        and _are_texts(head.get("restored", []))
        and _are_texts(head.get("notes", []))
        and ("saved" not in head or ("unsaved" in head and "libraries" in head))
        and ("restored" not in head or ("unsaved" in head and "notes" in head))
    )


def _are_texts(value: object, count: int | None = None) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(each, str) for each in value)
        and count in (None, len(value))
    )


def cut(text: str, limit: int) -> str:
    """Head and tail of a text that is too long."""
    left_out = len(text) - limit
    if left_out <= 0:
        return text
    half = limit // 2
    return text[:half] + CUT.format(cut=left_out) + text[len(text) - limit + half :]


def joined(text: str, sentence: str) -> str:
    return f"{text.rstrip()}\n{sentence}" if text.strip() else sentence


def lost(names: list[str]) -> str:
    """What is gone with a kernel, and what to do."""
    shown = ", ".join(names[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    if more > 0:
        shown += f" and {more} more"
    return LOST.format(names=f" ({shown})" if shown else "")


def crash(stderr: str) -> str:
    """The lines of a fatal error that are about the cell's code."""
    lines = [
        line
        for line in stderr.splitlines()
        if line.startswith("Fatal Python error") or '"<cell' in line
    ]
    return "".join(f"{line}\n" for line in lines)
