"""The five sockets of a Jupyter kernel: bound, signed messages in and out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import zmq
import zmq.asyncio
from jupyter_client.session import Session

from codeact.errors import ConfigError

Name = Literal["shell", "control", "stdin", "iopub", "hb"]
_KINDS: dict[Name, int] = {
    "shell": zmq.ROUTER,
    "control": zmq.ROUTER,
    "stdin": zmq.ROUTER,
    "iopub": zmq.XPUB,
    "hb": zmq.REP,
}
BIND_SECONDS = 5.0
"""How long an address may be taken: a kernel that restarts gets those of the one before."""
_RETRY = 0.02
_SUBSCRIBED = b"\x01"

CANNOT_BIND = "The kernel cannot listen at {address}: {error}."
NO_CONNECTION = "The connection file does not say where to listen: {error}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A message of a client, its signature checked."""

    client: list[bytes]
    kind: str
    content: Mapping[str, Any]
    message: dict[str, Any]


class Channels:
    """The sockets of one kernel, at the addresses of a connection file. Opened with `bind`."""

    def __init__(self, context: zmq.asyncio.Context, info: Mapping[str, Any]) -> None:
        self._context = context
        self._info = info
        self._sockets: dict[Name, zmq.asyncio.Socket] = {}
        scheme = str(info.get("signature_scheme") or "hmac-sha256")
        key = str(info.get("key", "")).encode()
        self._session: Any = Session(key=key, signature_scheme=scheme, username="kernel")  # type: ignore[no-untyped-call,unused-ignore]

    async def bind(self) -> None:
        """Raises ConfigError."""
        for name, kind in _KINDS.items():
            socket = self._sockets[name] = self._context.socket(kind)
            socket.linger = 1000
            socket.sndhwm = 0  # a client that reads slowly loses nothing
            if name == "iopub":
                socket.setsockopt(zmq.XPUB_VERBOSE, 1)
            if name in ("shell", "control", "stdin"):
                socket.setsockopt(zmq.ROUTER_HANDOVER, 1)
            if self._info.get("curve_secretkey"):
                socket.curve_secretkey = str(self._info["curve_secretkey"]).encode()
                socket.curve_publickey = str(self._info["curve_publickey"]).encode()
                socket.curve_server = True
            await self._bind(socket, self._address(name))

    def close(self) -> None:
        """What was sent still leaves, for a second."""
        for socket in self._sockets.values():
            socket.close()
        self._sockets.clear()

    async def receive(self, name: Name) -> Request | None:
        """The next message; None for one that is not signed, or not readable."""
        parts = await self._sockets[name].recv_multipart()
        try:
            client, rest = self._session.feed_identities(parts)
            message = self._session.deserialize(rest)
            kind, content = message["header"]["msg_type"], message["content"]
        except (ValueError, TypeError, KeyError, IndexError):
            return None
        if not isinstance(kind, str) or not isinstance(content, dict):
            return None
        return Request(client=client, kind=kind, content=content, message=message)

    def reply(self, name: Name, request: Request, content: dict[str, Any]) -> None:
        """Answer whoever asked."""
        kind = request.kind.removesuffix("_request") + "_reply"
        self._send(name, kind, content, request.message, request.client)

    def ask(self, request: Request, content: dict[str, Any]) -> None:
        """Ask the client of a request for a line."""
        self._send("stdin", "input_request", content, request.message, request.client)

    def publish(self, kind: str, content: dict[str, Any], parent: Request | None = None) -> None:
        """Tell all clients."""
        message = parent.message if parent is not None else None
        self._send("iopub", kind, content, message, [kind.encode()])

    async def welcome(self) -> None:
        """Greet whoever subscribes (JEP 65): from then on nothing is missed. Never returns."""
        socket = self._sockets["iopub"]
        while True:
            topic = (await socket.recv_multipart())[0]
            if topic[:1] == _SUBSCRIBED:
                content = {"subscription": topic[1:].decode("utf-8", "replace")}
                self._send("iopub", "iopub_welcome", content, None, [topic[1:]])

    async def beat(self) -> None:
        """Echo the heartbeat. Never returns."""
        socket = self._sockets["hb"]
        while True:
            await socket.send_multipart(await socket.recv_multipart())

    def _send(
        self,
        name: Name,
        kind: str,
        content: dict[str, Any],
        parent: dict[str, Any] | None,
        client: list[bytes],
    ) -> None:
        message = self._session.msg(kind, content=content, parent=parent)
        if name in self._sockets:
            parts = self._session.serialize(message, ident=client)
            sent = self._sockets[name].send_multipart(parts)
            cast("asyncio.Future[Any]", sent).add_done_callback(_forget)

    def _address(self, name: Name) -> str:
        try:
            transport, ip = str(self._info.get("transport", "tcp")), str(self._info["ip"])
            port = int(self._info[f"{name}_port"])
        except (KeyError, ValueError, TypeError) as error:
            raise ConfigError(NO_CONNECTION.format(error=error)) from error
        return f"{transport}://{ip}{':' if transport == 'tcp' else '-'}{port}"

    async def _bind(self, socket: zmq.asyncio.Socket, address: str) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + BIND_SECONDS
        while True:
            try:
                socket.bind(address)
                return
            except zmq.ZMQError as error:
                if error.errno != zmq.EADDRINUSE or loop.time() > until:
                    told = CANNOT_BIND.format(address=address, error=error)
                    raise ConfigError(told) from error
            await asyncio.sleep(_RETRY)


def _forget(sent: asyncio.Future[Any]) -> None:
    """A client that is gone misses nothing; the sockets are closed when the kernel ends."""
    if not sent.cancelled():
        sent.exception()
