"""Whether a program passes its tests, run in a process of its own inside an interpreter."""

from __future__ import annotations

import secrets

from codeact.interpreter import Interpreter

SECONDS = 10.0
"""How long a program and its tests may run together."""

# The word that says "passed" reaches the program's process in a file descriptor that is read before
# the program runs: neither leaving early nor printing can say it.
_PROGRAM = """
import os, sys
program = sys.stdin.read()
report = os.dup(1)
nothing = os.open(os.devnull, os.O_RDWR)
for stream in (0, 1, 2):
    os.dup2(nothing, stream)
word, program = program.split("\\n", 1)
try:
    exec(compile(program, "<program>", "exec"), {})
except BaseException:
    os._exit(1)
os.write(report, word.encode())
os._exit(0)
"""
_CELL = """
def _codeact_passes(program, seconds, word):
    import os, signal, subprocess, sys, tempfile
    with tempfile.TemporaryDirectory() as folder, subprocess.Popen(
        [sys.executable, "-c", {program!r}],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        cwd=folder, start_new_session=True,
    ) as child:
        try:
            said, _ = child.communicate((word + "\\n" + program).encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        finally:
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except OSError:
                pass
    return said == word.encode()
print(_codeact_passes({code!r}, {seconds!r}, {word!r}))
"""


async def passes(
    interpreter: Interpreter, solution: str, tests: str, *, seconds: float = SECONDS
) -> bool:
    """Whether the solution followed by its tests runs to its end without an exception, in time.

    What it defines, changes or prints stays in its own process; `if __name__ == "__main__":` does
    not hold there. Raises InterpreterLost.
    """
    program = f"{solution}\n{tests}".encode("utf-8", "replace").decode("utf-8")
    word = secrets.token_hex(8)
    cell = _CELL.format(program=_PROGRAM, code=program, seconds=seconds, word=word)
    execution = await interpreter.execute(cell)
    return execution.ok and execution.text.strip() == "True"
