"""Packages that the code asks for in a terminal: by flag, or after a yes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import ENTER, Terminal, act, run, script
from tests.interpreter.packages import served, wheel

CODE = act("%pip install tinyone\nimport tinyone\nprint('value', tinyone.value)")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The host's configuration of pip, which leads to a small index on this machine."""
    wheel(tmp_path / "index", "tinyone", "1.0", "value = 41\n")
    with served(tmp_path / "index") as address:
        yield {"PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": address, "PIP_FIND_LINKS": ""}


def test_by_default_nothing_is_installed(tmp_path: Path) -> None:
    done = run(tmp_path, "-m", script(tmp_path, CODE, "No."), "Go")
    assert "switched off in this session" in done.stdout + done.stderr


def test_the_flag_lets_code_have_its_packages(tmp_path: Path, index: dict[str, str]) -> None:
    model = script(tmp_path, CODE, "Done.")
    done = run(tmp_path, "--installs", "always", "-m", model, "Go", env=index)
    assert "value 41" in done.stdout + done.stderr


@pytest.mark.parametrize(("key", "words"), [("y", "value 41"), ("n", "declined to install")])
def test_the_user_is_asked_before_a_package_is_installed(
    key: str, words: str, tmp_path: Path, index: dict[str, str]
) -> None:
    model = script(tmp_path, CODE, "Done.")
    with Terminal(tmp_path, "--installs", "ask", "-m", model, "Go", env=index) as terminal:
        terminal.wait("%pip install tinyone")
        terminal.wait("[y]es")
        terminal.send(key + ENTER)
        if key == "n":
            terminal.send(ENTER)
        assert terminal.end() == 0
        assert words in terminal.text
