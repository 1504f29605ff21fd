"""Runs pip in a process that may write to one folder only, and tells when no index can be reached.

Covered: files outside of that folder cannot be written or removed (where the operating system has
Landlock), a single file cannot grow beyond the limit.
Not covered: it reads what its user can read, and it has the network; nothing of a package is run.
"""

from __future__ import annotations

import json
import resource
import runpy
import socket
import sys
import urllib.request
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, cast
from urllib.parse import urlsplit

from codeact.interpreter.installs import NO_NETWORK, NO_PIP
from codeact.interpreter.walls import credentials, landlock

CONNECT_SECONDS = 5.0
_PORTS = {"http": 80, "https": 443}


def main() -> None:
    """`argv`: the folder, the limit in bytes and pip's arguments, as JSON."""
    told = json.loads(sys.argv[1])
    if sys.platform == "linux":
        credentials.die_with_parent()
    if find_spec("pip") is None:
        sys.exit(NO_PIP)
    places = _places(told["arguments"])
    if all(map(_is_remote, places)) and not _reachable(places):
        sys.exit(NO_NETWORK)
    resource.setrlimit(resource.RLIMIT_FSIZE, (told["max_bytes"], told["max_bytes"]))
    confine(told["folder"])
    sys.argv = ["pip", *told["arguments"]]
    try:
        runpy.run_module("pip", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code and any(map(_is_remote, places)) and not _reachable(places):
            sys.exit(NO_NETWORK)
        raise


def confine(folder: str) -> None:
    """Landlock where there is some; everything may be read, one folder written."""
    if sys.platform != "linux":
        return
    try:
        version = landlock.abi()
    except OSError:
        return
    credentials.no_new_privileges()
    rules = (
        landlock.Rule(path="/", access="read"),
        landlock.Rule(path=folder, access="write"),
        landlock.Rule(path="/dev/null", access="device"),
    )
    landlock.restrict(rules, version=version, tcp=True)


def _places(arguments: Sequence[str]) -> list[str]:
    """Where pip would look, by its own reading of arguments, environment and configuration."""
    from pip._internal.commands import create_command

    command = create_command("install", isolated="--isolated" in arguments)
    known = vars(command.parse_args(list(arguments[1:]))[0])
    places: list[Any] = [known.get("index" + "_url")]
    places += cast(list[Any], known.get("extra_index" + "_urls") or [])
    places += cast(list[Any], known.get("find_links") or [])
    return [str(each) for each in places if each]


def _is_remote(place: str) -> bool:
    return urlsplit(place).scheme in _PORTS


def _reachable(places: Sequence[str]) -> bool:
    """Whether one of those elsewhere answers."""
    proxies = urllib.request.getproxies()
    for place in filter(_is_remote, places):
        parts = urlsplit(place)
        proxy = proxies.get(parts.scheme)
        if proxy and not urllib.request.proxy_bypass(parts.hostname or ""):
            parts = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
        address = (parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 80))
        try:
            socket.create_connection(address, timeout=CONNECT_SECONDS).close()
        except OSError:
            continue
        return True
    return False
