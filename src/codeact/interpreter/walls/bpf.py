"""A filter over system calls as a program for the kernel's classic BPF machine."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from codeact.interpreter.walls.syscalls import numbers

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF_0000, 0x0005_0000, 0x8000_0000
_AUDIT = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7, "arm64": 0xC000_00B7}
_X32 = 0x4000_0000  # the second table of calls on x86-64 starts here

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


@dataclass(frozen=True, slots=True, kw_only=True)
class Bits:
    """True when the argument has any of these bits."""

    argument: int
    mask: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Among:
    """True when the argument's low 32 bits are one of these values, under a mask where given."""

    argument: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAmong:
    """True when the argument's low 32 bits are none of these values."""

    argument: int
    values: tuple[int, ...]


Condition = Bits | Among | NotAmong


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """The call fails with this errno when all conditions hold; names unknown here are skipped."""

    name: str
    errno: int
    when: tuple[Condition, ...] = ()


def program(denials: tuple[Denial, ...], machine: str) -> bytes:
    """The program for this machine: all calls pass but the denied ones.

    A call made through another architecture's entry (32-bit code on 64-bit) kills the process:
    its numbers mean other calls.
    """
    known = numbers(machine)
    code: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _AUDIT[machine]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        code += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL_PROCESS)]
    for denial in denials:
        if denial.name in known:
            body = _body(denial)
            code += [(_EQUAL, 0, len(body), known[denial.name]), *body]
    code.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)


def _body(denial: Denial) -> list[Instruction]:
    """Runs when the number is the denied one; leaves the number loaded when it lets pass."""
    denied = (_RETURN, 0, 0, _ERRNO | denial.errno)
    if not denial.when:
        return [denied]
    body: list[Instruction] = [denied, (_LOAD, 0, 0, _NUMBER)]
    for condition in reversed(denial.when):
        body = _test(condition, len(body) - 1) + body
    return body


def _test(condition: Condition, past: int) -> list[Instruction]:
    """Falls through when the condition holds, else jumps over `past` instructions behind it."""
    load = (_LOAD, 0, 0, _ARGUMENTS + 8 * condition.argument)
    match condition:
        case Bits(mask=mask):
            return [load, (_ANY_BIT, 0, past, mask)]
        case Among(values=values):
            last = len(values) - 1
            tests = [(_EQUAL, last - at, 0, value) for at, value in enumerate(values[:-1])]
            return [load, *tests, (_EQUAL, 0, past, values[last])]
        case NotAmong(values=values):
            last = len(values) - 1
            return [load, *((_EQUAL, past + last - at, 0, v) for at, v in enumerate(values))]
