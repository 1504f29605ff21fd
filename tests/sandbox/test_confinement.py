"""A confined kernel works, dies with its host, and is what its report says."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import threading
from pathlib import Path

import pytest

from codeact.interpreter.offer import probe, tier
from tests.sandbox.attacks import BOTH, Who
from tests.sandbox.battlefield import battlefield, people
from tests.sandbox.programs import alive, all_gone, finish, pids_of, start

TIERS = ("full", "landlock")
pytestmark = pytest.mark.skipif(
    not tier(probe()).startswith("full"), reason="this machine has no full tier"
)


@pytest.fixture
def mark() -> str:
    return f"mark-{secrets.token_hex(8)}"


@pytest.mark.parametrize("wanted", TIERS)
def test_code_reads_and_writes_its_workspace(tmp_path: Path, wanted: str) -> None:
    tmp_path.joinpath("in.txt").write_text("from the host")
    program = """
confine_spawned(SandboxPolicy(), workspace, tier=tier)
Path("out.txt").write_text(Path("in.txt").read_text() + ", seen")
"""
    finish(program, tmp_path, wanted)
    made = tmp_path / "out.txt"
    assert made.read_text() == "from the host, seen"
    assert made.stat().st_uid == tmp_path.joinpath("in.txt").stat().st_uid


def test_a_fresh_workspace_belongs_to_the_session(tmp_path: Path) -> None:
    program = """
report = confine_spawned(SandboxPolicy(), workspace, tier=tier)
Path("made").touch()
print(report.uid)
"""
    uid = int(finish(program, tmp_path, "full"))
    assert tmp_path.joinpath("made").stat().st_uid == uid


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount such a filesystem")
@pytest.mark.parametrize("owner", [0, 47_113])
def test_a_filesystem_that_cannot_translate_owners_is_worked_on_as_its_owner(
    tmp_path: Path, owner: int
) -> None:
    program = """
import subprocess
from codeact.interpreter.walls import namespaces
namespaces.unshare(namespaces.NEWNS)
subprocess.run(["mount", "--make-rprivate", "/"], check=True)
subprocess.run(["mount", "-t", "ramfs", "none", str(workspace)], check=True)
Path(workspace, "in").touch()
os.chown(workspace, int(sys.argv[3]), int(sys.argv[3]))
report = confine_spawned(SandboxPolicy(), workspace, tier=tier)
Path("out").touch()
status = Path("/proc/self/status").read_text()
print(os.stat("out").st_uid, report.uid, "CapEff:\t0000000000000000" in status)
"""
    assert finish(program, tmp_path, "full", str(owner)) == f"{owner} {owner} True\n"


def test_ordinary_python_works_inside(tmp_path: Path) -> None:
    program = """
confine_spawned(SandboxPolicy(), workspace, tier=tier)
import multiprocessing, pty, pwd, sqlite3, ssl, subprocess, tempfile, threading, time, uuid
assert subprocess.run(["sh", "-c", "echo $((6 * 7))"], capture_output=True).stdout == b"42\\n"
context = multiprocessing.get_context("fork")
with context.Pool(2) as pool:
    assert pool.map(abs, [-1, 2]) == [1, 2]
with context.Manager() as manager:
    assert list(manager.list([1])) == [1]
from multiprocessing import shared_memory
shared = shared_memory.SharedMemory(create=True, size=10)
shared.close(); shared.unlink()
with tempfile.NamedTemporaryFile() as file:
    assert file.name.startswith("/tmp/")
sqlite3.connect("data.db").execute("create table t (x)")
ssl.create_default_context(); uuid.uuid4(); time.localtime(); os.cpu_count()
user = pwd.getpwuid(os.getuid())
assert (user.pw_name, user.pw_dir) == ("user", str(workspace))
child, terminal = pty.fork()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
threading.Thread(target=time.sleep, args=(0,)).start()
import asyncio
asyncio.run(asyncio.sleep(0))
print("fine")
"""
    assert finish(program, tmp_path, "full") == "fine\n"


def test_nothing_of_the_host_is_there(tmp_path: Path) -> None:
    program = """
confine_spawned(SandboxPolicy(), workspace, tier=tier)
from glob import glob
print(json.dumps([sorted(os.listdir("/")), sorted(glob("/home/*") + glob("/etc/*")), os.listdir(),
                  [pid for pid in os.listdir("/proc") if pid.isdecimal()]]))
"""
    top, names, here, pids = json.loads(finish(program, tmp_path, "full"))
    assert not {"var", "srv", "boot", "run", "sys", "home"} & set(top)
    assert not {"/etc/shadow", "/etc/hostname", "/etc/hosts"} & set(names)
    assert (here, pids) == ([], ["1", "2"])


@pytest.mark.parametrize("wanted", TIERS)
def test_inherited_descriptors_are_closed_but_those_to_keep(tmp_path: Path, wanted: str) -> None:
    program = """
for number in (50, 51):
    os.dup2(os.open("/", os.O_RDONLY), number)
confine_spawned(SandboxPolicy(), workspace, tier=tier, descriptors=(0, 1, 2, 51))
for number in range(3, 100):
    try:
        os.fstat(number); print(number)
    except OSError:
        pass
"""
    assert finish(program, tmp_path, wanted) == "51\n"


def test_an_interrupt_of_the_outer_process_reaches_the_kernel(tmp_path: Path) -> None:
    program = """
confine_spawned(SandboxPolicy(), workspace, tier=tier)
import time
try:
    print("ready", flush=True); time.sleep(10)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    with alive(program, tmp_path, "full") as running:
        assert running.stdout
        running.stdout.readline()
        running.send_signal(signal.SIGINT)
        assert running.stdout.readline() == "interrupted\n"


@pytest.mark.parametrize(
    ("ending", "code"),
    [("sys.exit(7)", 7), ("os.kill(os.getpid(), 9)", -9), ("os.abort()", 128 + signal.SIGABRT)],
)
def test_the_outer_process_ends_as_the_kernel_ends(tmp_path: Path, ending: str, code: int) -> None:
    program = f"confine_spawned(SandboxPolicy(), workspace, tier=tier)\n{ending}"
    running = start(program, tmp_path, "full")
    running.communicate(timeout=15)
    assert running.returncode == code


_DAEMON = """
confine_spawned(SandboxPolicy(), workspace, tier=tier)
import signal, subprocess
signal.signal(signal.SIGHUP, signal.SIG_IGN)
for mark in sys.argv[3:]:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", mark],
                     start_new_session=True, stdin=-3, stdout=-3, stderr=-3)
print("ready", flush=True)
sys.stdin.read()
"""


def test_what_a_kernel_left_in_the_background_dies_with_it(tmp_path: Path, mark: str) -> None:
    with alive(_DAEMON, tmp_path, "full", mark) as running:
        assert running.stdout
        running.stdout.readline()
        assert len(pids_of(mark)) > 1
    assert all_gone(mark)


def test_without_a_pid_namespace_it_stays(tmp_path: Path, mark: str) -> None:
    with alive(_DAEMON, tmp_path, "landlock", mark) as running:
        assert running.stdout
        running.stdout.readline()
    left = pids_of(mark)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left


_SERVER = """
enter_server(tier)
children = []
for number in range(3):
    place = workspace / str(number)
    place.mkdir()
    with next_kernel(tier):
        child = os.fork()
    if child == 0:
        report = confine(SandboxPolicy(), place, tier=tier)
        own = [pid for pid in os.listdir("/proc") if pid.isdecimal()] if "full" in tier else []
        said = [report.uid, report.pid, os.getpid(), own, os.listdir("..")]
        os.write(1, f"{json.dumps(said)}\\n".encode())
        import time; time.sleep(60)
    children.append(child)
import time; time.sleep(60)
"""


@pytest.mark.parametrize("who", BOTH)
def test_a_fork_server_gives_each_kernel_walls_of_its_own(mark: str, who: Who) -> None:
    if who not in people():
        pytest.skip(f"cannot start a program as {who} here")
    with (
        battlefield(who) as field,
        alive(_SERVER, field.own("workspace"), "full", mark, who=who) as running,
    ):
        assert running.stdout
        said = [json.loads(running.stdout.readline()) for _ in range(3)]
    assert [each[2:4] for each in said] == [[1, ["1"]]] * 3
    assert sorted(each[4] for each in said) == [["0"], ["1"], ["2"]]
    assert len({each[1] for each in said}) == 3
    assert len({each[0] for each in said}) == (3 if who == "root" else 1)
    assert all_gone(mark)


def test_a_child_without_its_pid_namespace_is_not_confined_by_half(tmp_path: Path) -> None:
    program = """
try:
    confine(SandboxPolicy(), workspace, tier=tier)
except OSError as error:
    print(error)
"""
    assert "fork inside next_kernel()" in finish(program, tmp_path, "full")


def test_loopback_is_the_sessions_own(tmp_path: Path) -> None:
    program = """
confine_spawned(SandboxPolicy(network="loopback"), workspace, tier=tier)
import socket, threading
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname()).close()
print("own")
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[3])), timeout=1)
except OSError as error:
    print(type(error).__name__)
"""
    with socket.create_server(("127.0.0.1", 0)) as outside:
        said = finish(program, tmp_path, "full", str(outside.getsockname()[1]))
    assert said == "own\nConnectionRefusedError\n"


def test_a_loopback_without_namespaces_is_no_network_at_all(tmp_path: Path) -> None:
    program = """
report = confine_spawned(SandboxPolicy(network="loopback"), workspace, tier=tier)
import socket
print(next(each.note for each in report.layers if each.wall == "network"))
try:
    socket.socket()
except OSError as error:
    print(type(error).__name__)
"""
    note, error = finish(program, tmp_path, "landlock").splitlines()
    assert note.startswith("A loopback of its own needs a network namespace")
    assert error == "PermissionError"


@pytest.mark.parametrize("wanted", TIERS)
def test_the_full_network_is_the_hosts(tmp_path: Path, wanted: str) -> None:
    program = """
confine_spawned(SandboxPolicy(network="full"), workspace, tier=tier)
import socket
print(socket.create_connection(("127.0.0.1", int(sys.argv[3])), timeout=5).recv(5))
"""

    def greet(server: socket.socket) -> None:
        with server.accept()[0] as caller:
            caller.sendall(b"hello")

    with socket.create_server(("127.0.0.1", 0)) as outside:
        greeter = threading.Thread(target=greet, args=(outside,))
        greeter.start()
        said = finish(program, tmp_path, wanted, str(outside.getsockname()[1]))
        greeter.join()
    assert said == "b'hello'\n"


def test_more_readable_paths_can_be_named(tmp_path: Path) -> None:
    data, place = tmp_path / "data", tmp_path / "place"
    data.mkdir()
    place.mkdir()
    data.chmod(0o755)
    data.joinpath("table").write_text("rows")
    program = """
confine_spawned(SandboxPolicy(readable=(Path(sys.argv[3]),)), workspace, tier=tier)
print(Path(sys.argv[3], "table").read_text())
try:
    Path(sys.argv[3], "table").write_text("x")
except OSError as error:
    print(error.strerror)
"""
    assert finish(program, place, "full", str(data)) == "rows\nRead-only file system\n"


def test_processor_time_is_limited(tmp_path: Path) -> None:
    program = """
confine_spawned(SandboxPolicy(cpu_seconds=1), workspace, tier=tier)
while True: pass
"""
    running = start(program, tmp_path, "full")
    running.communicate(timeout=15)
    assert running.returncode in (128 + signal.SIGXCPU, -signal.SIGKILL)


@pytest.mark.parametrize("wanted", [*TIERS, "none"])
def test_the_report_names_every_wall_that_is_missing(tmp_path: Path, wanted: str) -> None:
    program = """
report = confine_spawned(SandboxPolicy(), workspace, tier=tier)
print(json.dumps([[each.wall, each.stands, each.note] for each in report.layers]))
"""
    layers = json.loads(finish(program, tmp_path, wanted))
    missing = {wall for wall, stands, _ in layers if not stands}
    without_namespaces = {"mounts", "pids", "network", "ipc", "cgroup"}
    if wanted == "full":
        assert missing == {"cgroup"}
    elif wanted == "landlock":
        assert missing - {"users"} == without_namespaces
    else:
        assert missing == {wall for wall, _, _ in layers}
    assert all(note for _, stands, note in layers if not stands)
