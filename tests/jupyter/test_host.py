"""The warm host: shared by clients, ended by idleness, undisturbed by nonsense."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeact.errors import ConfigError
from codeact.jupyter import doorway
from tests.jupyter.clients import manager, opened, ran

pytestmark = pytest.mark.slow
SECONDS = 10.0
CLIENT = """\
import sys, time
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name={name!r})
print(manager.shell_port, flush=True)
time.sleep(60)
"""
BRIEF = """\
import sys
from pathlib import Path
from codeact.jupyter.host import live
live(Path(sys.argv[1]), idle_seconds=float(sys.argv[2]))
"""


def wait_until_gone(path: Path) -> None:
    until = time.monotonic() + SECONDS
    while path.exists():
        assert time.monotonic() < until, "the host is still there"
        time.sleep(0.02)


def start(path: Path, idle_seconds: float) -> None:
    command = [sys.executable, "-c", BRIEF, str(path), str(idle_seconds)]
    quiet = subprocess.DEVNULL
    subprocess.run(command, stdin=quiet, stdout=quiet, stderr=quiet, check=True, timeout=SECONDS)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """The socket of a host of this test's own."""
    path = doorway.place(tmp_path, sys.executable)
    yield path
    doorway.end(path)


def said(connection: socket.socket, request: bytes) -> bytes:
    connection.settimeout(SECONDS)
    connection.sendall(request)
    return connection.recv(1 << 16)


def test_kernels_share_one_host(tmp_path: Path) -> None:
    with opened("codeact", tmp_path) as one, opened("codeact", tmp_path) as other:
        pids = {manager(each).provisioner.pid for each in (one, other)}
        assert len(pids) == 1
        ran(one, "mine = 1")
        assert ran(other, "mine")[0]["ename"] == "NameError"


def test_a_kernel_ends_with_the_client_that_started_it(kernel_name: str, tmp_path: Path) -> None:
    program = CLIENT.format(name=kernel_name)
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path) as client:
        assert client.stdout is not None
        port = int(client.stdout.readline())
        socket.create_connection(("127.0.0.1", port), 5).close()
        client.send_signal(signal.SIGKILL)
    until = time.monotonic() + SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return
        assert time.monotonic() < until, "the kernel is still there"
        time.sleep(0.05)


def test_a_host_ends_when_nobody_wants_a_kernel(place: Path) -> None:
    start(place, 0.1)
    wait_until_gone(place)


def test_a_client_keeps_its_host_from_ending(place: Path) -> None:
    start(place, 0.3)
    with doorway.enter(place, sys.executable) as connection:
        assert not select.select([connection], [], [], 0.8)[0]
        assert place.exists()
    wait_until_gone(place)


def test_one_socket_has_one_host(place: Path) -> None:
    start(place, 30)
    command = [sys.executable, "-m", "codeact.jupyter", "--host", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=15, check=False)
    assert done.returncode == 1
    assert "did not start, another one runs" in done.stderr


def test_a_host_is_found_in_a_folder_with_a_long_name(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40)
    path = doorway.place(folder, sys.executable)
    doorway.enter(path, sys.executable).close()
    assert doorway.end(path)
    wait_until_gone(path)


def test_only_the_user_can_talk_to_the_host(place: Path) -> None:
    start(place, 30)
    assert place.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("request_line", [b"\xff\xfe\n", b"[1, 2]\n", b'{"op": "start"}\n', b"\n"])
def test_nonsense_does_not_end_the_host(place: Path, request_line: bytes) -> None:
    start(place, 30)
    with doorway.enter(place, sys.executable) as connection:
        assert b"ready" not in said(connection, request_line)
    with doorway.enter(place, sys.executable) as connection:
        assert b"does not understand" in said(connection, b'{"op": "sing"}\n')


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"cwd": "/nowhere/at/all"}, "is not there"),
        ({"settings": {"colour": "red"}}, "colour"),
        ({"info": {"key": "k"}}, "does not say where to listen"),
        ({"info": {"ip": "127.0.0.1", "shell_port": 0, "transport": "pigeon"}}, "cannot listen"),
    ],
)
def test_a_kernel_that_cannot_start_says_why(
    place: Path, tmp_path: Path, change: dict[str, object], why: str
) -> None:
    start(place, 30)
    request = {"op": "start", "info": {}, "cwd": str(tmp_path), "settings": {}, **change}
    with doorway.enter(place, sys.executable) as connection:
        answer = json.loads(said(connection, json.dumps(request).encode() + b"\n"))
    assert answer["op"] == "failed"
    assert why in answer["why"]


def test_a_host_that_cannot_start_leaves_its_log(tmp_path: Path) -> None:
    path = tmp_path / "broken.sock"
    with pytest.raises(ConfigError, match=r"did not start.*broken\.log"):
        doorway.enter(path, "/bin/false")


def test_a_folder_of_another_user_is_not_trusted(tmp_path: Path) -> None:
    if os.getuid():
        with pytest.raises(ConfigError, match="belongs to somebody else"):
            doorway.enter(Path("/usr/codeact.sock"), sys.executable)
    else:
        folder = tmp_path / "theirs"
        folder.mkdir()
        os.chown(folder, 12345, 12345)
        with pytest.raises(ConfigError, match="belongs to somebody else"):
            doorway.enter(folder / "codeact.sock", sys.executable)
