"""What a Python program needs to read of its machine, and no more."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import codeact

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
_SETTINGS = (
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/matplotlibrc",
    "/etc/mime.types",
    "/etc/pki/ca-trust",
    "/etc/pki/tls",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    f"/etc/python{sys.version_info.major}.{sys.version_info.minor}",
)
_NETWORK_SETTINGS = ("/etc/gai.conf", "/etc/host.conf", "/etc/hosts", "/etc/resolv.conf")
_TOO_MUCH = ("/", "/root", "/home", "/etc", "/var", "/tmp", "/opt", "/srv", "/mnt", "/proc", "/sys")


@lru_cache
def python() -> tuple[str, ...]:
    """The folders of interpreter, packages and this package: the outermost, and not /usr.

    Never a home folder as such, even where it is the prefix.
    """
    found = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    found |= {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    found |= set(site.getsitepackages())
    if site.ENABLE_USER_SITE:
        found.add(site.getusersitepackages())
    found |= {str(Path(place).resolve()) for place in codeact.__path__}
    return outermost(path for path in found if not _too_much(path))


@lru_cache
def system(*, network: bool) -> tuple[str, ...]:
    """Programs and libraries of the machine, and the settings that libraries ask for."""
    names = (*_SYSTEM, *_SETTINGS, *(_NETWORK_SETTINGS if network else ()))
    return tuple(name for name in names if os.path.lexists(name))


@lru_cache
def closed_to_others() -> tuple[str, ...]:
    """Those of `python()` whose own mode keeps out a uid without rights."""
    return tuple(path for path in python() if os.stat(path).st_mode & 0o005 != 0o005)


@lru_cache
def out_of_reach() -> bool:
    """Whether a uid without rights cannot get to some of `python()` in the machine's own root."""
    folders = {str(parent) for path in python() for parent in Path(path).parents}
    return bool(closed_to_others()) or any(not os.stat(each).st_mode & 0o001 for each in folders)


def outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """Existing paths without those that lie in another of them; a link counts as its target too."""
    found: list[str] = []
    every = {os.path.abspath(path) for path in paths}
    every |= {os.path.realpath(path) for path in every}
    for path in sorted(path for path in every if os.path.exists(path)):
        if not any(f"{path}/".startswith(f"{outer}/") for outer in ("/usr", *found)):
            found.append(path)
    return tuple(found)


def _too_much(path: str) -> bool:
    home = os.path.expanduser("~")
    real = os.path.realpath(path)
    return any(each in {*_TOO_MUCH, home, os.path.dirname(home)} for each in (path, real))
