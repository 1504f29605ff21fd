"""Packages that the code asks for: `%pip install`, or a line for the shell that means the same.

The host decides and fetches; the kernel unpacks into a folder of the session's own.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.metadata
import os
import re
import shlex
import shutil
import sys
import tarfile
from typing import Any

from IPython.core.error import UsageError

from codeact.interpreter.kernel_channel import Channel
from codeact.interpreter.kernel_output import FOLDER, Output

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

SERVICE = "%pip install"
SITE = "site"
"""The folder's name inside of ours."""

_INSTALL = re.compile(
    r"\s*(?:(?:\S*/)?python[\d.]*\s+-m\s+)?(?:(?:\S*/)?uv\s+)?(?:\S*/)?pip[\d.]*\s+install(?:\s+(.*))?",
    re.DOTALL,
)
_SHOWN_ELSEWHERE = re.compile(r"\s+\d?>+\s*(?:&\d|/dev/null)(?=\s|$)|\s+\|\s.*$", re.DOTALL)
_MORE_COMMANDS = re.compile(r"[;&|`\n]|\$\(")

ALONE = "Write {line!r} on a line of its own, without other commands behind it."
UNREADABLE = "The line cannot be read ({error})."
INSTALLED = "Installed: {names}"
THERE = "Already installed: {names}"
LOADED_ALREADY = (
    "{names} was imported before: the new version counts after the session's next start."
)


class Packages:
    """What the session's own code has had installed."""

    def __init__(self, shell: Any, channel: Channel, output: Output) -> None:
        self._shell = shell
        self._channel = channel
        self._output = output
        self._folder = ""
        shell.register_magic_function(self._pip, magic_name="pip")
        shell.register_magic_function(self._uv, magic_name="uv")
        shell.intercept = self.intercept

    def settle(self, workspace: str) -> None:
        """Look for modules in this session's folder, before those that come with Python."""
        self._folder = os.path.join(workspace, FOLDER, SITE)
        names = [os.path.basename(each) for each in sys.path]
        at = names.index("site-packages") if "site-packages" in names else len(names)
        sys.path.insert(at, self._folder)

    def intercept(self, command: str) -> bool:
        """Whether a command for the shell was an installation, which is done then."""
        found = _INSTALL.fullmatch(command)
        if found is None:
            return False
        rest = _SHOWN_ELSEWHERE.sub("", found[1] or "")
        if _MORE_COMMANDS.search(rest):
            raise UsageError(ALONE.format(line="%pip install …"))
        self._install(rest)
        return True

    def _pip(self, line: str) -> None:
        """Install packages into this session: %pip install NAME[==VERSION] …"""
        if not self.intercept(f"pip {line}"):
            self._shell.system(f"{shlex.quote(sys.executable)} -m pip {line}")

    def _uv(self, line: str) -> None:
        """As %pip: %uv pip install NAME …"""
        if not self.intercept(f"uv {line}"):
            self._shell.system(f"uv {line}")

    def _install(self, line: str) -> None:
        try:
            arguments = tuple(shlex.split(line, comments=True))
        except ValueError as error:
            raise UsageError(UNREADABLE.format(error=error)) from None
        self._output.flush()
        told = self._channel.call(SERVICE, arguments, {}).values()[0]
        if told["refusal"]:
            raise UsageError(told["refusal"])
        new = [tuple(each) for each in told["installed"]]
        before = [name for name, _ in new if _module(name) in sys.modules]
        if new:
            self._unpack()
            self._say(INSTALLED, [f"{name} {version}" for name, version in new])
            if before:
                self._say(LOADED_ALREADY, before)
        fresh = {_module(name) for name, _ in new}
        there = [_named(each) for each in told["asked"]]
        there = [each for each in there if _module(each) not in fresh]
        if there:
            self._say(THERE, [f"{name} {_version(name)}".strip() for name in there])

    def _unpack(self) -> None:
        """The archive that has come holds all of the session's packages."""
        descriptor = self._channel.descriptors()[-1]
        new = f"{self._folder}.new"
        shutil.rmtree(new, ignore_errors=True)
        with (
            open(descriptor, "rb") as file,
            tarfile.open(fileobj=file, mode="r:") as archive,
        ):
            archive.extractall(new, filter="data")
        shutil.rmtree(self._folder, ignore_errors=True)
        os.rename(new, self._folder)
        importlib.invalidate_caches()
        sys.path_importer_cache.pop(self._folder, None)

    def _say(self, sentence: str, names: list[str]) -> None:
        self._output.write("stdout", sentence.format(names=", ".join(names)) + "\n")


def _named(requirement: str) -> str:
    return re.split(r"[\s\[<>=!~]", requirement, maxsplit=1)[0]


def _module(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
