"""What goes wrong at an OpenAI-compatible server: facts, whether to ask again, how to say it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any, Literal

Kind = Literal["connection", "dropped", "timeout", "status", "stream", "error", "page"]

SENTENCES: dict[str, str] = {
    "connection": "Cannot reach {url}: {detail} Is a server running there? Check the address; the "
    "base URL of an OpenAI-compatible server usually ends in /v1.",
    "dropped": "{url} broke off in the middle of the reply: {detail} Try again later.",
    "timeout": "{url} sent nothing for {timeout:g} seconds. It may be loading the model or be "
    "overloaded: try again, or allow a longer timeout.",
    "stream": "{url} sent a reply that cannot be read: {detail} Is it an OpenAI-compatible "
    "server? Its base URL usually ends in /v1.",
    "error": "{url} reported an error in the middle of the reply: {detail}",
    "page": "{url} answered with a web page instead of a reply of a model. Check the base URL: it "
    "usually ends in /v1.",
    "key": "{url} refused the API key (HTTP {status}): {detail} Set OPENAI_API_KEY to a key that "
    "is valid there.",
    "model": "{url} does not know the model {model!r} (HTTP {status}): {detail} {listed}",
    "quota": "The account at {url} has no credit left (HTTP {status}): {detail} Add credit there "
    "or use another model.",
    "busy": "{url} takes no more requests for now (HTTP 429): {detail} Wait a while, or run less "
    "at the same time.",
    "server": "{url} failed (HTTP {status}): {detail} Try again later.",
    "refused": "{url} refused the request (HTTP {status}): {detail}",
    "overflow": "The prompt does not fit the context window of {model} at {url}: {detail}",
}
LISTED = "It has: {names}."
NOT_LISTED = "Check the model's name, and the base URL, which usually ends in /v1."
TRIES = " ({tries} tries.)"
REDACTED = "[redacted]"

_EXCERPT = 300  # characters of a server's own words
_OVERFLOW = re.compile(
    r"context_length_exceeded|exceed_context_size|context (length|size|window)"
    r"|maximum model length|prompt is too long|input token count|input is too long"
    r"|inputs.{1,3} tokens \+|too many (input )?tokens|longer than the (model|maximum)",
    re.IGNORECASE,
)
_QUOTA = re.compile(r"insufficient_quota|exceeded your current quota", re.IGNORECASE)
_UNKNOWN_MODEL = re.compile(
    r"model_not_found|model.{1,80}(not found|not exist)|not a valid model", re.IGNORECASE
)
_UNSUPPORTED = re.compile(
    r"unsupported|n[o']t support|unrecognized|unknown|unexpected|extra (inputs|fields)"
    r"|not (permitted|allowed|available|implemented)|only the default",
    re.IGNORECASE,
)
_BLIND = re.compile(
    r"image|vision|multi-?modal|mmproj|content.{1,40}must be a string", re.IGNORECASE
)
_KEYS = re.compile(r"\bsk-[\w*-]{6,}|\bBearer\s+[^\s\"']+")
# A mention of these is enough: what their value asks for is done on this side too.
_PROTOCOL = frozenset({"stop", "stream_options", "parallel_tool_calls"})


class Fault(Exception):
    """One failed request. `detail` is the server's or the network's own words, `wait` the seconds
    that the server asks to wait. Never leaves `models`.
    """

    def __init__(
        self,
        kind: Kind,
        detail: str = "",
        *,
        status: int | None = None,
        code: str = "",
        param: str = "",
        wait: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = " ".join(re.sub(r"<[^>]*>", " ", detail).split())[:_EXCERPT]
        self.status = status
        self.code = code
        self.param = param
        self.wait = wait

    @property
    def overflow(self) -> bool:
        """Whether the prompt is too long; every provider has words of its own for that."""
        return self.status in (None, 400, 413, 422, 500) and self._says(_OVERFLOW)

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed later. A server that was silent for the whole
        timeout is not made to start again.
        """
        if self.status is None:
            passing = self.kind in ("connection", "dropped", "stream", "error")
        else:
            passing = self.status in (408, 409, 429) or self.status >= 500
        return passing and not self._says(_QUOTA)

    @property
    def unknown_model(self) -> bool:
        return self.status == 404 or (self.status == 400 and self._says(_UNKNOWN_MODEL))

    @property
    def blind(self) -> bool:
        """Whether the server may have refused because of a picture."""
        return self.status not in (None, 401, 403, 429) and self._says(_BLIND)

    def refused(self, sent: Collection[str]) -> str | None:
        """The optional parameter, of those that were sent, that the server does not take."""
        if self.status not in (400, 422) or self.overflow:
            return None
        for name in sent:
            named = self.param == name or re.search(rf"\b{name}\b", self.detail)
            if named and (name in _PROTOCOL or self._says(_UNSUPPORTED)):
                return name
        return None

    def reason(self) -> str:
        """In a few words, for whoever watches the retries."""
        status = f"HTTP {self.status}: " if self.status else ""
        return f"{status}{self.detail or self.kind}"

    def explain(
        self, *, model: str, url: str, timeout: float, tries: int, listed: Collection[str]
    ) -> str:
        """The whole story for the user, with what to do."""
        names = LISTED.format(names=", ".join(listed)) if listed else NOT_LISTED
        said = SENTENCES[self._sentence()].format(
            url=url,
            detail=(self.detail or "no reason given").rstrip(".") + ".",
            status=self.status,
            model=model,
            timeout=timeout,
            listed=names,
        )
        return said + (TRIES.format(tries=tries) if tries > 1 else "")

    def _sentence(self) -> str:
        if self.overflow:
            return "overflow"
        if self.status is None:
            return self.kind
        if self._says(_QUOTA):
            return "quota"
        if self.unknown_model:
            return "model"
        fixed = {401: "key", 403: "key", 429: "busy"}
        return fixed.get(self.status, "server" if self.transient else "refused")

    def _says(self, pattern: re.Pattern[str]) -> bool:
        return pattern.search(f"{self.code} {self.detail}") is not None


@contextmanager
def facing_faults(*, streaming: bool = False) -> Iterator[None]:
    """Turn what the SDK and its HTTP library raise into a Fault; let everything else through."""
    try:
        yield
    except Exception as error:  # the HTTP library's own errors have no fixed home
        fault = _read(error, streaming)
        if fault is None:
            raise
        raise fault from None


def fault_of(error: Any) -> Fault:
    """The fault that an error object in a reply speaks of."""
    message, code, param = _words(error)
    return Fault("error", message, code=code, param=param)


def redact(text: str, *secrets: str) -> str:
    """Without the secrets and without anything that looks like a key."""
    for secret in secrets:
        if len(secret) >= 8:
            text = text.replace(secret, REDACTED)
    return _KEYS.sub(REDACTED, text)


def _read(error: Exception, streaming: bool) -> Fault | None:
    from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError

    unreachable: Kind = "dropped" if streaming else "connection"
    if isinstance(error, Fault):
        return error
    if isinstance(error, APIStatusError):
        message, code, param = _words(error.body or error.message)
        wait = _asked_wait(error.response.headers)
        status = error.status_code
        return Fault("status", message, status=status, code=code, param=param, wait=wait)
    if isinstance(error, APITimeoutError):
        return Fault("timeout")
    if isinstance(error, APIConnectionError):
        return Fault(unreachable, str(error.__cause__ or error.message).rstrip("."))
    if isinstance(error, APIError):
        return fault_of(error.body or error.message)
    if isinstance(error, ValueError):
        return Fault("stream", str(error).rstrip("."))
    if type(error).__module__.startswith("http"):  # httpx below openai 3, which lets these through
        timeout = "Timeout" in type(error).__name__
        return Fault("timeout" if timeout else unreachable, str(error).rstrip("."))
    return None


def _words(error: Any) -> tuple[str, str, str]:
    """Message, codes and parameter of an error body in any provider's form."""
    if not isinstance(error, Mapping):
        return str(error), "", ""
    message = error.get("message") or error.get("detail") or error
    text = message if isinstance(message, str) else json.dumps(message, default=str)
    code = f"{error.get('code') or ''} {error.get('type') or ''}".strip()
    return text, code, str(error.get("param") or "")


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds, from `retry-after-ms` or `retry-after` as a number or as a date."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1_000)
        return max(0.0, float(headers["retry-after"]))
    except KeyError:
        return None
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
    except (ValueError, KeyError):
        return None
