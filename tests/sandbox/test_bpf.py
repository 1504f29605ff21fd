"""The filter's program, run on a small machine for both processors."""

from __future__ import annotations

import errno
import socket
import struct

import pytest

from codeact.interpreter.walls.bpf import Among, Bits, Denial, NotAmong, program
from codeact.interpreter.walls.seccomp import container_denials, denials
from codeact.interpreter.walls.syscalls import numbers

MACHINES = ("x86_64", "aarch64")
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOWED, KILLED = "allowed", "killed"


def verdict(
    code: bytes, machine: str, name: str | int, *arguments: int, architecture: int | None = None
) -> str | int:
    """What the kernel would do with the call: let it pass, kill, or this errno."""
    number = name if isinstance(name, int) else numbers(machine)[name]
    arch = ARCHITECTURES[machine] if architecture is None else architecture
    data = struct.pack("<IIQ6Q", number, arch, 0, *arguments, *[0] * (6 - len(arguments)))
    at, loaded = 0, 0
    while True:
        code_, yes, no, operand = struct.unpack_from("HBBI", code, 8 * at)
        at += 1
        if code_ == 0x20:
            loaded = struct.unpack_from("<I", data, operand)[0]
        elif code_ == 0x06:
            action = operand & 0xFFFF_0000
            number = int(operand) & 0xFFFF
            return {0x7FFF_0000: ALLOWED, 0x8000_0000: KILLED}.get(action, number)
        else:
            holds = {0x15: loaded == operand, 0x35: loaded >= operand, 0x45: loaded & operand}
            at += yes if holds[code_] else no


def code(machine: str, *families: int) -> bytes:
    return program(denials(families=families, watching=True), machine)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_denied_call_is_denied_and_no_other(machine: str) -> None:
    denied = {each.name for each in denials(families=(), watching=False) if not each.when}
    filtered = program(denials(families=(), watching=False), machine)
    for name in numbers(machine):
        refused = verdict(filtered, machine, name) != ALLOWED
        assert refused == (name in denied or name in {"socket", "socketpair"}), name


@pytest.mark.parametrize("machine", MACHINES)
def test_a_call_through_another_architecture_kills(machine: str) -> None:
    assert verdict(code(machine), machine, 0, architecture=0x4000_0003) == KILLED


def test_the_second_table_of_x86_64_kills() -> None:
    assert verdict(code("x86_64"), "x86_64", 0x4000_0000 + 39) == KILLED


@pytest.mark.parametrize("machine", MACHINES)
def test_a_thread_may_be_cloned_and_a_namespace_not(machine: str) -> None:
    assert verdict(code(machine), machine, "clone", 0x3D0F00) == ALLOWED
    assert verdict(code(machine), machine, "clone", 0x1000_0011) == errno.EPERM
    assert verdict(code(machine), machine, "clone3") == errno.ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
def test_only_the_allowed_socket_families_open(machine: str) -> None:
    filtered = code(machine, socket.AF_UNIX, socket.AF_INET)
    close = socket.SOCK_CLOEXEC
    assert verdict(filtered, machine, "socket", socket.AF_UNIX, 1 | close) == ALLOWED
    assert verdict(filtered, machine, "socket", socket.AF_INET, 2) == ALLOWED
    assert verdict(filtered, machine, "socket", socket.AF_INET, 3 | close) == errno.EPERM
    assert verdict(filtered, machine, "socket", socket.AF_INET6, 1) == errno.EPERM
    assert verdict(filtered, machine, "socket", 16, 2) == errno.EPERM
    assert verdict(code(machine), machine, "socket", socket.AF_UNIX, 1) == errno.EPERM
    assert verdict(code(machine), machine, "socketpair", socket.AF_UNIX, 1) == ALLOWED


@pytest.mark.parametrize("machine", MACHINES)
def test_a_file_may_be_created_but_not_set_uid(machine: str) -> None:
    filtered = code(machine)
    assert verdict(filtered, machine, "openat", 0, 0, 0o101, 0o644) == ALLOWED
    assert verdict(filtered, machine, "openat", 0, 0, 0, 0o4755) == ALLOWED
    assert verdict(filtered, machine, "openat", 0, 0, 0o101, 0o2755) == errno.EPERM
    assert verdict(filtered, machine, "fchmod", 3, 0o4755) == errno.EPERM


@pytest.mark.parametrize("machine", MACHINES)
def test_a_container_refuses_namespaces_and_mounts_alone(machine: str) -> None:
    filtered = program(container_denials(), machine)
    assert verdict(filtered, machine, "unshare", 0x1000_0000) == errno.EPERM
    assert verdict(filtered, machine, "mount") == errno.EPERM
    assert verdict(filtered, machine, "landlock_create_ruleset") == ALLOWED
    assert verdict(filtered, machine, "socket", 2, 1) == ALLOWED


def test_conditions_are_all_needed_and_leave_the_rest_alone() -> None:
    rules = (
        Denial(
            name="ioctl",
            errno=1,
            when=(Among(argument=1, values=(5, 6)), Bits(argument=2, mask=8)),
        ),
        Denial(name="ioctl", errno=2, when=(NotAmong(argument=0, values=(3, 4)),)),
    )
    filtered = program(rules, "x86_64")
    assert verdict(filtered, "x86_64", "ioctl", 3, 5, 8) == 1
    assert verdict(filtered, "x86_64", "ioctl", 3, 6, 8) == 1
    assert verdict(filtered, "x86_64", "ioctl", 3, 7, 8) == ALLOWED
    assert verdict(filtered, "x86_64", "ioctl", 4, 5, 0) == ALLOWED
    assert verdict(filtered, "x86_64", "ioctl", 9, 5, 0) == 2
    assert verdict(filtered, "x86_64", "ptrace") == ALLOWED
