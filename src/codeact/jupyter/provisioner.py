"""How Jupyter gets our kernels: a provisioner that asks the warm host for each."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import signal
import socket
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_core.paths import jupyter_runtime_dir

from codeact.errors import ConfigError
from codeact.jupyter import doorway
from codeact.jupyter.settings import read

_LOOK = 0.01
"""Seconds between two looks whether a kernel has ended."""

REFUSED = "The kernel was not started: {why}"
HUNG_UP = "the host ended; its log is beside its socket in Jupyter's runtime folder"


class WarmProvisioner(LocalProvisioner):
    """The entry point `codeact-provisioner`. Ports and files are Jupyter's, the kernel is not a
    process of Jupyter's own: it lives in the host, as long as our connection to it.
    """

    _connection: socket.socket | None = None
    _heard = b""
    _code: int | None = None

    @property
    def has_process(self) -> bool:
        return self._connection is not None

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Raises RuntimeError where the host refuses."""
        settings, asked = read(cmd[cmd.index("codeact.jupyter") + 1 :])
        info = json.loads(await asyncio.to_thread(asked.file.read_text))
        self.cwd = await asyncio.to_thread(Path(kwargs.get("cwd") or "").absolute)
        start = {
            "op": "start",
            "info": info,
            "cwd": str(self.cwd),
            "settings": dataclasses.asdict(dataclasses.replace(settings, preload=True)),
        }
        try:
            self._connection, self.pid = await asyncio.to_thread(_started, cmd[0], start)
        except (ConfigError, OSError) as error:
            raise RuntimeError(REFUSED.format(why=error)) from error
        self._heard, self._code = b"", None
        return self.connection_info

    async def poll(self) -> int | None:
        connection = self._connection
        if connection is not None and self._code is None:
            try:
                data = connection.recv(1 << 16)
                self._heard += data
                if not data:
                    self._code = _exit_code(self._heard)
            except BlockingIOError:
                pass
            except OSError:
                self._code = 1
        return self._code if connection is not None else 0

    async def wait(self) -> int | None:
        while await self.poll() is None:  # noqa: ASYNC110 - callers poll too, on any loop
            await asyncio.sleep(_LOOK)
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        return self._code

    async def send_signal(self, signum: int) -> None:
        """An interrupt stops the cell; what else ends a process ends the kernel."""
        if self._connection is not None and signum:
            message = {"op": "signal", "number": int(signum)}
            with contextlib.suppress(OSError):
                self._connection.sendall(json.dumps(message).encode() + b"\n")

    async def kill(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGTERM)


def _started(python: str, start: dict[str, Any]) -> tuple[socket.socket, int]:
    """A connection that holds a kernel, and the process that it is in. Raises ConfigError."""
    path = doorway.place(Path(jupyter_runtime_dir()), python)
    connection = doorway.enter(path, python)
    try:
        connection.sendall(json.dumps(start).encode() + b"\n")
        line = b""
        while not line.endswith(b"\n"):
            data = connection.recv(1 << 16)
            if not data:
                raise ConfigError(HUNG_UP)
            line += data
        match json.loads(line):
            case {"op": "ready", "pid": int(pid)}:
                connection.setblocking(False)
                return connection, pid
            case {"op": "failed", "why": str(why)}:
                raise ConfigError(why)
        raise ConfigError(HUNG_UP)
    except BaseException:
        connection.close()
        raise


def _exit_code(heard: bytes) -> int:
    for line in heard.splitlines():
        with contextlib.suppress(ValueError):
            match json.loads(line):
                case {"op": "exit", "code": int(code)}:
                    return code
    return 1
