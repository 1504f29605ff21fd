"""The zygote: a process that has imported what kernels need, never computes, and forks them.

The host asks over a socket that keeps messages apart. A request is JSON and comes with four
descriptors: the kernel's socket, its lifeline, its log, and a pipe on which the zygote writes how
the kernel ended. The zygote speaks once, when it is ready: its version, its Python, what it has
imported and what it has left out. It dies with the host, its kernels die with it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

from codeact import __version__
from codeact.interpreter.child import WAITING
from codeact.interpreter.kernel import Kernel, hold, serve

MESSAGE = 1 << 16
"""Bytes of a request."""
REST = 10
"""Milliseconds without a request after which the next kernel is forked ahead."""
_PR_SET_CHILD_SUBREAPER = 36
_FIRST_USE = (
    "codeact.interpreter.kernel_fork",
    "codeact.interpreter.kernel_variables",
    "codeact.interpreter.wire_arrays",
    "matplotlib_inline.backend_inline",
)
"""What cells import sooner or later; loaded here where it is installed and its needs are loaded."""
OTHER_VERSION = (
    "the installed codeact is version {there}, and this program runs version {here}; restart it"
)


def main() -> None:
    """`argv`: the socket, the lifeline, the settings as JSON."""
    control, lifeline, settings = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
    if "without" not in settings:
        hold(lifeline)
    if settings["version"] != __version__:
        sys.exit(OTHER_VERSION.format(there=__version__, here=settings["version"]))
    walls = Walls(settings["walls"])
    if "without" not in settings:  # else it has entered already, and begins anew
        walls.enter()
    kernel = Kernel()
    loaded = _preload(settings)
    kernel.rehearse()
    walls.warm_up()
    sys.argv = [""]
    Zygote(socket.socket(fileno=control), lifeline, kernel, walls).run(
        {
            "version": __version__,
            "python": sys.version.partition(" ")[0],
            "preloaded": loaded,
            "left_out": [each for each in settings["preload"] if each not in loaded],
        }
    )


def _preload(settings: dict[str, Any]) -> list[str]:
    """Import what is installed. What starts threads is left out: everything begins anew then."""
    loaded = []
    for name in (*settings["preload"], *_FIRST_USE):
        if name in settings.get("without", ()) or not _is_ready(name):
            continue
        importlib.import_module(name)
        if _threads() > 1:
            settings["without"] = [*settings.get("without", ()), name]
            arguments = [*sys.argv[1:3], json.dumps(settings)]
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:4], *arguments])
        if name not in _FIRST_USE:
            loaded.append(name)
    return loaded


def _is_ready(name: str) -> bool:
    if name == "matplotlib_inline.backend_inline":
        return "matplotlib.pyplot" in sys.modules
    if name.endswith("wire_arrays"):
        return "numpy" in sys.modules
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))


class Walls:
    """The confinement of every kernel of this zygote; with no settings there is none."""

    def __init__(self, settings: dict[str, Any] | None) -> None:
        self.put_up: list[list[Any]] = []
        self._policy: Any = None
        if settings is not None:
            from codeact.interpreter.sandbox import SandboxPolicy

            policy = dict(settings["policy"])  # the settings may be needed for another beginning
            policy["readable"] = tuple(map(Path, policy["readable"]))
            self._policy = SandboxPolicy(**policy)
            self._tier: Any = settings["tier"]

    def enter(self) -> None:
        """Called while the zygote is small."""
        if self._policy is not None:
            from codeact.interpreter.confinement import enter_server

            enter_server(self._tier)

    def warm_up(self) -> None:
        """Called before the first kernel."""
        if self._policy is not None:
            from codeact.interpreter.confinement import warm_up

            warm_up(self._policy, self._tier)

    def next_kernel(self) -> contextlib.AbstractContextManager[None]:
        if self._policy is None:
            return contextlib.nullcontext()
        from codeact.interpreter.confinement import next_kernel

        return next_kernel(self._tier)

    def confine(self, workspace: str, descriptors: tuple[int, ...]) -> dict[str, str]:
        """Called in the kernel before it hears of any code; what its environment must say."""
        if self._policy is None:
            return {}
        from codeact.interpreter.confinement import confine

        report = confine(self._policy, Path(workspace), tier=self._tier, descriptors=descriptors)
        self.put_up = [[each.wall, each.stands, each.note] for each in report.layers]
        return {"TMPDIR": report.tmp, "MPLCONFIGDIR": report.tmp}


class Zygote:
    """Forks on request, tells how kernels end."""

    def __init__(self, control: socket.socket, lifeline: int, kernel: Kernel, walls: Walls) -> None:
        self._control = control
        self._lifeline = lifeline
        self._kernel = kernel
        self._walls = walls
        self._reports: dict[int, int] = {}
        self._spare: tuple[int, socket.socket] | None = None
        self._wake_read, self._wake_write = os.pipe()

    def run(self, hello: dict[str, Any]) -> NoReturn:
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        _adopt_orphans()
        gc.collect()
        gc.freeze()  # a collection in a kernel would copy all that is shared
        self._control.send(json.dumps(hello).encode())
        ready = select.poll()
        ready.register(self._control, select.POLLIN)
        ready.register(self._wake_read, select.POLLIN)
        while True:
            events = ready.poll(REST if self._spare is None else None)
            if not events:
                self._prepare()
            for descriptor, _ in events:
                if descriptor == self._wake_read:
                    self._reap()
                else:
                    self._fork()

    def _prepare(self) -> None:
        """Fork the next kernel before it is asked for: half of a session's start is the fork."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with contextlib.suppress(OSError), self._walls.next_kernel():
            pid = os.fork()
            if not pid:
                ours.close()
                self._wait(theirs)
            self._spare = pid, ours
        theirs.close()

    def _fork(self) -> None:
        message, descriptors, _, _ = socket.recv_fds(self._control, MESSAGE, 4)
        if not message:
            os._exit(0)
        *given, report = descriptors
        try:
            pid = self._hand_over(message, given) or self._make(message, descriptors)
        except OSError as error:
            os.write(given[-1], f"The zygote cannot fork: {error}\n".encode())
            os.close(report)
        else:
            self._reports[pid] = report
        for descriptor in given:
            os.close(descriptor)

    def _hand_over(self, message: bytes, descriptors: list[int]) -> int | None:
        """Let the spare be the kernel that is asked for; None where there is none."""
        if self._spare is None:
            return None
        (pid, channel), self._spare = self._spare, None
        with channel:
            try:
                socket.send_fds(channel, [message], descriptors)
            except OSError:  # somebody has ended it
                return None
        return pid

    def _make(self, message: bytes, descriptors: list[int]) -> int:
        with self._walls.next_kernel():
            pid = os.fork()
            if not pid:
                self._become(message, descriptors)
        return pid

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 4096)
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if self._spare is not None and self._spare[0] == ended[0]:
                    self._spare[1].close()
                    self._spare = None
                report = self._reports.pop(ended[0], None)
                if report is not None:
                    with contextlib.suppress(OSError):
                        os.write(report, str(os.waitstatus_to_exitcode(ended[1])).encode())
                    os.close(report)

    def _wait(self, channel: socket.socket) -> NoReturn:
        """In the new process: wait until a kernel is asked for."""
        try:
            self._control.send(WAITING)
            self._shed()
            _die_with_parent()
            message, descriptors, _, _ = socket.recv_fds(channel, MESSAGE, 3)
            channel.close()
            if message:
                self._become(message, descriptors)
        except BaseException:  # noqa: BLE001 - nothing of the zygote may run in its child
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)

    def _shed(self) -> None:
        """In a new process: let go of what is the zygote's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in (self._wake_read, self._wake_write, self._lifeline):
            os.close(descriptor)
        for descriptor in self._reports.values():
            os.close(descriptor)
        self._reports = {}
        self._control.close()
        self._wake_read = -1

    def _become(self, message: bytes, descriptors: list[int]) -> NoReturn:
        """In the new process: be a kernel until the host is gone."""
        try:
            if self._wake_read >= 0:
                self._shed()
                os.close(descriptors.pop())  # the report is the zygote's
            sock, lifeline, log = descriptors
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.close(log)
            os.setsid()
            hold(lifeline)
            _die_with_parent()
            places = self._walls.confine(
                json.loads(message)["workspace"], (0, 1, 2, sock, lifeline)
            )
            self._kernel.places.update(places)
            self._kernel.walls = self._walls.put_up
            _reseed()
            serve(socket.socket(fileno=sock), lifeline, self._kernel)
        except BaseException:  # noqa: BLE001 - nothing of the zygote may run in its child
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)


def _die_with_parent() -> None:
    from codeact.interpreter.walls.credentials import die_with_parent

    die_with_parent()


def _adopt_orphans() -> None:
    """Copies of a kernel whose parent is gone are reaped here."""
    from codeact.interpreter.walls.syscalls import call

    call("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _reseed() -> None:
    """Python's own generator reseeds itself in a fork; numpy's goes on as in every other kernel."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        seed = int.from_bytes(os.urandom(4), "little")  # `seed()` would touch 60 pages more
        numpy.random.seed(seed)
