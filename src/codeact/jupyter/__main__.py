"""The kernel program that a kernelspec names: `python -m codeact.jupyter -f CONNECTION_FILE`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from codeact.errors import CodeActError
from codeact.jupyter.session import begin
from codeact.jupyter.settings import Settings, read

_LOOK = 1.0
"""Seconds between two looks whether the client's process is still there."""


def main() -> None:
    settings, asked = read(sys.argv[1:])
    try:
        if asked.host is not None:
            from codeact.jupyter.host import live

            live(asked.host)
        else:
            asyncio.run(_live(json.loads(asked.file.read_text()), settings))
    except CodeActError as error:
        sys.exit(str(error))


async def _live(info: dict[str, Any], settings: Settings) -> None:
    """Be one kernel, until it is shut down or its client is gone."""
    interpreter, notices = begin(settings, Path.cwd())  # it starts while we load the rest
    import zmq.asyncio

    from codeact.jupyter.channels import Channels
    from codeact.jupyter.face import Face

    context = zmq.asyncio.Context()
    face = Face(Channels(context, info), interpreter, notices)
    loop = asyncio.get_running_loop()
    interrupts: list[asyncio.Task[None]] = []
    loop.add_signal_handler(
        signal.SIGINT, lambda: interrupts.append(loop.create_task(face.interrupt()))
    )
    loop.add_signal_handler(signal.SIGTERM, face.end)
    await face.open()
    watch = asyncio.create_task(_watch(face.end))
    try:
        await face.serve()
    finally:
        watch.cancel()
        context.term()


async def _watch(end: Callable[[], None]) -> None:
    """End with the process that started this one, where it said which."""
    parent = int(os.environ.get("JPY_PARENT_PID") or 0)
    while parent:
        await asyncio.sleep(_LOOK)
        if os.getppid() != parent:
            end()


if __name__ == "__main__":
    main()
