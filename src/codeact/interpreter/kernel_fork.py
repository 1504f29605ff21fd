"""A living kernel becomes two: one waits as a snapshot, the other goes on."""

from __future__ import annotations

import builtins
import fcntl
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codeact.interpreter.kernel import Kernel

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

_STDERR = 2
_PATIENCE = 0.01
"""Seconds that a thread which has just ended may take to leave the process."""

_handlers: list[Any] = []
"""What the code does about SIGCHLD; its copies do it again."""

THREADS = "the code has threads that are running ({count}), and they cannot be copied"
PROCESSES = "processes that the code has started are not done, and they cannot be copied"
NO_ROOM = "the session is at its limit of processes and threads"
UNKNOWN = "the number of this process' threads cannot be read here"


def fork(kernel: Kernel, head: dict[str, Any]) -> None:
    """Returns in the copy, which answers "ready" over the new socket, and where it is refused.

    The process that was asked answers "forked" or "refused". As a snapshot it runs no code any
    more: it waits for the host to ask for another copy, and tells how its copies end.
    """
    refusal = _no_room()
    if not refusal:
        kernel.output.rest()
        refusal = _obstacle()
    copies: dict[int, int] = {}
    if refusal:
        _close(kernel.channel.descriptors())
        kernel.channel.send({"op": "refused", "why": refusal})
    elif _is_copy(kernel, head, copies):
        return
    if not copies:
        kernel.output.listen()
        return
    wake = _wake()
    while not _is_copy(kernel, _wait(kernel, copies, wake), copies, wake):
        pass
    _close(wake)


def _no_room() -> str:
    """A copy is a process with a thread: where this process can have one more thread beside the one
    that reads its output, both of the copy's will have room.
    """
    probe = threading.Thread(target=int)
    try:
        probe.start()
    except RuntimeError:
        return NO_ROOM
    probe.join()
    return ""


def _obstacle() -> str:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return PROCESSES
    except ChildProcessError:
        pass
    if threading.active_count() > 1:
        return THREADS.format(count=threading.active_count() - 1)
    until = time.monotonic() + _PATIENCE
    try:
        while (count := len(os.listdir("/proc/self/task"))) > 1:
            if time.monotonic() > until:
                return THREADS.format(count=count - 1)
            time.sleep(0.0002)
    except OSError:
        return UNKNOWN
    return ""


def _is_copy(
    kernel: Kernel, head: dict[str, Any], copies: dict[int, int], wake: Sequence[int] = ()
) -> bool:
    """Fork once. `copies` are those that run: the descriptor that tells their end, their pid."""
    sock, lifeline, log = map(_kept_apart, kernel.channel.descriptors())
    random = sys.modules.get("random")
    state = random.getstate() if random else None
    try:
        pid = os.fork()
    except OSError as error:
        _close((sock, lifeline, log))
        kernel.channel.send({"op": "refused", "why": str(error)})
        return False
    if pid:
        _close((sock, lifeline, log))
        copies[os.pidfd_open(pid)] = pid
        kernel.channel.send({"op": "forked", "pid": pid})
        return False
    if wake:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, _handlers.pop())
    if random:
        random.setstate(state)  # a fork reseeds it; this one is no other process for the code
    _close((kernel.channel.fileno(), *copies))
    _go_on(kernel, head, sock, lifeline, log)
    return True


def _kept_apart(descriptor: int) -> int:
    """Where the code has closed 1 or 2, a descriptor that arrives takes their place."""
    if descriptor > _STDERR:
        return descriptor
    apart = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _STDERR + 1)
    os.close(descriptor)
    return apart


def _go_on(kernel: Kernel, head: dict[str, Any], sock: int, lifeline: int, log: int) -> None:
    from codeact.interpreter.kernel import hold
    from codeact.interpreter.kernel_output import FOLDER

    os.setsid()
    hold(lifeline)
    os.close(kernel.lifeline)
    kernel.lifeline = lifeline
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    channel = kernel.channel
    channel.release()
    channel.connect(socket.socket(fileno=sock))
    if head["workspace"] is not None:
        _move(kernel, head["workspace"])
    kernel.output.start(kernel.workspace / FOLDER)
    kernel.shell.renew_loop()
    channel.send({"op": "ready", "pid": os.getpid()})


def _move(kernel: Kernel, workspace: str) -> None:
    """Work in another folder from here on, at the same place inside of it."""
    from pathlib import Path

    old = str(kernel.workspace)
    here = os.path.relpath(os.getcwd(), old)
    kernel.workspace = Path(workspace)
    sys.path[:] = [workspace if each == old else each for each in sys.path]
    for name, value in os.environ.items():
        if value == old:
            os.environ[name] = workspace
    kernel.packages.settle(workspace)  # those of the first folder can be imported as well
    os.chdir(workspace)
    if here != "." and not here.startswith("..") and os.path.isdir(here):
        os.chdir(here)


def _wake() -> tuple[int, int]:
    """A pipe that is written to whenever a process ends that this one has to reap.

    Those that copies have left behind come to the first process of their namespace.
    """
    ends = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    _handlers.append(signal.signal(signal.SIGCHLD, lambda number, frame: None) or signal.SIG_DFL)
    signal.set_wakeup_fd(ends[1], warn_on_full_buffer=False)
    return ends


def _wait(kernel: Kernel, copies: dict[int, int], wake: tuple[int, int]) -> dict[str, Any]:
    """The host's next request for a copy; meanwhile, tell how copies end."""
    channel = kernel.channel
    while True:
        _reap(kernel, copies)
        ready = select.poll()
        for descriptor in (channel.fileno(), wake[0], *copies):
            ready.register(descriptor, select.POLLIN)
        for descriptor, _ in ready.poll():
            if descriptor == wake[0]:
                os.read(descriptor, 4096)
            elif descriptor not in copies:
                head = channel.request().head
                if head["op"] == "fork":
                    return head


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _reap(kernel: Kernel, copies: dict[int, int]) -> None:
    """Whatever has ended: copies, and where this is the first process, what nobody waits for."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        for descriptor in [each for each, copy in copies.items() if copy == pid]:
            del copies[descriptor]
            os.close(descriptor)
            code = os.waitstatus_to_exitcode(status)
            kernel.channel.send({"op": "exit", "pid": pid, "code": code})
