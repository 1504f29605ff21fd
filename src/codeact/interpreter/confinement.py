"""Confines the calling process by a policy: the order in which the walls go up."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from codeact.interpreter.sandbox import Report, SandboxPolicy, Tier, Wall
from codeact.interpreter.walls import (
    credentials,
    idmap,
    landlock,
    mounts,
    namespaces,
    paths,
    rlimits,
    seccomp,
)

_NOTHING: frozenset[Wall] = frozenset()


class _Steps:
    def __init__(self) -> None:
        self.taken: list[tuple[str, float]] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.taken.append((name, 1000 * (time.perf_counter() - start)))


def pieces(policy: SandboxPolicy, workspace: str, id_map: int | None) -> list[mounts.Piece]:
    found: list[mounts.Piece] = []
    for path in paths.system(network=policy.network != "none"):
        real = os.path.realpath(path)
        if real != path and real.startswith("/usr/"):
            found.append(mounts.Link(target=path, leads_to=os.readlink(path)))
        else:
            found.append(mounts.Bind(source=real, target=path))
    for path in (*paths.python(), *paths.outermost(str(each) for each in policy.readable)):
        found.append(mounts.Bind(source=os.path.realpath(path), target=path))
    for path in ("/tmp", "/dev/shm"):
        found.append(mounts.InMemory(target=path, size_mb=policy.tmp_mb))
    found.append(
        mounts.Bind(
            source=os.path.realpath(workspace), target=workspace, writable=True, id_map=id_map
        )
    )
    return found


def confine(
    policy: SandboxPolicy, workspace: Path, *, tier: Tier, descriptors: Collection[int] = (0, 1, 2)
) -> Report:
    s = _Steps()
    ws = os.path.abspath(workspace)
    root = os.geteuid() == 0
    uid = os.geteuid()
    idm = None
    if root:
        uid = credentials.session_uid()
        with s.step("idmap"):
            st = os.stat(ws)
            idm = idmap.translation(on_disk=(st.st_uid, st.st_gid), in_session=uid)
    else:
        with s.step("users"):
            namespaces.own_users()
    with s.step("unshare mnt"):
        namespaces.unshare(namespaces.NEWNS)
    with s.step("unshare ipc uts"):
        namespaces.unshare(namespaces.NEWIPC | namespaces.NEWUTS)
    with s.step("unshare cg"):
        namespaces.unshare(namespaces.NEWCGROUP)
    with s.step("unshare net"):
        namespaces.unshare(namespaces.NEWNET)
    with s.step("plan"):
        plan = pieces(policy, ws, idm)
    with s.step("mounts"):
        mounts.enter_new_root(plan)
    os.chdir(ws)
    with s.step("rlimits"):
        rlimits.apply(
            memory_mb=policy.memory_mb,
            cpu_seconds=policy.cpu_seconds,
            processes=policy.processes,
            file_mb=policy.file_mb,
        )
    with s.step("caps"):
        credentials.give_up_bounding_set()
        if root:
            credentials.become(uid)
        credentials.give_up_capabilities()
        credentials.readable_to_itself()
        credentials.die_with_parent()
        credentials.no_new_privileges()
    with s.step("landlock"):
        rules = [
            landlock.Rule(path="/", access="read"),
            landlock.Rule(path=ws, access="write"),
            landlock.Rule(path="/tmp", access="write"),
            landlock.Rule(path="/dev/shm", access="write"),
            landlock.Rule(path="/dev", access="device"),
        ]
        landlock.restrict(rules, version=landlock.abi(), tcp=False)
    with s.step("compile"):
        code = seccomp.compiled(families=(socket.AF_UNIX,), watching=True)
    with s.step("seccomp"):
        seccomp.load(code)
    return Report(tier=tier, layers=(), tmp="/tmp", uid=uid, steps=tuple(s.taken))
