"""Runs attacks in a confined process; a program of its own, for whatever Python the victim has."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any

_SECONDS = 8.0


def main() -> None:
    order = json.load(sys.stdin)
    sys.path.insert(0, order["source"])
    from codeact.interpreter import confinement, sandbox
    from codeact.interpreter.walls import credentials, seccomp

    if order["container"]:
        credentials.no_new_privileges()
        seccomp.load(seccomp.compiled_container())
    policy = order["policy"] | {"readable": tuple(Path(each) for each in order["readable"])}
    report = confinement.confine_spawned(
        sandbox.SandboxPolicy(**policy),
        Path(order["workspace"]),
        tier=order["tier"],
        walls=frozenset(order["walls"]),
        scratch=Path(order["scratch"]),
    )
    order["victim"]["tmp"] = report.tmp
    results = {name: attempt(code, order["victim"]) for name, code in order["attacks"].items()}
    print(json.dumps({"results": results, "uid": report.uid}))


def attempt(code: str, victim: dict[str, Any]) -> str:
    """What a child of ours could show: "breach: …", else "held: …" with what stopped it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.setpgid(0, 0)
        signal.alarm(int(_SECONDS))
        _attack(code, victim, writing)
    os.close(writing)
    said = b""
    while select.select([reading], [], [], _SECONDS)[0]:
        if not (more := os.read(reading, 4096)):
            break
        said += more
    os.close(reading)
    os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    text = said.decode("utf-8", "replace")
    breach = next((line for line in text.splitlines() if line.startswith("breach")), "")
    return breach or text.strip() or f"held: nothing shown, ended with {status}"


def _attack(code: str, victim: dict[str, Any], writing: int) -> None:
    def say(text: str) -> None:
        os.write(writing, f"{text}\n".encode())

    libc = ctypes.CDLL(None, use_errno=True)
    numbers = sys.modules["codeact.interpreter.walls.syscalls"].numbers(os.uname().machine)

    def call(name: str, *arguments: int) -> int:
        ctypes.set_errno(0)
        return int(libc.syscall(numbers[name], *(ctypes.c_long(each) for each in arguments)))

    names = {
        "V": victim,
        "breach": lambda evidence: say(f"breach: {evidence!r:.80}"),
        "call": call,
        "ctypes": ctypes,
        "errno": errno,
        "libc": libc,
        "os": os,
    }
    try:
        exec(code, names)
    except BaseException as error:  # noqa: BLE001 - whatever stopped it, it was stopped
        say(f"held: {type(error).__name__}: {error}"[:200])
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
