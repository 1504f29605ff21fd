"""The program `codeact` as tests start it: with pipes, or on a terminal that they can read."""

from __future__ import annotations

import codecs
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyte

PROGRAM = (sys.executable, "-c", "from codeact.cli import main; main()")
WITHOUT_WALLS = (
    sys.executable,
    "-c",
    f"import sys; sys.path.append({str(Path(__file__).parents[2])!r}); "
    "from tests.sandbox.machines import become; become('bare'); "
    "from codeact.cli import main; main()",
)
"""The same, on a machine that offers no walls."""
SECONDS = 15.0
SHOP = """\
def price(item: str) -> int:
    "The price of an item in cents."
    return 250
"""
ENTER, CTRL_C, CTRL_D, ESCAPE = "\r", "\x03", "\x04", "\x1b"


def act(code: str, said: str = "") -> str:
    """A reply with a code action."""
    return f"{said}\n<execute>\n{code}\n</execute>"


def script(folder: Path, *replies: str, name: str = "replies.jsonl") -> str:
    """A recorded model that writes these replies, as `-m` takes it."""
    path = folder / name
    path.write_text("".join(json.dumps(reply) + "\n" for reply in replies), encoding="utf-8")
    return f"scripted:{path}"


def environment(home: Path, **more: str) -> dict[str, str]:
    """What the program sees: a home of its own, no key."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CODEACT_")}
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        kept.pop(name, None)
    own = {f"XDG_{kind}_HOME": str(home / kind) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
    terminal = {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", "LANG": "C.UTF-8"}
    return kept | own | terminal | {"HOME": str(home)} | more


def run(
    home: Path,
    *arguments: str,
    piped: str | bytes = "",
    env: Mapping[str, str] | None = None,
    program: Sequence[str] = PROGRAM,
) -> subprocess.CompletedProcess[str]:
    """The program with pipes, to its end."""
    done = subprocess.run(
        [*program, *arguments],
        input=piped.encode() if isinstance(piped, str) else piped,
        capture_output=True,
        cwd=home,
        env=environment(home, **(env or {})),
        timeout=SECONDS,
        check=False,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def events(stdout: str) -> list[dict[str, Any]]:
    """The lines of `--json`."""
    return [json.loads(line) for line in stdout.splitlines()]


def runs(home: Path) -> list[Path]:
    """The folders that runs left, oldest first."""
    return sorted((home / "DATA" / "codeact" / "runs").iterdir())


class Terminal:
    """The program on a terminal of `columns` and `rows`; `with` ends it."""

    def __init__(
        self,
        home: Path,
        *arguments: str,
        columns: int = 100,
        rows: int = 40,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=10_000, ratio=1)
        self._stream = pyte.Stream(self.screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.raw = ""
        self._terminal, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        # A session's first terminal is the one from which Ctrl-C comes.
        self.process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" <>"$0" >&0 2>&0', os.ttyname(child), *PROGRAM, *arguments],
            cwd=home,
            env=environment(home, **(env or {})),
            start_new_session=True,
            pass_fds=[child],  # else the terminal would have no other side for a moment
        )
        os.close(child)

    @property
    def text(self) -> str:
        """All lines that are or were on the screen."""
        gone = [
            "".join(line[column].data for column in range(self.screen.columns))
            for line in self.screen.history.top
        ]
        return "\n".join(line.rstrip() for line in [*gone, *self.screen.display])

    def wait(self, *wanted: str, times: int = 1) -> str:
        """Read until all of it is there, each so many times; the screen's text."""
        end = time.monotonic() + SECONDS
        while any(self.text.count(each) < times for each in wanted):
            if not self._read(end - time.monotonic()):
                raise AssertionError(f"{wanted} did not appear on this screen:\n{self.text}")
        return self.text

    def send(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def prompt(self) -> None:
        """Wait for the chat's empty prompt."""
        end = time.monotonic() + SECONDS
        while self.screen.display[self.screen.cursor.y].rstrip() != ">":
            if not self._read(end - time.monotonic()):
                raise AssertionError(f"There is no prompt on this screen:\n{self.text}")

    def say(self, line: str, answer: str = "", times: int = 1) -> str:
        """Type a line at the chat's prompt and wait for what comes of it."""
        self.prompt()
        self.send(line + ENTER)
        return self.wait(answer, times=times) if answer else self.text

    def end(self) -> int:
        """Read to the end of the program; its exit code."""
        end = time.monotonic() + SECONDS
        while self._read(end - time.monotonic()):
            pass
        return self.process.wait(timeout=max(0.1, end - time.monotonic()))

    def drain(self, seconds: float) -> None:
        """Read all that comes in so long a time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._read(end - time.monotonic())

    def _read(self, seconds: float) -> bool:
        """Read what there is; False at the end of it or of the time."""
        ready, _, _ = select.select([self._terminal], [], [], max(0.0, seconds))
        try:
            data = os.read(self._terminal, 65536) if ready else b""
        except OSError:  # the program has closed its side
            return False
        text = self._decoder.decode(data)
        self.raw += text
        self._stream.feed(text)
        return bool(data)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._terminal)
