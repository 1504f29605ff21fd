"""A workspace that keeps its owner on disk while a session with a uid of its own writes to it."""

from __future__ import annotations

import os

from codeact.interpreter.walls import namespaces


def translation(*, on_disk: tuple[int, int], in_session: int) -> int:
    """Descriptor of a user namespace that maps one owner to the other; for `mounts.Bind.id_map`.

    `on_disk` are uid and gid. Needs root and costs a fork. The caller closes the descriptor.
    """
    reading, writing = os.pipe()
    waiting, telling = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            namespaces.unshare(namespaces.NEWUSER)
            os.write(writing, os.readlink(b"/proc/self"))  # its pid there, whatever namespace
            os.close(telling)
            os.read(waiting, 1)
        finally:
            os._exit(0)
    try:
        os.close(writing)
        os.close(waiting)
        process = os.read(reading, 16).decode()
        if not process:
            raise OSError("a user namespace for the workspace's owner was refused")
        for name, owner in zip(("uid_map", "gid_map"), on_disk, strict=True):
            with open(f"/proc/{process}/{name}", "w", encoding="ascii") as file:
                file.write(f"{owner} {in_session} 1")
        return os.open(f"/proc/{process}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(reading)
        os.close(telling)
        os.waitpid(child, 0)
