"""The processes between a host and a confined kernel: who waits, reaps, forwards and dies when."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection
from types import FrameType
from typing import NoReturn

from codeact.interpreter.walls import credentials, namespaces

_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_KILLED = 128 + signal.SIGKILL
_LAST_DESCRIPTOR = 2**16


def into_own_pids() -> None:
    """Returns in a new process, the first of its own pid namespace.

    The process that called stays behind: it holds no descriptor, forwards signals, ends as the new
    one ends, and takes all with it when it is killed.
    """
    if not credentials.can_switch_uid():
        namespaces.own_users()
    namespaces.unshare(namespaces.NEWPID)
    child = os.fork()
    if child:
        _stay_behind(child)
    credentials.die_with_parent()
    leave_session()


def under_a_reaper() -> None:
    """Returns in a new process; the one that called stays as its parent and reaps orphans."""
    child = os.fork()
    if child:
        _stay_behind(child)
    leave_session()


def leave_session() -> None:
    """No controlling terminal, a process group of its own."""
    if os.getsid(0) != os.getpid():
        os.setsid()


def close_all_but(keep: Collection[int]) -> None:
    first = 0
    for descriptor in sorted(keep):
        if first < descriptor:  # closerange(0, 0) closes every descriptor in CPython 3.11
            os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, _LAST_DESCRIPTOR)


def _stay_behind(child: int) -> NoReturn:
    """Waits for the child, reaps whatever else ends here, then ends like it."""

    def forward(number: int, _: FrameType | None) -> None:
        try:
            os.killpg(child, number)
        except ProcessLookupError:
            os.kill(child, number)  # it has no group of its own yet

    for number in _FORWARDED:
        signal.signal(number, forward)
    close_all_but(())
    ended, status = os.wait()
    while ended != child:
        ended, status = os.wait()
    code = os.waitstatus_to_exitcode(status)
    if code in (_KILLED, -signal.SIGKILL):
        os.kill(os.getpid(), signal.SIGKILL)  # the first process of a namespace survives this
    os._exit(code if code >= 0 else 128 - code)
