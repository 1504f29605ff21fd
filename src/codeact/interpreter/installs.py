"""Packages for a session: what the code may ask for, who decides, and how the host fetches them.

The kernel asks by name and version only. The host runs pip in a process of its own that may write
nothing but a folder of its own, takes wheels only (nothing of a package runs while it is
installed), and hands the files to the kernel as an archive: the host never writes to a place that
the session's code can change.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import tarfile
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Literal, Protocol

from codeact.actions import ToolCall
from codeact.approval import Ask
from codeact.consents import Consent, Question
from codeact.interpreter.child import program

SERVICE = "%pip install"
"""The name under which the kernel asks; no tool can be called so."""
NO_NETWORK = 75
"""The status of a pip process that has found no index."""
NO_PIP = 76
"""The status of a Python that has no pip."""
OURS, SITE = ".codeact", "site"
"""The folder in the workspace that is ours, and where packages are unpacked in it."""
MAX_REQUIREMENTS = 50
_PACE = 0.25
"""Seconds between looks at how much has been written."""
_TAIL = 1_200
"""Characters of pip's own words that are shown."""

SWITCHED_OFF = (
    "Installing packages is switched off in this session, so {names} was not installed. Go on with "
    "what is installed, or ask the user to allow it: `--installs ask` or `--installs always` on "
    "the command line, `installs=` in Python."
)
DECLINED = (
    "The user was asked and declined to install {names}. Go on with what is installed, or ask the "
    "user what they would like instead."
)
NOBODY = (
    "Packages are installed here only with somebody's consent, and nobody can be asked, so {names} "
    "was not installed. Go on with what is installed."
)
NOTHING_NAMED = "Name the packages to install, such as: %pip install requests"
NO_OPTION = (
    "The option {option!r} is not allowed here: packages come by name and version from the index "
    "that the host has chosen, and only -U and -q are known."
)
NO_REQUIREMENT = (
    "{text!r} is no package name with an optional version, such as requests or requests>=2,<3. "
    "Addresses, paths, files and markers are not allowed here."
)
TOO_MANY = "At most {limit} packages can be named at once; these are {count}."
UNREACHABLE = (
    "The package index cannot be reached from this machine, so nothing was installed. Do not try "
    "again: go on with what is installed."
)
WITHOUT_PIP = "The session's Python ({python}) has no pip, so nothing was installed."
TOO_LATE = "Installing {names} took longer than {seconds:g} seconds and was stopped."
TOO_LARGE = "Installing {names} takes more than {limit:,} bytes and was stopped."
FAILED = "Installing {names} failed, and nothing was installed. Only wheels are taken.\n{tail}"

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_CLAUSE = r"\s*(?:~=|===?|!=|<=|>=|<|>)\s*[A-Za-z0-9][A-Za-z0-9.*+!_-]*\s*"
REQUIREMENT = re.compile(
    rf"(?P<name>{_NAME})(?:\s*\[\s*{_NAME}(?:\s*,\s*{_NAME})*\s*\])?(?:{_CLAUSE}(?:,{_CLAUSE})*)?"
)
_UPGRADE = ("-U", "--upgrade")
_QUIET = ("-q", "-qq", "-qqq", "--quiet")
_PASSED_ON = (
    *("LANG", "LC_ALL", "PATH", "HOME", "XDG_CONFIG_HOME", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)

Mode = Literal["never", "ask", "always"]
AskInstall = Callable[[tuple[str, ...]], Awaitable[bool]]
"""Gets somebody's answer about these requirements. It is cancelled when the cell is stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installs:
    """Whether the code may install packages, and from where.

    `ask` is needed for "ask". `index` is the address of a simple index; without it the host's own
    configuration of pip counts. `seconds` bounds one installation, `max_bytes` all of a session's.
    """

    mode: Mode = "never"
    ask: AskInstall | None = None
    index: str | None = None
    seconds: float = 300.0
    max_bytes: int = 1 << 30


NEVER = Installs()


def settled(wanted: Installs | Mode, ask: Ask | None) -> Installs:
    """The policy of a mode, or itself; "ask" asks whoever is asked for calls of tools."""
    found = Installs(mode=wanted) if isinstance(wanted, str) else wanted
    if found.mode != "ask" or found.ask is not None or ask is None:
        return found

    async def consent(requirements: tuple[str, ...]) -> bool:
        text = f"{SERVICE} {' '.join(requirements)}"
        answer = await ask(Question(action=ToolCall(name=SERVICE, args=requirements), text=text))
        return answer.given if isinstance(answer, Consent) else answer is True

    return replace(found, ask=consent)


class NotInstalled(Exception):
    """A request that was refused or has failed; the message is read by the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a line asked for."""

    requirements: tuple[str, ...]
    upgrade: bool = False

    @property
    def names(self) -> str:
        return ", ".join(self.requirements)


def read(arguments: Sequence[object]) -> Request:
    """The words after `pip install`. Raises NotInstalled for all but names and versions."""
    found: list[str] = []
    upgrade = False
    for each in arguments:
        if not isinstance(each, str):
            raise NotInstalled(NO_REQUIREMENT.format(text=repr(each)[:80]))
        text = each.strip()
        if text in _UPGRADE:
            upgrade = True
        elif text in _QUIET:
            continue
        elif text.startswith("-"):
            raise NotInstalled(NO_OPTION.format(option=text[:80]))
        elif not REQUIREMENT.fullmatch(text) or len(text) > 200:
            raise NotInstalled(NO_REQUIREMENT.format(text=text[:80]))
        else:
            found.append(text)
    if not found:
        raise NotInstalled(NOTHING_NAMED)
    if len(found) > MAX_REQUIREMENTS:
        raise NotInstalled(TOO_MANY.format(limit=MAX_REQUIREMENTS, count=len(found)))
    return Request(requirements=tuple(found), upgrade=upgrade)


class Receiver(Protocol):
    """The session's kernel, as far as it is needed here."""

    def send(self, head: dict[str, Any], *values: Any, descriptors: Sequence[int] = ()) -> None: ...


class Installer:
    """Installs what one session asks for. Inside of `paused` the cell's time does not count."""

    def __init__(
        self,
        policy: Installs,
        python: str,
        receiver: Callable[[], Receiver | None],
        paused: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._policy = policy
        self._python = python
        self._receiver = receiver
        self._paused = paused
        self._folder: Path | None = None
        self._turn = asyncio.Lock()
        self._installed: dict[str, str] = {}

    async def serve(self, *arguments: object) -> dict[str, Any]:
        """A request of the kernel's, not trusted: what came of it, as the kernel is told."""
        try:
            request = read(arguments)
            with self._paused():
                await self._decide(request)
                async with self._turn:
                    installed = await self._install(request)
                    if installed:
                        await self._hand_over()
        except NotInstalled as error:
            return {"refusal": str(error)}
        return {"refusal": "", "installed": installed, "asked": list(request.requirements)}

    async def aclose(self, workspace: Path | None) -> None:
        """What was fetched goes away, from the workspace too."""
        if self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
            self._folder = None
            if workspace is not None:
                await asyncio.to_thread(_remove, workspace)

    async def _decide(self, request: Request) -> None:
        match self._policy.mode:
            case "never":
                raise NotInstalled(SWITCHED_OFF.format(names=request.names))
            case "ask":
                if self._policy.ask is None:
                    raise NotInstalled(NOBODY.format(names=request.names))
                if not await self._policy.ask(request.requirements):
                    raise NotInstalled(DECLINED.format(names=request.names))
            case "always":
                return

    async def _install(self, request: Request) -> list[list[str]]:
        """[name, version] of what is new. What the session's Python has already is not fetched."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="codeact-packages-"))
        site, report = self._folder / "site", self._folder / "report.json"
        pins = self._folder / "pins.txt"
        site.mkdir(exist_ok=True)
        report.unlink(missing_ok=True)
        until = asyncio.get_running_loop().time() + self._policy.seconds
        # Pip never sees the session's packages themselves: one of them would run in its process.
        pins.write_text("".join(f"{line}\n" for line in self._pinned(request)))
        options = ("--upgrade",) if request.upgrade else ("-c", str(pins))
        await self._pip(request, until, "--dry-run", "--report", str(report), *options)
        found = {
            each["metadata"]["name"]: each["metadata"]["version"]
            for each in json.loads(await asyncio.to_thread(report.read_text))["install"]
        }
        wanted = sorted([name, each] for name, each in found.items() if self._has(name) != each)
        if wanted:
            exact = Request(requirements=tuple(f"{name}=={version}" for name, version in wanted))
            await self._pip(exact, until, "--no-deps", "--upgrade", "--target", str(site))
            await asyncio.to_thread(_forget_others, site, wanted)
            self._installed |= {_canonical(name): version for name, version in wanted}
        return wanted

    def _has(self, name: str) -> str | None:
        return self._installed.get(_canonical(name))

    def _pinned(self, request: Request) -> list[str]:
        """What the session has stays as it is, unless the request says otherwise."""
        named = {
            _canonical(found["name"])
            for each in request.requirements
            if (found := REQUIREMENT.fullmatch(each)) and found["name"] != each
        }
        return [f"{name}=={each}" for name, each in self._installed.items() if name not in named]

    async def _pip(self, request: Request, until: float, *options: str) -> None:
        assert self._folder is not None
        tmp = self._folder / "tmp"
        tmp.mkdir(exist_ok=True)
        told = {
            "folder": str(self._folder),
            "max_bytes": self._policy.max_bytes,
            "arguments": [
                *("install", "--only-binary", ":all:", "--no-input", "--no-cache-dir"),
                *("--disable-pip-version-check", "--no-warn-script-location", "--no-compile"),
                *("--quiet", "--progress-bar", "off", "--retries", "0", "--timeout", "15"),
                *(("--isolated", "-i", self._policy.index) if self._policy.index else ()),
                *options,
                "--",
                *request.requirements,
            ],
        }
        process = await asyncio.create_subprocess_exec(
            *(self._python, "-P", "-c", program("pip_process"), json.dumps(told)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=tmp,
            env=self._environment(tmp),
            start_new_session=True,
        )
        talk = asyncio.ensure_future(process.communicate())
        try:
            await self._watch(talk, request, until)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            output, _ = await asyncio.shield(talk)
        if process.returncode == NO_NETWORK:
            raise NotInstalled(UNREACHABLE)
        if process.returncode == NO_PIP:
            raise NotInstalled(WITHOUT_PIP.format(python=self._python))
        if process.returncode:
            raise NotInstalled(FAILED.format(names=request.names, tail=_told(output)))

    async def _watch(self, talk: asyncio.Future[Any], request: Request, until: float) -> None:
        assert self._folder is not None
        while not talk.done():
            await asyncio.wait([talk], timeout=_PACE)
            if await asyncio.to_thread(_size, self._folder) > self._policy.max_bytes:
                limit = self._policy.max_bytes
                raise NotInstalled(TOO_LARGE.format(names=request.names, limit=limit))
            if asyncio.get_running_loop().time() > until and not talk.done():
                seconds = self._policy.seconds
                raise NotInstalled(TOO_LATE.format(names=request.names, seconds=seconds))

    def _environment(self, tmp: Path) -> Mapping[str, str]:
        """Without the host's secrets; its configuration of pip counts where no index is set."""
        assert self._folder is not None
        kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        if not self._policy.index:
            kept |= {name: text for name, text in os.environ.items() if name.startswith("PIP_")}
        return {**kept, "TMPDIR": str(tmp)}

    async def _hand_over(self) -> None:
        """All that the session has, as an archive that the kernel reads."""
        assert self._folder is not None
        with await asyncio.to_thread(_archive, self._folder / "site") as archive:
            receiver = self._receiver()
            if receiver is not None:
                receiver.send({"op": "reply", "id": -1}, descriptors=[archive.fileno()])


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _forget_others(site: Path, wanted: Sequence[Sequence[str]]) -> None:
    """Of each package only what the newest installation says about it stays."""
    names = {_canonical(name) for name, _ in wanted}
    seen: dict[str, Path] = {}
    for about in sorted(site.glob("*.dist-info"), key=lambda each: each.stat().st_mtime_ns):
        name = _canonical(about.name.partition("-")[0])
        if name in names and name in seen:
            shutil.rmtree(seen[name])
        seen[name] = about


def _told(output: bytes) -> str:
    """Pip's own words about an error; where it looked is the host's affair."""
    lines = output.decode(errors="replace").strip().splitlines()
    errors = [line for line in lines if line.startswith("ERROR")]
    return "\n".join(errors or lines)[-_TAIL:]


def _remove(workspace: Path) -> None:
    """What the kernel has unpacked; no link of the code's is followed."""
    with contextlib.suppress(OSError):
        descriptor = os.open(workspace / OURS, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            shutil.rmtree(SITE, dir_fd=descriptor)
        finally:
            os.close(descriptor)


def _archive(site: Path) -> IO[bytes]:
    archive = tempfile.TemporaryFile()  # noqa: SIM115 - the caller's to close
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(site, arcname=".")
    archive.seek(0)
    return archive


def _size(folder: Path) -> int:
    total = 0
    for root, _folders, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(root, name)).st_size
    return total
