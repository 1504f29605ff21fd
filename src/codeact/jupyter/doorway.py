"""Where the warm host listens, and how a client gets in: finds it, or starts it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from codeact import __version__
from codeact.errors import ConfigError

START_SECONDS = 30.0
"""How long a host may take until it listens."""

NOT_STARTED = "The host of the kernels did not start{why}. Its log is {log}."
NOT_OURS = "The folder {folder} belongs to somebody else; kernels cannot be asked for through it."


def place(folder: Path, python: str) -> Path:
    """The socket of the host that runs this Python, in a folder for runtime files."""
    told = f"{python}\n{__version__}".encode()
    return folder / f"codeact-{hashlib.sha256(told).hexdigest()[:16]}.sock"


@contextlib.contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A socket that only this user can connect to. Raises ConfigError."""
    with _lock(path.with_suffix(".host")) as mine:
        if not mine:
            raise ConfigError(NOT_STARTED.format(why=", another one runs", log=_log(path)))
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        before = os.umask(0o177)
        try:
            with _short(path) as address:
                listener.bind(address)
        finally:
            os.umask(before)
        try:
            listener.listen()
            yield listener
        finally:
            path.unlink(missing_ok=True)
            listener.close()


def enter(path: Path, python: str) -> socket.socket:
    """A connection to the host, which is started where there is none. Raises ConfigError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.parent.stat().st_uid != os.getuid():
        raise ConfigError(NOT_OURS.format(folder=path.parent))
    found = _connected(path)
    if found is not None:
        return found
    with _lock(path.with_suffix(".start"), wait=True):
        found = _connected(path)
        if found is not None:
            return found
        log = _log(path)
        command = [python, "-m", "codeact.jupyter", "--host", str(path)]
        quiet = subprocess.DEVNULL
        with open(log, "wb") as output, contextlib.suppress(subprocess.SubprocessError, OSError):
            subprocess.run(  # it returns when a copy of it listens, which outlives us
                command,
                stdin=quiet,
                stdout=output,
                stderr=output,
                cwd="/",
                start_new_session=True,
                timeout=START_SECONDS,
                check=False,
            )
        found = _connected(path)
        if found is None:
            raise ConfigError(NOT_STARTED.format(why="", log=log))
        return found


def end(path: Path) -> bool:
    """Tell a host to end with its kernels. Whether there was one."""
    found = _connected(path)
    if found is None:
        return False
    with found:
        found.sendall(b'{"op": "end"}\n')
        while found.recv(1 << 16):
            pass
    return True


def _connected(path: Path) -> socket.socket | None:
    found = socket.socket(socket.AF_UNIX)
    try:
        with _short(path) as address:
            found.connect(address)
    except OSError:
        found.close()
        return None
    return found


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """The same place by a name of few characters: a socket's address holds about a hundred."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


@contextlib.contextmanager
def _lock(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold a file for one process at a time; whether it is ours."""
    with open(path, "w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True


def _log(path: Path) -> Path:
    return path.with_suffix(".log")
