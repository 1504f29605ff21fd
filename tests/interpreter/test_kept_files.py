"""Files that are kept and brought back: whatever the code has done in between."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codeact.interpreter.kept_files import Keeper, NotAllBack, TooMuch, bring_back

NAMES = ("a", "b", " ", "ü✓", "new\nline", "-rf", "*", "\udcff")
PATHS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(lambda parts: "/".join(parts))
DOINGS = st.tuples(
    st.sampled_from(
        ["write", "mkdir", "symlink", "remove", "chmod", "hard link", "rename", "fifo"]
    ),
    PATHS,
    PATHS,
    st.sampled_from(["", "one", "two" * 30]),
)


def do(folder: Path, doing: tuple[str, str, str, str]) -> None:
    """One of the things that code does to files; what cannot be done is left."""
    what, first, second, text = doing
    path, other = folder / first, folder / second
    acts: dict[str, Callable[[], object]] = {
        "write": lambda: path.is_fifo() or path.write_text(text),
        "mkdir": lambda: path.mkdir(parents=True),
        "symlink": lambda: path.symlink_to(second),
        "remove": lambda: shutil.rmtree(path) if path.is_dir() else path.unlink(),
        "chmod": lambda: os.chmod(path, 0o500 + len(text) % 0o100),
        "hard link": lambda: path.hardlink_to(other),
        "rename": lambda: path.rename(other),
        "fifo": lambda: os.mkfifo(path),
    }
    try:
        acts[what]()
    except (OSError, shutil.Error):
        return


def tree(folder: Path) -> dict[str, tuple[object, ...]]:
    """All that can be seen of a folder, specials aside."""
    found: dict[str, tuple[object, ...]] = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        name = str(path.relative_to(folder))
        if stat.S_ISLNK(status.st_mode):
            found[name] = ("link", os.readlink(path))
        elif stat.S_ISDIR(status.st_mode):
            found[name] = ("folder", status.st_mode)
        elif stat.S_ISREG(status.st_mode):
            found[name] = ("file", status.st_mode, status.st_mtime_ns, path.read_bytes())
    return found


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    before=st.lists(DOINGS, max_size=12), after=st.lists(DOINGS, max_size=12), twice=st.booleans()
)
def test_whatever_happens_in_between_the_files_come_back(
    before: list[tuple[str, str, str, str]],
    after: list[tuple[str, str, str, str]],
    twice: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("work")
    keeper = Keeper()
    for doing in before:
        do(folder, doing)
    kept = keeper.keep(folder)
    wanted = tree(folder)
    for doing in after:
        do(folder, doing)
    bring_back(kept, folder)
    assert tree(folder) == wanted
    if twice:
        again = keeper.keep(folder, kept)
        for doing in reversed(after):
            do(folder, doing)
        bring_back(again, folder)
        assert tree(folder) == wanted
    copy = tmp_path_factory.mktemp("copy")
    bring_back(keeper.keep(folder), copy)
    assert tree(copy) == wanted
    keeper.close()
    shutil.rmtree(folder)
    shutil.rmtree(copy)


def test_a_pipe_and_what_nobody_can_read_are_left_where_they_are(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    keeper = Keeper()
    kept = keeper.keep(tmp_path)
    (tmp_path / "new").touch()
    bring_back(kept, tmp_path)
    assert os.listdir(tmp_path) == ["pipe"]


def test_an_unchanged_file_is_stored_once(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    keeper = Keeper()
    first = keeper.keep(tmp_path)
    assert keeper.keep(tmp_path, first)["f"].copy == first["f"].copy
    keeper.close()


def test_a_workspace_that_holds_too_much_is_refused(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / str(number)).write_bytes(b"x" * 1000)
    with pytest.raises(TooMuch, match="more than 2 files"):
        Keeper(max_files=2).keep(tmp_path)
    with pytest.raises(TooMuch):
        Keeper(max_bytes=2500).keep(tmp_path)


def test_links_out_of_the_workspace_are_not_followed(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "work"
    outside.mkdir()
    folder.mkdir()
    (outside / "precious").write_text("p")
    (folder / "d").mkdir()
    (folder / "d" / "precious").write_text("inside")
    keeper = Keeper()
    kept = keeper.keep(folder)
    shutil.rmtree(folder / "d")
    (folder / "d").symlink_to(outside)
    bring_back(kept, folder)
    assert (outside / "precious").read_text() == "p"
    assert (folder / "d" / "precious").read_text() == "inside"
    keeper.close()


def test_what_cannot_be_brought_back_is_named_and_the_rest_comes_back(tmp_path: Path) -> None:
    folder, store = tmp_path / "work", tmp_path / "store"
    for name in ("a/lost", "b/fine"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(name)
    keeper = Keeper()
    kept = keeper.keep(folder)
    copy = kept["a/lost"].copy
    assert copy is not None
    copy.rename(store)
    shutil.rmtree(folder / "a")
    shutil.rmtree(folder / "b")
    with pytest.raises(NotAllBack, match=r"brought back: a/lost \(No such file or directory\)$"):
        bring_back(kept, folder)
    assert (folder / "b" / "fine").read_text() == "b/fine"
    keeper.close()


def test_of_many_files_that_could_not_be_brought_back_a_few_are_named(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / str(number)).write_text("x")
    keeper = Keeper()
    kept = keeper.keep(tmp_path)
    keeper.close()
    for number in range(8):
        (tmp_path / str(number)).unlink()
    with pytest.raises(NotAllBack, match=r"^these .*: 0 \(No .*, 4 \(No [^)]*\), 3 more$"):
        bring_back(kept, tmp_path)


def test_a_file_that_may_not_be_opened_now_is_left_as_it_is(tmp_path: Path) -> None:
    held = tmp_path / "held"
    held.write_text("mine")
    keeper = Keeper()
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    with held.open("r+") as file:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        kept = keeper.keep(tmp_path)
    signal.signal(signal.SIGIO, before)
    assert kept["held"].copy is None
    held.write_text("written since")
    bring_back(kept, tmp_path)
    assert held.read_text() == "written since"
    keeper.close()
