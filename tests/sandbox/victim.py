"""A process of the host with something to lose: an environment, memory, sockets, shared memory."""

from __future__ import annotations

import ctypes
import json
import os
import select
import socket
import sys

_SECRET = b"SECRET"


def main() -> None:
    folder, key = sys.argv[1], int(sys.argv[2])
    memory = ctypes.create_string_buffer(_SECRET)
    libc = ctypes.CDLL(None, use_errno=True)
    segment = libc.shmget(key, 4096, 0o1666)
    tcp = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    abstract, named = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    abstract.bind(f"\0codeact-victim-{os.getpid()}")
    named.bind(f"{folder}/socket")
    os.chmod(f"{folder}/socket", 0o777)
    abstract.listen()
    named.listen()
    facts = {
        "pid": os.getpid(),
        "address": ctypes.addressof(memory),
        "key": key,
        "tcp": tcp.getsockname()[1],
        "udp": udp.getsockname()[1],
        "abstract": f"codeact-victim-{os.getpid()}",
        "unix": f"{folder}/socket",
    }
    print(json.dumps(facts), flush=True)
    while True:
        for ready in select.select([tcp, udp, abstract, named, sys.stdin], [], [])[0]:
            if not isinstance(ready, socket.socket):
                libc.shmctl(segment, 0, None)
                return
            if ready is udp:
                udp.sendto(_SECRET, udp.recvfrom(10)[1])
            else:
                with ready.accept()[0] as caller:
                    caller.sendall(_SECRET)


if __name__ == "__main__":
    main()
