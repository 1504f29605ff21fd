"""Confines the calling process by a policy: which walls go up, in which order.

A fork server calls `enter_server` once, then forks each kernel inside `next_kernel` and calls
`confine` in the child. A process started for one kernel calls `confine_spawned`. Both need a single
thread, and both return with nothing left to do: from there on, run the user's code.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from codeact.interpreter import view
from codeact.interpreter.sandbox import ALL_WALLS, FULL, Report, SandboxPolicy, Tier, Wall, layers
from codeact.interpreter.walls import (
    credentials,
    idmap,
    landlock,
    mounts,
    namespaces,
    paths,
    processes,
    rlimits,
    seccomp,
)

_FILE_MODES = 0o022
_INIT_PIDS = (1, 2)
_NEED_NO_NEW_PRIVILEGES: frozenset[Wall] = frozenset({"capabilities", "landlock", "seccomp"})


def enter_server(tier: Tier) -> None:
    """Makes the caller a fork server whose death ends all its kernels; call it before it is big.

    In the full tiers it returns in a new process, the first of a pid namespace; the process that
    called stays behind without descriptors and ends as the server ends. Kill it and all is gone.
    """
    if tier in FULL:
        processes.into_own_pids()


def next_kernel(tier: Tier) -> AbstractContextManager[None]:
    """`with next_kernel(tier): pid = os.fork()`: the child is process 1 of a pid namespace."""
    return namespaces.children_in_own_pids() if tier in FULL else nullcontext()


def warm_up(policy: SandboxPolicy, tier: Tier) -> None:
    """Computes in the fork server, once, what every child would compute again."""
    view.prepare(policy, tier)


def confine_spawned(
    policy: SandboxPolicy,
    workspace: Path,
    *,
    tier: Tier,
    descriptors: Collection[int] = (0, 1, 2),
    scratch: Path | None = None,
    walls: frozenset[Wall] = ALL_WALLS,
) -> Report:
    """`confine` for a process started for this one kernel; returns in the kernel's process.

    In the full tiers that is a grandchild: the caller waits and ends as it ends, and between them
    stands process 1 of a pid namespace, which reaps orphans. SIGINT, SIGTERM, SIGHUP and SIGQUIT
    sent to the caller reach the kernel's process group; SIGKILL ends all of them.
    """
    if tier in FULL:
        if "pids" in walls:
            processes.into_own_pids()
            processes.under_a_reaper()
        elif not credentials.can_switch_uid():
            namespaces.own_users()
    return confine(
        policy, workspace, tier=tier, descriptors=descriptors, scratch=scratch, walls=walls
    )


def confine(
    policy: SandboxPolicy,
    workspace: Path,
    *,
    tier: Tier,
    descriptors: Collection[int] = (0, 1, 2),
    scratch: Path | None = None,
    walls: frozenset[Wall] = ALL_WALLS,
) -> Report:
    """Puts up the walls of this tier around the calling process and all that it will start.

    Call it in a child forked inside `next_kernel`, before any code of the user. All descriptors but
    `descriptors` are closed; the working folder is `workspace` afterwards. `scratch` is an empty
    folder that serves as temporary folder where there is no mount namespace. `walls` leaves some
    out, to show what each is good for. Raises OSError when a wall cannot be built: the process is
    half confined then and must end.
    """
    timed = _Stopwatch()
    place, pid = os.path.abspath(workspace), _pid_outside()
    processes.leave_session()
    processes.close_all_but(descriptors)
    os.umask(_FILE_MODES)
    full = tier in FULL
    uid = None if tier == "none" or "users" not in walls else _own_uid(place, scratch, full=full)
    tmp = os.path.abspath(scratch or place)
    if full:
        uid = _leave_the_host(policy, place, uid, walls, timed)
        tmp = view.TEMPORARY if "mounts" in walls else tmp
    os.chdir(place)
    abi = 0
    if tier != "none":
        with timed("limits"):
            if "rlimits" in walls:
                _limit(policy, uid, full=full)
        with timed("credentials"):
            _give_up_rights(uid, walls, nested=full)
        with timed("landlock"):
            abi = _landlock(policy, place, tmp, tier, walls)
        with timed("seccomp"):
            if "seccomp" in walls:
                seccomp.load(view.system_calls(policy, tier))
    return Report(
        tier=tier,
        layers=layers(policy, tier, own_uid=uid is not None or full, abi=abi, walls=walls),
        tmp=tmp,
        uid=os.geteuid(),
        pid=pid,
        steps=tuple(timed.steps),
    )


class _Stopwatch:
    def __init__(self) -> None:
        self.steps: list[tuple[str, float]] = []

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.steps.append((step, round(1000 * (time.perf_counter() - start), 3)))


def _pid_outside() -> int:
    try:
        return int(os.readlink("/proc/self"))
    except OSError:
        return os.getpid()


def _own_uid(workspace: str, scratch: Path | None, *, full: bool) -> int | None:
    """The uid to become; None where we cannot, or where it could not work with its files.

    An empty workspace simply gets the new owner. One with files keeps its own: the full tiers
    translate it, the others keep the uid they have.
    """
    if not credentials.can_switch_uid() or (not full and paths.out_of_reach()):
        return None
    uid = credentials.session_uid()
    if not os.listdir(workspace):
        os.chown(workspace, uid, uid)
        for folder, folders, files in os.walk(workspace):  # laid there by the host meanwhile
            for name in (*folders, *files):
                os.chown(os.path.join(folder, name), uid, uid, follow_symlinks=False)
    elif not full:
        return None
    if scratch is not None:
        os.chown(scratch, uid, uid)
    return uid


def _leave_the_host(
    policy: SandboxPolicy, place: str, uid: int | None, walls: frozenset[Wall], timed: _Stopwatch
) -> int | None:
    """The uid to become: another than the given one where the workspace cannot be translated."""
    if "pids" in walls and os.getpid() not in _INIT_PIDS:
        raise OSError("confine: not in a pid namespace of its own; fork inside next_kernel()")
    with timed("network"):
        if policy.network != "full" and "network" in walls:
            namespaces.unshare(namespaces.NEWNET)
            if policy.network == "loopback":
                namespaces.loopback_up()
    with timed("ipc"):
        if "ipc" in walls:
            namespaces.unshare(namespaces.NEWIPC | namespaces.NEWUTS | namespaces.NEWCGROUP)
    if "mounts" not in walls:
        return uid
    with timed("mount namespace"):
        namespaces.unshare(namespaces.NEWNS)
    with timed("owners"):
        owners = _translation(place, uid)
        if owners is not None and not mounts.can_translate(place, owners):
            os.close(owners)
            owners, uid = None, os.stat(place).st_uid or None
        closed = paths.closed_to_others()
        python_owners = _translation(closed[0], uid) if closed else None
    with timed("mounts"):
        seen_as = os.geteuid() if uid is None else uid
        pieces = view.root(policy, place, uid=seen_as, owners=owners, python_owners=python_owners)
        mounts.enter_new_root(pieces, own_pids="pids" in walls, write_to_proc=uid is None)
    for descriptor in (owners, python_owners):
        if descriptor is not None:
            os.close(descriptor)
    return uid


def _translation(path: str, uid: int | None) -> int | None:
    found = os.stat(path)
    if uid is None or found.st_uid == uid:
        return None
    return idmap.translation(on_disk=(found.st_uid, found.st_gid), in_session=uid)


def _limit(policy: SandboxPolicy, uid: int | None, *, full: bool) -> None:
    """Processes are counted per uid and user namespace: ours alone, but in the Landlock tier."""
    shared = 0 if full or uid is not None else rlimits.tasks_of(os.geteuid())
    rlimits.apply(
        memory_mb=policy.memory_mb,
        cpu_seconds=policy.cpu_seconds,
        processes=shared + policy.processes,
        file_mb=policy.file_mb,
    )


def _give_up_rights(uid: int | None, walls: frozenset[Wall], *, nested: bool) -> None:
    if uid is None and nested and "users" in walls:
        namespaces.own_users()
    if "capabilities" in walls:
        credentials.give_up_bounding_set()
    if uid is not None:
        credentials.become(uid)
    if "capabilities" in walls:
        credentials.give_up_capabilities()
    credentials.readable_to_itself()
    credentials.die_with_parent()
    if walls & _NEED_NO_NEW_PRIVILEGES:
        credentials.no_new_privileges()


def _landlock(
    policy: SandboxPolicy, place: str, tmp: str, tier: Tier, walls: frozenset[Wall]
) -> int:
    """The version in force, 0 for none: the full tiers do without where the kernel has none."""
    if "landlock" not in walls:
        return 0
    try:
        version = landlock.abi()
    except OSError:
        if tier == "landlock":
            raise
        return 0
    rules = view.files(policy, place, tmp, own_root=tier in FULL and "mounts" in walls)
    landlock.restrict(rules, version=version, tcp=view.has_network(policy, tier))
    return version
