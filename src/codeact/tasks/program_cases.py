"""Whether a program gives what its test cases want, each case in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codeact.interpreter import Interpreter

SECONDS = 4.0
"""How long a program may take for one case."""

# A program is judged by what it writes, so nothing that it could print or exit with says "passed":
# the comparison is made outside its process, in the interpreter, which knows what is wanted.
_FUNCTION = """
import json, os, sys
given = json.load(sys.stdin)
answer = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
space = {"__name__": "program"}
exec(compile(given["program"], "<program>", "exec"), space)
owner = space["Solution"]() if "Solution" in space and given["name"] not in space else None
function = getattr(owner, given["name"]) if owner is not None else space[given["name"]]
json.dump(function(*given["arguments"]), answer)
answer.close()
os._exit(0)
"""
_CELL = """
def _codeact_output(command, given, seconds):
    import os, signal, subprocess, tempfile
    with tempfile.TemporaryDirectory() as folder, subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        cwd=folder, start_new_session=True,
    ) as child:
        try:
            said, _ = child.communicate(given.encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except OSError:
                pass
    return said.decode("utf-8", "replace")

def _codeact_result(program, given, name, seconds):
    import json, os, sys, tempfile
    if name is not None:
        asked = json.dumps({{"program": program, "name": name, "arguments": given}})
        return _codeact_output([sys.executable, "-c", {function!r}], asked, seconds)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "program.py")
        with open(path, "w", encoding="utf-8", errors="replace") as file:
            file.write(program)
        return _codeact_output([sys.executable, path], given, seconds)

import json as _json
_said = _codeact_result({code!r}, _json.loads({given!r}), {name!r}, {seconds!r})
print(-1 if _said is None else len(_said))
"""
_SLICE = "print(_json.dumps(_said[{start}:{end}]))"
PIECE = 1_000
"""Characters told at once, few enough that no interpreter shortens them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The input text, or the arguments, and the text or value that has to come of it."""

    given: Any
    wanted: Any


async def passes_cases(
    interpreter: Interpreter, program: str, cases: Sequence[Case], *, name: str | None = None
) -> bool:
    """Whether a program answers every case as wanted: a text for a text, or the value of its
    function `name`.

    Texts are compared line by line without the space at their ends, numbers in them as numbers.
    Raises InterpreterLost.
    """
    for case in cases:
        said = await _said(interpreter, program, case, name)
        if said is None or not _right(said, case, name):
            return False
    return True


async def _said(interpreter: Interpreter, program: str, case: Case, name: str | None) -> str | None:
    """What a program writes; None when it does not end, or writes far more than is wanted."""
    cell = _CELL.format(
        function=_FUNCTION,
        code=program.encode("utf-8", "replace").decode("utf-8"),
        given=json.dumps(case.given),
        name=name,
        seconds=SECONDS,
    )
    execution = await interpreter.execute(cell)
    length = int(execution.text) if execution.ok else -1
    if not 0 <= length <= 2 * len(json.dumps(case.wanted)) + PIECE:
        return None
    pieces = []
    for start in range(0, length, PIECE):
        execution = await interpreter.execute(_SLICE.format(start=start, end=start + PIECE))
        if not execution.ok:
            return None
        pieces.append(json.loads(execution.text))
    return "".join(pieces)


def _right(said: str, case: Case, name: str | None) -> bool:
    if name is None:
        return same_text(said, case.wanted)
    try:
        return same(json.loads(said), case.wanted)
    except ValueError:
        return False


def same_text(given: str, wanted: str) -> bool:
    """Line by line, without the space at the ends; words that are numbers by their values."""
    one, other = ([line.split() for line in text.strip().split("\n")] for text in (given, wanted))
    return len(one) == len(other) and all(
        len(left) == len(right) and all(map(_same_word, left, right))
        for left, right in zip(one, other, strict=True)
    )


def same(given: Any, wanted: Any) -> bool:
    """Equal as JSON values; some problems wrap the wanted one in a list of its own."""
    return bool(given == wanted or (isinstance(wanted, list) and [given] == wanted))


def _same_word(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return abs(float(one) - float(other)) <= 1e-8 * max(1.0, abs(float(other)))
    except ValueError:
        return False
