"""The laws of the house, each proved on a small house that breaks it."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import codeact
from tests import readme_tree

ROOT = Path(__file__).resolve().parents[1]
CODE = ("src", "tests", "benchmarks", "examples", ".ci")
FILE_LINES, FUNCTION_LINES, AGENT_LINES = 400, 60, 20
FORBIDDEN_NAMES = frozenset(
    {"utils", "helpers", "common", "base", "core", "manager", "handler", "misc", "types"}
)
NOT_OURS = frozenset({"build", "dist", "htmlcov", "__pycache__", "codeact-workspace"})
HIDDEN_BUT_OURS = frozenset({".ci", ".pre-commit-config.yaml", ".gitignore"})

# Which rooms of `codeact` may know a library; every other room may not, not even inside a function.
ROOMS_OF = {
    "rich": {"cli"},
    "typer": {"cli"},
    "click": {"cli"},
    "prompt_toolkit": {"cli"},
    "openai": {"models"},
    "IPython": {"interpreter"},
    "torch": {"train"},
    "transformers": {"train"},
    "starlette": {"server"},
    "fastapi": {"server"},
    "uvicorn": {"server"},
    "sqlalchemy": {"sessions"},
    "zmq": {"jupyter"},
    "jupyter_client": {"jupyter"},
    "jupyter_core": {"jupyter"},
}
# What runs in the child process stands on its own; arrays and frames cross where they are known.
CHILD_MAY_IMPORT = {
    "wire": ("wire", "numpy", "pandas"),
    "kernel": ("wire", "kernel", "IPython", "traitlets", "cloudpickle"),
}
HOME_PATH = re.compile(r"(?<![\w.$}~])/(?:root|home/\w+|Users/\w+)/")
OWN_ISSUE = re.compile(r"\b[Ii]ssue #?\d")
PACKAGE_INDEX = re.compile(r"index[-_]url\b")
PATCHING = frozenset({"monkeypatch.setattr", "monkeypatch.setitem", "monkeypatch.delattr"})
PATCHERS = ("unittest.mock.", "mock.", "pytest_mock.")

Law = Callable[[Path], list[str]]


def python_files(root: Path, *folders: str) -> Iterator[Path]:
    for folder in folders or CODE:
        yield from sorted(path for path in (root / folder).rglob("*.py") if _ours(root, path))


def text_files(root: Path, folder: Path | None = None) -> Iterator[Path]:
    for path in sorted((folder or root).iterdir()):
        if not _ours(root, path):
            continue
        if path.is_dir():
            yield from text_files(root, path)
        elif b"\0" not in path.read_bytes()[:1024]:
            yield path


def _ours(root: Path, path: Path) -> bool:
    parts = path.relative_to(root).parts
    return not any(
        part in NOT_OURS or (part.startswith(".") and part not in HIDDEN_BUT_OURS) for part in parts
    )


def _name(root: Path, path: Path, line: int = 0) -> str:
    return f"{path.relative_to(root)}:{line}" if line else str(path.relative_to(root))


def _trees(root: Path, *folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in python_files(root, *folders):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def _imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((each.name, node.lineno) for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                yield f"{node.module}.{each.name}", node.lineno


def long_files(root: Path) -> list[str]:
    """At most 400 lines."""
    counts = {path: len(path.read_text("utf-8").splitlines()) for path in python_files(root)}
    return [f"{_name(root, path)} has {n} lines" for path, n in counts.items() if n > FILE_LINES]


def long_functions(root: Path) -> list[str]:
    """At most 60 lines from `def` to the last line, docstring included."""
    return [
        f"{_name(root, path, node.lineno)} {node.name} has {length} lines"
        for path, tree in _trees(root)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    ]


def unnamed_rooms(root: Path) -> list[str]:
    """The first line of a file is a whole sentence that says what the room is for."""
    sentence = re.compile(r'^[rR]?"""[A-Z`].*[.!?]($|\s|""")')
    return [
        _name(root, path)
        for path in python_files(root)
        if (text := path.read_text(encoding="utf-8")) and not sentence.match(text)
    ]


def forbidden_names(root: Path) -> list[str]:
    """No room for things that belong nowhere."""
    return [
        _name(root, path)
        for path in python_files(root, "src", "tests")
        if {part.removesuffix(".py") for part in path.relative_to(root).parts} & FORBIDDEN_NAMES
    ]


def strangers(root: Path) -> list[str]:
    """A library is known in its own rooms only."""
    package = root / "src" / "codeact"
    return [
        f"{_name(root, path, line)} imports {name}"
        for path, tree in _trees(root, "src")
        for name, line in _imports(tree)
        if (room := path.relative_to(package).parts[0].removesuffix(".py"))
        not in ROOMS_OF.get(name.partition(".")[0], {room})
    ]


def dependent_kernels(root: Path) -> list[str]:
    """The child's programs know the standard library, each other and IPython."""
    return [
        f"{_name(root, path, line)} imports {name}"
        for path, tree in _trees(root, "src/codeact/interpreter")
        for kind, known in CHILD_MAY_IMPORT.items()
        if path.name.startswith(kind)
        for name, line in _imports(tree)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not name.removeprefix("codeact.interpreter.").startswith(known)
    ]


def patched_tests(root: Path) -> list[str]:
    """Everything is injected; nothing of ours is replaced behind its back."""
    found = []
    for path, tree in _trees(root, "tests"):
        for name, line in _imports(tree):
            if f"{name}.".startswith(PATCHERS):
                found.append(f"{_name(root, path, line)} imports {name}")
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in PATCHING:
                found.append(f"{_name(root, path, node.lineno)} uses {ast.unparse(node)}")
            if isinstance(node, ast.arg) and node.arg == "mocker":
                found.append(f"{_name(root, path, node.lineno)} uses mocker")
    return found


def unspoken_tests(root: Path) -> list[str]:
    """A test's name is a sentence: four words at least."""
    return [
        f"{_name(root, path, node.lineno)} {node.name}"
        for path, tree in _trees(root, "tests")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and len(node.name.split("_")) < 5
    ]


def unpackaged_tests(root: Path) -> list[str]:
    """Folders of tests are packages, so that files of the same name live side by side."""
    folders = {path.parent for path in python_files(root, "tests")}
    return [_name(root, each) for each in sorted(folders) if not (each / "__init__.py").exists()]


def broken_links(root: Path) -> list[str]:
    """Every relative link of a Markdown file leads to a file of this repository."""
    found = []
    for path in text_files(root):
        if path.suffix == ".md":
            prose = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text("utf-8"), flags=re.DOTALL)
            for target in re.findall(r"\]\(([^)\s]+)\)", prose):
                place = target.partition("#")[0]
                if place and "://" not in place and not place.startswith("mailto:"):
                    there = (path.parent / place).resolve()
                    if not there.exists() or not there.is_relative_to(root.resolve()):
                        found.append(f"{_name(root, path)} links to {target}")
    return found


def named_machines(root: Path) -> list[str]:
    """No file names a home folder of one machine, a package index or one of our own issues."""
    return [
        f"{_name(root, path, number)} says {said.group()!r}"
        for path in text_files(root)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        for law in (HOME_PATH, OWN_ISSUE, PACKAGE_INDEX)
        if (said := law.search(line))
    ]


def long_briefings(root: Path) -> list[str]:
    """AGENTS.md stays short: what a machine can check stands in a test instead."""
    lines = (root / "AGENTS.md").read_text("utf-8").splitlines()
    return [f"AGENTS.md has {len(lines)} lines"] if len(lines) > AGENT_LINES else []


LAWS: tuple[Law, ...] = (
    long_files,
    long_functions,
    unnamed_rooms,
    forbidden_names,
    strangers,
    dependent_kernels,
    patched_tests,
    unspoken_tests,
    unpackaged_tests,
    broken_links,
    named_machines,
    long_briefings,
)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_house_keeps_its_laws(law: Law) -> None:
    assert law(ROOT) == []


ONE = '"""One."""\n'
VIOLATIONS: tuple[tuple[Law, str, str], ...] = (
    (long_files, "src/codeact/long.py", ONE + "x = 1\n" * 400),
    (long_functions, "tests/test_long.py", ONE + "def f():\n" + "    x = 1\n" * 60),
    (unnamed_rooms, "examples/mute.py", "x = 1\n"),
    (unnamed_rooms, "src/codeact/late.py", "import os\n" + ONE),
    (unnamed_rooms, "src/codeact/endless.py", '"""A sentence that\ngoes on."""\n'),
    (forbidden_names, "src/codeact/utils.py", ONE),
    (forbidden_names, "src/codeact/core/__init__.py", ONE),
    (strangers, "src/codeact/agent.py", ONE + "def f():\n    from rich.text import Text\n"),
    (strangers, "src/codeact/models/big.py", ONE + "import torch.nn\n"),
    (dependent_kernels, "src/codeact/interpreter/kernel.py", ONE + "import codeact.tools\n"),
    (dependent_kernels, "src/codeact/interpreter/wire.py", ONE + "from IPython import x\n"),
    (patched_tests, "tests/test_x.py", ONE + "def f(monkeypatch):\n    monkeypatch.setattr(1)\n"),
    (patched_tests, "tests/test_x.py", ONE + "from unittest import mock\n"),
    (patched_tests, "tests/test_x.py", ONE + "def f(mocker): ...\n"),
    (unspoken_tests, "tests/test_x.py", ONE + "def test_it_works(): ...\n"),
    (unpackaged_tests, "tests/models/test_x.py", ONE),
    (broken_links, "docs/why.md", "See [there](nowhere.md#x).\n"),
    (broken_links, "docs/why.md", "See [outside](../../).\n"),
    (named_machines, "docs/why.md", "Look into /" + "root/x.\n"),
    (named_machines, "src/codeact/x.py", ONE + "# see is" + "sue 3\n"),
    (named_machines, "justfile", "pip install --index-" + "url=x\n"),
    (long_briefings, "AGENTS.md", "a line\n" * 21),
)


@pytest.mark.parametrize(("law", "place", "text"), VIOLATIONS)
def test_each_law_finds_what_breaks_it(tmp_path: Path, law: Law, place: str, text: str) -> None:
    path = tmp_path / "house" / place
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    assert len(law(tmp_path / "house")) == 1


def test_links_in_code_are_no_links(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("`[x](y.md)` and [self](a.md) and [web](https://e.org)\n")
    assert broken_links(tmp_path) == []


def _floors(root: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--no-logo"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_go_down_the_floors() -> None:
    done = _floors(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_import_up_the_floors_is_found(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "src/codeact/messages.py").open("a") as room:
        room.write("\nimport codeact.agent\n")
    assert "codeact.messages is not allowed to import codeact.agent" in _floors(tmp_path).stdout


def test_a_room_without_a_floor_is_found(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "src/codeact/attic.py").write_text(ONE)
    assert "- codeact.attic" in _floors(tmp_path).stdout


def _python(program: str, *flags: str) -> str:
    done = subprocess.run(
        [sys.executable, *flags, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _loaded_by_import() -> set[str]:
    program = (
        "import sys; before = set(sys.modules); import codeact; print(*set(sys.modules) - before)"
    )
    return {name.partition(".")[0] for name in _python(program).split()}


def test_importing_the_package_loads_no_other() -> None:
    assert _loaded_by_import() - sys.stdlib_module_names == {"codeact"}


def test_importing_the_package_starts_no_machinery() -> None:
    assert _loaded_by_import() & {"asyncio", "subprocess", "multiprocessing", "logging"} == set()


@pytest.mark.parametrize("room", ["codeact", "codeact.trajectory", "codeact.interpreter.wire"])
def test_importing_the_package_needs_nothing_installed(room: str) -> None:
    program = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); import {room}; print('ok')"
    assert _python(program, "-S", "-I") == "ok"


def _shelf(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, as the linter sorts `__all__`."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def test_the_shop_window_is_sorted() -> None:
    assert list(codeact.__all__) == sorted(set(codeact.__all__), key=_shelf)


def test_the_shop_window_holds_what_it_lists() -> None:
    assert [name for name in codeact.__all__ if not hasattr(codeact, name)] == []


def test_the_shop_window_lists_what_it_holds() -> None:
    program = (
        "import codeact, types; print(sorted(name for name, value in vars(codeact).items()"
        " if not name.startswith('_') and not isinstance(value, types.ModuleType)"
        " and name not in codeact.__all__ and name not in ('annotations', 'Any', 'TYPE_CHECKING')))"
    )
    assert _python(program) == "[]"


def test_the_readme_draws_every_source_file() -> None:
    shown = set(readme_tree.block((ROOT / "README.md").read_text("utf-8")).splitlines())
    drawn = set(readme_tree.draw(ROOT / "src" / "codeact").splitlines())
    assert sorted(shown ^ drawn) == [], "run `just tree`"


def test_a_source_file_that_says_nothing_cannot_be_drawn(tmp_path: Path) -> None:
    (tmp_path / "mute.py").write_text("x = 1\n")
    with pytest.raises(ValueError, match=r"mute\.py has no first line"):
        readme_tree.draw(tmp_path)


@pytest.mark.parametrize("name", ["main", "test"])
def test_the_readme_marks_each_command_once(name: str) -> None:
    reader = [sys.executable, str(ROOT / ".ci/readme_command.py"), name, str(ROOT / "README.md")]
    done = subprocess.run(reader, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("python3 -m venv .venv")


def test_the_changelog_keeps_a_place_for_what_is_next() -> None:
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_shop_window_shows_what_it_sells() -> None:
    assert set(dir(codeact)) == set(codeact.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = codeact.nothing
