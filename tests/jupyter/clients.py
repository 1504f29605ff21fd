"""What the tests do with a kernel, through Jupyter's own blocking client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

SECONDS = 15.0
Message = dict[str, Any]


@contextmanager
def opened(name: str, folder: Path, **settings: Any) -> Iterator[BlockingKernelClient]:
    """A client of a fresh kernel that works in a folder"""
    kernel = KernelManager(kernel_name=name, **settings)
    kernel.start_kernel(cwd=str(folder))
    client = kernel.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        yield client
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)


def manager(client: BlockingKernelClient) -> Any:
    """The manager of a client's kernel."""
    return client.parent


def ran(
    client: BlockingKernelClient,
    code: str,
    hear: Callable[[Message], None] | None = None,
    **options: Any,
) -> tuple[Message, list[tuple[str, Message]]]:
    """The reply's content; what was published, as (type, content), without the statuses."""
    heard: list[tuple[str, Message]] = []

    def note(message: Message) -> None:
        if message["msg_type"] not in ("status", "execute_input"):
            heard.append((message["msg_type"], message["content"]))
        if hear is not None:
            hear(message)

    options = {"timeout": SECONDS, **options}
    reply = client.execute_interactive(code, output_hook=note, **options)
    return reply["content"], heard


def printed(heard: list[tuple[str, Message]], stream: str = "stdout") -> str:
    """All that went to one stream."""
    return "".join(
        content["text"] for kind, content in heard if kind == "stream" and content["name"] == stream
    )


def reply_to(client: BlockingKernelClient, asked: str, seconds: float = SECONDS) -> Message:
    """The content of the reply to one request; older replies are passed over."""
    while True:
        reply = client.get_shell_msg(timeout=seconds)
        if reply["parent_header"]["msg_id"] == asked:
            content: Message = reply["content"]
            return content
