"""Machines that offer less than this one, emulated by a filter over system calls."""

from __future__ import annotations

import errno
import platform
from typing import Literal

from codeact.interpreter.walls import credentials, seccomp
from codeact.interpreter.walls.bpf import Denial, program

Machine = Literal["ours", "container", "bare"]
"""`container` refuses namespaces and mounts as Docker does; `bare` has no Landlock either."""


def become(machine: Machine) -> None:
    """This process, and all that it starts, lives on such a machine from here on."""
    if machine == "ours":
        return
    denials = seccomp.container_denials()
    if machine == "bare":
        denials += (Denial(name="landlock_create_ruleset", errno=errno.ENOSYS),)
    credentials.no_new_privileges()
    seccomp.load(program(denials, platform.machine()))
