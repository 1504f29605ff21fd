"""The warm host: one process per user and Python that holds the kernels of many clients.

It has loaded all that a kernel needs, so that one more is there in tens of milliseconds. A client
asks over a Unix socket that only its user can open, in JSON lines; a kernel lives as long as the
connection that asked for it. The host ends when it has been idle for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
from pathlib import Path
from typing import Any

import zmq.asyncio

from codeact.errors import CodeActError, ConfigError
from codeact.jupyter.channels import Channels
from codeact.jupyter.doorway import listening
from codeact.jupyter.face import Face
from codeact.jupyter.session import begin
from codeact.jupyter.settings import Settings

IDLE_SECONDS = 600.0
"""How long a host without kernels waits for the next one."""
_CREDENTIALS = struct.Struct("3i")
_INTERRUPT = 2

NO_FOLDER = "The folder {folder!r} of the notebook is not there."
BAD_REQUEST = "The host of the kernels does not understand this request."


def live(path: Path, idle_seconds: float = IDLE_SECONDS) -> None:
    """Listen, let whoever started this go on, and serve until nobody has wanted a kernel for a
    while. Raises ConfigError.
    """
    with listening(path) as listener:
        if os.fork():
            os._exit(0)
        asyncio.run(_serve(listener, idle_seconds))


async def _serve(listener: socket.socket, idle_seconds: float) -> None:
    host = Host()
    server = await asyncio.start_unix_server(host.attend, sock=listener)
    async with server:
        await host.idle(idle_seconds)
    await host.aclose()


class Host:
    """Kernels, each behind the connection that asked for it."""

    def __init__(self) -> None:
        self._context = zmq.asyncio.Context()
        self._clients = 0
        self._over = asyncio.Event()
        self._changed = asyncio.Event()

    async def idle(self, seconds: float) -> None:
        """Returns when there was no client for so long, or one has asked to end."""
        while not self._over.is_set():
            self._changed.clear()
            try:
                async with asyncio.timeout(None if self._clients else seconds):
                    await self._changed.wait()
            except TimeoutError:
                return

    async def aclose(self) -> None:
        self._context.term()

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, from its request to its leave."""
        self._count(1)
        try:
            if _is_ours(writer):
                await self._attend(reader, writer)
        except (ConnectionError, ValueError, asyncio.LimitOverrunError):
            pass  # a client that talks nonsense, or is gone
        finally:
            writer.close()
            self._count(-1)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match json.loads(await reader.readline() or "{}"):
            case {"op": "end"}:
                self._over.set()
            case {
                "op": "start",
                "info": dict() as info,
                "cwd": str(cwd),
                "settings": dict() as how,
            }:
                try:
                    face = await self._opened(info, cwd, how)
                except (CodeActError, OSError, TypeError) as error:
                    _tell(writer, {"op": "failed", "why": str(error)})
                    return
                _tell(writer, {"op": "ready", "pid": os.getpid()})
                await self._live(face, reader, writer)
            case _:
                _tell(writer, {"op": "failed", "why": BAD_REQUEST})

    async def _opened(self, info: dict[str, Any], cwd: str, how: dict[str, Any]) -> Face:
        if not await asyncio.to_thread(os.path.isdir, cwd):
            raise ConfigError(NO_FOLDER.format(folder=cwd))
        session, notices = begin(Settings(**how), Path(cwd))
        face = Face(Channels(self._context, info), session, notices)
        await face.open()
        return face

    async def _live(
        self, face: Face, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        serving = asyncio.create_task(face.serve())
        orders = asyncio.create_task(_obey(face, reader))
        code = 1
        try:
            await asyncio.wait([serving, orders], return_when=asyncio.FIRST_COMPLETED)
            face.end()
            await serving
            code = 0
        finally:
            orders.cancel()
            with contextlib.suppress(ConnectionError):
                _tell(writer, {"op": "exit", "code": code})
                await writer.drain()

    def _count(self, change: int) -> None:
        self._clients += change
        self._changed.set()


async def _obey(face: Face, reader: asyncio.StreamReader) -> None:
    """Signals that the client sends; returns when it wants the kernel to end, or is gone."""
    while line := await reader.readline():
        match json.loads(line):
            case {"op": "signal", "number": int(number)}:
                if number == _INTERRUPT:
                    await face.interrupt()
                elif number:
                    return


def _tell(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    writer.write(json.dumps(message).encode() + b"\n")


def _is_ours(writer: asyncio.StreamWriter) -> bool:
    """Whether the client is of the same user; the operating system vouches for it."""
    sock: socket.socket = writer.get_extra_info("socket")
    told = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return bool(_CREDENTIALS.unpack(told)[1] == os.getuid())
