"""Landlock: which files may be opened and how, no TCP, no signal or abstract socket to outside."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from codeact.interpreter.walls.syscalls import call

Access = Literal["read", "list", "write", "device"]

_VERSION, _PATH_BENEATH = 1, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_TRUNCATE, _IOCTL_DEVICE = 1 << 14, 1 << 15
_RIGHTS_OF_ABI = (0, 13, 14, 15, 15, 16)  # how many rights on files each version knows
_TCP_SINCE, _SCOPES_SINCE = 4, 6
_TCP_BIND_AND_CONNECT = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`list` is the names in folders alone; `device` is reading, writing and ioctl, without making
    or removing files.
    """

    path: str
    access: Access


def abi() -> int:
    """The version that this kernel offers; raises OSError where there is none."""
    return call("landlock_create_ruleset", None, 0, _VERSION)


def _rights(version: int) -> int:
    return (1 << _RIGHTS_OF_ABI[min(version, len(_RIGHTS_OF_ABI) - 1)]) - 1


def _allowed(access: Access) -> int:
    match access:
        case "read":
            return _EXECUTE | _READ_FILE | _READ_DIR
        case "list":
            return _READ_DIR
        case "write":
            return ~(_MAKE_CHAR | _MAKE_BLOCK | _IOCTL_DEVICE)
        case "device":
            return _READ_FILE | _WRITE_FILE | _READ_DIR | _TRUNCATE | _IOCTL_DEVICE


def restrict(rules: Iterable[Rule], *, version: int, tcp: bool) -> None:
    """From here on only what the rules allow, for this process and all that it starts.

    Paths that do not exist are passed over. Needs no_new_privileges first.
    """
    rights = _rights(version)
    attributes = struct.pack("Q", rights)
    if version >= _TCP_SINCE:
        attributes += struct.pack("Q", 0 if tcp else _TCP_BIND_AND_CONNECT)
    if version >= _SCOPES_SINCE:
        attributes += struct.pack("Q", _ABSTRACT_SOCKETS_AND_SIGNALS)
    ruleset = call("landlock_create_ruleset", attributes, len(attributes), 0)
    try:
        for rule in rules:
            _add(ruleset, rule, rights)
        call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _add(ruleset: int, rule: Rule, rights: int) -> None:
    try:
        path = os.open(rule.path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        allowed = _allowed(rule.access) & rights
        if not stat.S_ISDIR(os.fstat(path).st_mode):
            allowed &= _OF_FILES
        call("landlock_add_rule", ruleset, _PATH_BENEATH, struct.pack("=Qi", allowed, path), 0)
    finally:
        os.close(path)
