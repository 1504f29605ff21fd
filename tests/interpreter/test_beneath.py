"""The host reads and writes a workspace without following what the session's code made a link."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from codeact.cli import pictures
from codeact.door import Folder
from codeact.interpreter.beneath import create, make_folder, opened
from codeact.interpreter.forked import ForkedInterpreter
from codeact.interpreter.kept_files import Keeper, bring_back
from codeact.interpreter.sandbox import SandboxPolicy
from codeact.interpreter.snapshots import CannotCopy
from codeact.messages import Media


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "precious").write_text("precious")
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def test_a_folder_is_not_opened_through_a_link(workspace: Path, outside: Path) -> None:
    (workspace / "link").symlink_to(outside)
    with pytest.raises(OSError, match="link"):
        opened(workspace / "link")
    with pytest.raises(OSError, match="link"):
        make_folder(workspace, ["link"], "new-")
    assert [each.name for each in outside.iterdir()] == ["precious"]


def test_a_file_is_not_created_through_a_link_to_nowhere(workspace: Path, outside: Path) -> None:
    (workspace / "file").symlink_to(outside / "new")
    assert not create(workspace, "file", b"x")
    assert not (outside / "new").exists()


def test_a_plot_is_not_saved_through_a_link(workspace: Path, outside: Path) -> None:
    (workspace / "plot-1.png").symlink_to(outside / "new")
    plot = Media(media_type="image/png", data=base64.b64encode(b"png").decode())
    assert pictures.save([plot], workspace) == (workspace / "plot-2.png",)
    assert not (outside / "new").exists()


def test_a_link_is_not_among_the_files_of_a_result(workspace: Path, outside: Path) -> None:
    with Folder(workspace) as folder:
        (workspace / "made").write_text("x")
        (workspace / "link").symlink_to(outside / "precious")
        assert folder.changed() == (workspace / "made",)


def test_a_file_is_not_brought_in_through_a_link(
    workspace: Path, outside: Path, tmp_path: Path
) -> None:
    (workspace / "data").symlink_to(outside / "precious")
    (tmp_path / "data").write_text("data")
    with Folder(workspace) as folder:
        folder.bring([tmp_path / "data"])
    assert (outside / "precious").read_text() == "precious"
    assert (workspace / "data").read_text() == "data"


def test_files_are_not_kept_or_brought_back_where_the_workspace_became_a_link(
    workspace: Path, outside: Path
) -> None:
    keeper = Keeper()
    (workspace / "file").write_text("x")
    kept = keeper.keep(workspace)
    (workspace / "file").unlink()
    workspace.rmdir()
    workspace.symlink_to(outside)
    with pytest.raises(OSError, match="workspace"):
        keeper.keep(workspace)
    with pytest.raises(OSError, match="workspace"):
        bring_back(kept, workspace)
    keeper.close()
    assert (outside / "precious").read_text() == "precious"


@pytest.mark.anyio
async def test_a_fork_is_not_put_where_the_code_made_our_folder_lead(outside: Path) -> None:
    policy = SandboxPolicy(mode="required")
    async with ForkedInterpreter(sandbox=policy) as interpreter:
        cell = "import os, shutil; shutil.rmtree('.codeact', ignore_errors=True)\n"
        await interpreter.execute(cell + f"os.symlink({str(outside)!r}, '.codeact')")
        with pytest.raises(CannotCopy):
            await interpreter.fork()
    assert os.listdir(outside) == ["precious"]
