"""An OpenAI-compatible server on this machine that answers by script and misbehaves on demand.

    with Loopback([Reply("Hello."), Status(500), Reply("Again.")]) as server:
        model = OpenAIModel("test-model", base_url=server.base_url, api_key="test")

Each POST takes the next behaviour of the script; GET /v1/models lists `models`; other GETs answer
from `pages`. Standing rules (`refuses`, `blind`, `max_tokens`) answer before the script is asked.
"""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JSON = "application/json"
EVENTS = "text/event-stream"
CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Call:
    """A native tool call, sent in pieces; an empty `id` or index None is left out."""

    name: str
    arguments: str
    id: str = "call_1"
    index: int | None = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """A streamed reply, in `chunks` or in pieces of `size` characters, `pause` seconds apart.

    `bytewise` sends every byte as a piece of its own. `ignore_stop` writes on past stop sequences.
    After `drop_after` pieces the connection is cut, or `error` is sent in the stream. `finish` None
    ends the stream without a finish reason. `whole` answers in one JSON body, not in a stream.
    """

    text: str = ""
    chunks: Sequence[str] = ()
    size: int = 8
    pause: float = 0.0
    bytewise: bool = False
    reasoning: str = ""
    reasoning_field: str = "reasoning_content"
    calls: Sequence[Call] = ()
    finish: str | None = "stop"
    usage: bool = True
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    ignore_stop: bool = False
    drop_after: int | None = None
    error: Mapping[str, Any] | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """An error status with OpenAI's error body, or with `body` as it stands."""

    status: int
    message: str = "Something is wrong."
    code: str | None = None
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Raw:
    """These bytes as the whole body; `missing` bytes more are promised and never sent, and with
    `hold` the client is left waiting for them.
    """

    body: bytes
    content_type: str = EVENTS
    status: int = 200
    missing: int = 0
    hold: bool = False


@dataclass(frozen=True, slots=True)
class Silence:
    """Never an answer; the connection stays open until the client leaves."""


Behaviour = Reply | Status | Raw | Silence


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked. `gone` is set when it left before the answer was complete."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    gone: threading.Event

    @property
    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.body["messages"]
        return found


class Loopback:
    """The server; `posts` are the completions asked for, `requests` everything."""

    def __init__(
        self,
        script: Sequence[Behaviour] = (),
        *,
        models: Sequence[str | Mapping[str, Any]] = ("test-model",),
        pages: Mapping[str, Any] | None = None,
        refuses: Sequence[str] = (),
        blind: bool = False,
        max_tokens: int | None = None,
        api_key: str | None = None,
    ) -> None:
        self.requests: list[Request] = []
        self.refuses = tuple(refuses)
        self.blind = blind
        self.max_tokens = max_tokens
        self.api_key = api_key
        self._script = list(script)
        self._pages = {"/v1/models": {"object": "list", "data": [_listed(m) for m in models]}}
        self._pages |= pages or {}
        self._lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def posts(self) -> list[Request]:
        return [request for request in self.requests if request.method == "POST"]

    def add(self, *script: Behaviour) -> None:
        self._script.extend(script)

    def __enter__(self) -> Loopback:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: Request) -> Behaviour:
        """What to do about a request, which is kept."""
        with self._lock:
            self.requests.append(request)
            if self.api_key and request.headers.get("authorization") != f"Bearer {self.api_key}":
                given = request.headers.get("authorization", "").removeprefix("Bearer ")
                return Status(401, f"Incorrect API key provided: {given}.", "invalid_api_key")
            if request.method == "GET":
                return self._page(request.path)
            return self._ruled(request.body) or self._next()

    def _page(self, path: str) -> Behaviour:
        page = self._pages.get(path)
        if page is None:
            return Status(404, f"Nothing at {path}.")
        if isinstance(page, Reply | Status | Raw | Silence):
            return page
        return Raw(json.dumps(page).encode(), JSON)

    def _ruled(self, body: Any) -> Behaviour | None:
        for name in self.refuses:
            if name in body:
                text = f"Unsupported parameter: '{name}' is not supported with this model."
                return Status(400, text, "unsupported_parameter", name)
        if self.blind and "image_url" in json.dumps(body):
            return Status(400, "This model does not support image input.")
        if self.max_tokens is not None and _tokens(body) > self.max_tokens:
            text = f"This model's maximum context length is {self.max_tokens} tokens."
            return Status(400, text, "context_length_exceeded", "messages")
        return None

    def _next(self) -> Behaviour:
        if self._script:
            return self._script.pop(0)
        return Status(400, "The loopback server's script has no more replies.")


class _Server(ThreadingHTTPServer):
    """Remembers its connections, so that it can end while clients keep theirs open."""

    daemon_threads = False
    block_on_close = True

    def __init__(self, loopback: Loopback) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.loopback = loopback
        self.connections: set[socket.socket] = set()

    def hang_up(self) -> None:
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it went by itself


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm = True

    def setup(self) -> None:
        self.server.connections.add(self.request)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.server.connections.discard(self.request)

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            return  # the client went between two requests

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

    def _answer(self, body: Any) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Request(self.command, self.path, headers, body, threading.Event())
        try:
            self._behave(self.server.loopback.answer(asked), body)
        except (BrokenPipeError, ConnectionResetError):
            asked.gone.set()
            self.close_connection = True

    def _behave(self, behaviour: Behaviour, body: Any) -> None:
        match behaviour:
            case Reply():
                pieces = _events(behaviour, body)
                if behaviour.whole:
                    self._send(200, JSON, json.dumps(_whole(behaviour, body)).encode())
                else:
                    self._stream(behaviour, pieces)
            case Status(status, message, code, param, headers, text):
                error = {"message": message, "type": "error", "code": code, "param": param}
                content = json.dumps({"error": error}) if text is None else text
                kind = "text/html" if content.lstrip().startswith("<") else JSON
                self._send(status, kind, content.encode(), headers)
            case Raw(content, content_type, status, missing, hold):
                self._send(status, content_type, content, missing=missing)
                if hold:
                    self._wait(None)
            case Silence():
                self._wait(None)

    def _send(
        self,
        status: int,
        kind: str,
        content: bytes,
        headers: Mapping[str, str] | None = None,
        missing: int = 0,
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) + missing))
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = self.close_connection or missing > 0

    def _stream(self, reply: Reply, events: Sequence[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", EVENTS)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, event in enumerate(events):
            if number == reply.drop_after:
                self.close_connection = True
                return
            for part in [bytes([byte]) for byte in event] if reply.bytewise else [event]:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            if reply.pause:
                self._wait(reply.pause)
        self.wfile.write(b"0\r\n\r\n")

    def _wait(self, seconds: float | None) -> None:
        """Raises ConnectionResetError when the client leaves meanwhile."""
        until = None if seconds is None else time.monotonic() + seconds
        while until is None or time.monotonic() < until:
            left = 60.0 if until is None else max(0.0, until - time.monotonic())
            readable, _, _ = select.select([self.connection], [], [], left)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                raise ConnectionResetError


def _listed(model: str | Mapping[str, Any]) -> dict[str, Any]:
    return {"id": model, "object": "model"} if isinstance(model, str) else dict(model)


def _events(reply: Reply, body: Any) -> list[bytes]:
    """Server-sent events, the closing ones included."""
    text, chunks = _stopped(reply, body), reply.chunks
    pieces = [text[at : at + reply.size] for at in range(0, len(text), reply.size)]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if reply.reasoning:
        deltas.append({reply.reasoning_field: reply.reasoning})
    deltas += [{"content": piece} for piece in chunks or pieces]
    for call in reply.calls:
        deltas += [{"tool_calls": [part]} for part in _call_parts(call)]
    events = [_event({"choices": [{"index": 0, "delta": delta}]}) for delta in deltas]
    if reply.error is not None:
        return [*events, _event({"error": dict(reply.error)})]
    if reply.finish is None:
        return events
    finish = "tool_calls" if reply.calls else reply.finish
    events.append(_event({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}))
    if reply.usage and (body.get("stream_options") or {}).get("include_usage"):
        events.append(_event({"choices": [], "usage": _usage(reply, body)}))
    return [*events, b"data: [DONE]\n\n"]


def _whole(reply: Reply, body: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": _stopped(reply, body)}
    choice = {"index": 0, "message": message, "finish_reason": reply.finish}
    return {"id": "reply", "choices": [choice], "usage": _usage(reply, body)}


def _stopped(reply: Reply, body: Any) -> str:
    text = reply.text or "".join(reply.chunks)
    stops = [] if reply.ignore_stop or reply.chunks else body.get("stop") or []
    return text[: min([text.find(stop) for stop in stops if stop in text], default=len(text))]


def _call_parts(call: Call) -> list[dict[str, Any]]:
    where = {} if call.index is None else {"index": call.index}
    name = {"name": call.name, "arguments": ""}
    first = where | ({"id": call.id} if call.id else {}) | {"type": "function", "function": name}
    half = len(call.arguments) // 2
    halves = (call.arguments[:half], call.arguments[half:])
    return [first, *(where | {"function": {"arguments": part}} for part in halves)]


def _usage(reply: Reply, body: Any) -> dict[str, Any]:
    asked, said = _tokens(body), len(_stopped(reply, body)) // CHARACTERS_PER_TOKEN
    said += reply.reasoning_tokens
    return {
        "prompt_tokens": asked,
        "completion_tokens": said,
        "total_tokens": asked + said,
        "prompt_tokens_details": {"cached_tokens": reply.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
    }


def _tokens(body: Any) -> int:
    contents = [message.get("content") or "" for message in body["messages"]]
    text = "".join(part if isinstance(part, str) else json.dumps(part) for part in contents)
    return len(text) // CHARACTERS_PER_TOKEN


def _event(record: Mapping[str, Any]) -> bytes:
    common = {"id": "reply", "object": "chat.completion.chunk", "created": 0, "model": "test"}
    return b"data: " + json.dumps({**common, **record}, ensure_ascii=False).encode() + b"\n\n"
