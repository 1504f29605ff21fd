"""`codeact kernel`: what it writes, what it refuses, what it takes away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = "from codeact.cli import main; main()"
WITHOUT = "import sys; sys.modules['jupyter_client'] = None\n"


def codeact(home: Path, *arguments: str, program: str = PROGRAM) -> Any:
    command = [sys.executable, "-c", program, "kernel", *arguments]
    env = {**os.environ, "JUPYTER_DATA_DIR": str(home)}
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False)


def spec(home: Path, name: str = "codeact") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home / "kernels" / name / "kernel.json").read_text())
    return found


def test_a_kernel_is_installed_for_the_user_by_default(tmp_path: Path) -> None:
    done = codeact(tmp_path, "install")
    assert done.stdout == f"Installed the kernel 'codeact' in {tmp_path}/kernels/codeact\n"
    found = spec(tmp_path)
    assert found["argv"][:5] == [
        sys.executable,
        "-m",
        "codeact.jupyter",
        "-f",
        "{connection_file}",
    ]
    provisioner = found["metadata"]["kernel_provisioner"]["provisioner_name"]
    assert (found["language"], provisioner) == ("python", "codeact-provisioner")


def test_a_plain_kernel_needs_no_provisioner(tmp_path: Path) -> None:
    codeact(tmp_path, "install", "--plain")
    assert "kernel_provisioner" not in spec(tmp_path)["metadata"]


def test_the_flags_of_the_walls_are_those_of_the_kernel(tmp_path: Path) -> None:
    flags = ("--sandbox", "required", "--network", "loopback")
    codeact(tmp_path, "install", "--name", "strict", "--display-name", "Strict", *flags)
    found = spec(tmp_path, "strict")
    assert found["argv"][5:] == list(flags)
    assert found["display_name"] == "Strict"


def test_a_prefix_says_where(tmp_path: Path) -> None:
    codeact(tmp_path, "install", "--prefix", str(tmp_path / "env"))
    assert (tmp_path / "env/share/jupyter/kernels/codeact/kernel.json").exists()


def test_two_places_at_once_are_refused(tmp_path: Path) -> None:
    done = codeact(tmp_path, "install", "--user", "--sys-prefix")
    assert done.returncode == 2
    assert "Say one of --user, --sys-prefix and --prefix." in done.stderr


def test_a_name_that_jupyter_refuses_is_refused(tmp_path: Path) -> None:
    done = codeact(tmp_path, "install", "--name", "two words")
    assert done.returncode == 2
    assert "Invalid kernel name 'two words'" in done.stderr


def test_what_was_installed_can_be_removed_once(tmp_path: Path) -> None:
    codeact(tmp_path, "install")
    assert codeact(tmp_path, "remove").returncode == 0
    assert not (tmp_path / "kernels" / "codeact").exists()
    done = codeact(tmp_path, "remove")
    assert done.returncode == 2
    assert "There is no kernel named 'codeact' here." in done.stderr


def test_a_kernel_of_somebody_else_stays(tmp_path: Path) -> None:
    folder = tmp_path / "kernels" / "theirs"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(
        '{"argv": ["theirs"], "display_name": "x", "language": "x"}'
    )
    done = codeact(tmp_path, "remove", "--name", "theirs")
    assert done.returncode == 2
    assert "was not installed by codeact; it stays." in done.stderr
    assert folder.exists()


@pytest.mark.parametrize("command", ["install", "remove"])
def test_a_missing_extra_is_named(tmp_path: Path, command: str) -> None:
    done = codeact(tmp_path, command, program=WITHOUT + PROGRAM)
    assert done.returncode == 2
    assert "pip install 'codeact[jupyter]'" in done.stderr


def test_the_help_lists_the_commands(tmp_path: Path) -> None:
    done = codeact(tmp_path)
    assert "codeact kernel install" in done.stdout
    assert "codeact kernel remove" in done.stdout
