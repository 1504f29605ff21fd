"""Cells that attack the protocol, the clock, the output or Python, and what comes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["kept", "restored", "either"]
"""What becomes of the session's variables: they are kept, also by a cell that its deadline stops,
or the process dies and those of before the cell are restored. Chance may decide which of both.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    name: str
    section: Literal["protocol", "time", "output", "python"]
    code: str
    outcome: Outcome


_WIRE = """
import json, os, socket, stat, struct
from codeact.interpreter.wire import encode
def is_socket(fd):
    try: return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError: return False
wire = socket.socket(fileno=os.dup(next(fd for fd in range(3, 99) if is_socket(fd))))
"""
_DONE = (
    "'ok': True, 'error': None, 'text': 'forged', 'log': None, 'media': [], 'interrupted': False"
)
_NESTED = "text = b'[' * 100_000\n"
_WRITE = "import os\nwhile True: os.write(1, b'x' * 65536)"
_EVIL = "class Evil:\n    def __repr__(self): {body}\nEvil()"


def _cells(section: str, rows: tuple[tuple[str, Outcome, str], ...]) -> tuple[Cell, ...]:
    return tuple(
        Cell(name=name, section=section, code=code, outcome=outcome)  # type: ignore[arg-type]
        for name, outcome, code in rows
    )


PROTOCOL = _cells(
    "protocol",
    (
        ("close its descriptors", "restored", "import os; os.closerange(3, 256)"),
        (
            "put other files over its descriptors",
            "restored",
            "import os\nn = os.open('/dev/null', 2)\n"
            "for fd in range(3, 64): fd != n and os.dup2(n, fd)",
        ),
        (
            "forge a result of another cell",
            "kept",
            f"{_WIRE}wire.sendall(encode({{'op': 'done', 'id': 10**6, {_DONE}}}))",
        ),
        (
            "forge a frame that does not exist",
            "restored",
            f"{_WIRE}wire.sendall(encode({{'op': 'approve'}})); import time; time.sleep(5)",
        ),
        (
            "send a frame of 4 GB",
            "restored",
            f"{_WIRE}wire.sendall(b'\\xff' * 8); import time; time.sleep(5)",
        ),
        (
            "send half a frame",
            "either",
            f"{_WIRE}wire.sendall(struct.pack('>II', 5000, 4000) + b'[')",
        ),
        (
            "send JSON that is nested deeply",
            "restored",
            f"{_WIRE}{_NESTED}"
            "wire.sendall(struct.pack('>II', len(text) + 4, len(text)) + text)\n"
            "import time; time.sleep(5)",
        ),
        (
            "answer with 300 MB",
            "either",
            _EVIL.format(body="return 'x' * (300 << 20)"),
        ),
    ),
)
TIME = _cells(
    "time",
    (
        ("loop without end", "kept", "while True: pass"),
        ("sleep in C", "kept", "import time; time.sleep(60)"),
        (
            "block every signal",
            "either",
            "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n"
            "while True: pass",
        ),
        (
            "swallow KeyboardInterrupt",
            "either",
            "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        ),
        (
            "match a catastrophic regular expression",
            "either",
            "import re; re.match('(a+)+$', 'a' * 60 + 'b')",
        ),
        ("compute a huge power", "either", "x = 10 ** (10 ** 9)"),
        (
            "overflow the C stack",
            "either",
            "import sys; sys.setrecursionlimit(10**9)\nnested = []\n"
            "for _ in range(10**6): nested = [nested]\nrepr(nested)",
        ),
        ("recurse without end", "kept", "def f(): return f()\nf()"),
    ),
)
OUTPUT = _cells(
    "output",
    (
        ("print without end", "either", "while True: print('x' * 1000)"),
        ("write to descriptor 1 without end", "either", _WRITE),
        ("print 200 MB in one line", "either", "print('x' * (200 << 20))"),
        ("print invalid UTF-8", "kept", "import os; os.write(1, b'\\xff\\xfe' * 9)"),
        ("print terminal escapes", "kept", "print('\\x1b]0;owned\\x07\\x1b[2J')"),
    ),
)
PYTHON = _cells(
    "python",
    (
        ("call os._exit", "restored", "import os; os._exit(0)"),
        ("call sys.exit", "kept", "import sys; sys.exit(3)"),
        ("crash", "restored", "import ctypes; ctypes.string_at(0)"),
        (
            "replace builtins",
            "kept",
            "import builtins\nbuiltins.len = builtins.isinstance = None\nbuiltins.open = 3",
        ),
        ("raise in a repr", "kept", _EVIL.format(body="1 / 0")),
        ("exit in a repr", "kept", _EVIL.format(body="raise SystemExit(3)")),
        ("give back nonsense from a repr", "kept", _EVIL.format(body="return 3")),
        (
            "raise an exception whose text raises",
            "kept",
            "class Evil(Exception):\n    def __str__(self): raise self\nraise Evil()",
        ),
        ("register an exit handler", "kept", "import atexit, os; atexit.register(os._exit, 3)"),
        ("leave a trace function", "kept", "import sys; sys.settrace(lambda *a: 1 / 0)"),
        (
            "hook imports",
            "kept",
            "import sys\nclass Evil:\n    def find_spec(self, *a): raise SystemExit(3)\n"
            "sys.meta_path.insert(0, Evil())",
        ),
        ("replace sys.stdout", "kept", "import sys; sys.stdout = sys.stderr = None"),
        ("delete sys.modules", "either", "import sys; sys.modules.clear()"),
    ),
)

CELLS = (*PROTOCOL, *TIME, *OUTPUT, *PYTHON)
