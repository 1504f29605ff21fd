"""Packages that the code asks for: who may, from where, and what becomes of them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement

from codeact.consents import Consent, Question
from codeact.interpreter.forked import ForkedInterpreter
from codeact.interpreter.installs import REQUIREMENT, Installs, NotInstalled, read, settled
from tests.interpreter.conftest import INTERPRETERS, Open
from tests.interpreter.packages import served, wheel

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("index")
    wheel(folder, "tinyone", "1.0", "value = 1\n")
    wheel(folder, "tinyone", "2.0", "value = 2\n")
    wheel(folder, "tinytwo", "0.1", "import tinyone\nvalue = tinyone.value\n", needs="tinyone")
    wheel(folder, "tinybig", "1.0", "text = '" + "x" * 3_000_000 + "'\n")
    wheel(folder, "sitecustomize", "1.0", "import os\nos._exit(7)\n")
    (folder / "tinysource").mkdir()
    (folder / "tinysource" / "index.html").write_text(
        '<!DOCTYPE html><a href="tinysource-1.0.tar.gz">tinysource-1.0.tar.gz</a>'
    )
    with served(folder) as address:
        yield address


def always(index: str, **settings: Any) -> Installs:
    return Installs(mode="always", index=index, **settings)


async def test_a_package_can_be_imported_in_the_cell_that_installs_it(
    opened: Open, index: str
) -> None:
    async with opened(installs=always(index), timeout=60) as interpreter:
        done = await interpreter.execute("%pip install tinytwo\nimport tinytwo\ntinytwo.value")
        assert done.text == "Installed: tinyone 2.0, tinytwo 0.1\n2\n"
        await interpreter.reset()
        assert (await interpreter.execute("import tinytwo; tinytwo.value")).text == "2\n"
        workspace = interpreter.workspace
    assert not workspace.exists()


@pytest.mark.parametrize(
    "line",
    [
        "%pip install tinyone",
        "!pip install tinyone",
        "!pip3 install -q tinyone 2>&1 | tail -1",
        "!python -m pip install --upgrade tinyone>=1",
        "!uv pip install 'tinyone>=1,<3'",
        "%uv pip install tinyone",
        "%pip install tinyone  # a word about it",
    ],
)
async def test_every_way_to_ask_asks_the_host(line: str, index: str) -> None:
    async with INTERPRETERS["forked"](installs=always(index)) as interpreter:
        done = await interpreter.execute(f"{line}\nimport tinyone\ntinyone.value")
    assert done.text == "Installed: tinyone 2.0\n2\n"


async def test_what_is_there_already_is_said_to_be(index: str) -> None:
    async with INTERPRETERS["forked"](installs=always(index)) as interpreter:
        await interpreter.execute("%pip install tinyone==1.0")
        done = await interpreter.execute("%pip install tinyone pytest")
        assert done.text.startswith("Already installed: tinyone 1.0, pytest ")


async def test_an_upgrade_counts_after_the_next_start(index: str) -> None:
    async with INTERPRETERS["forked"](installs=always(index)) as interpreter:
        await interpreter.execute("%pip install tinyone==1.0\nimport tinyone")
        done = await interpreter.execute("%pip install -U tinyone\ntinyone.value")
        assert "Installed: tinyone 2.0" in done.text
        assert "tinyone was imported before" in done.text
        await interpreter.reset()
        assert (await interpreter.execute("import tinyone; tinyone.value")).text == "2\n"
        version = "from importlib.metadata import version; version('tinyone')"
        assert (await interpreter.execute(version)).text == "'2.0'\n"


async def test_packages_are_the_session_s_own(index: str) -> None:
    async with (
        INTERPRETERS["forked"](installs=always(index)) as one,
        INTERPRETERS["forked"](installs=always(index)) as two,
    ):
        await one.execute("%pip install tinyone")
        assert (await two.execute("import tinyone")).error == "ModuleNotFoundError"


async def test_a_folder_that_stays_keeps_no_packages(index: str, tmp_path: Path) -> None:
    async with INTERPRETERS["process"](installs=always(index), workspace=tmp_path) as interpreter:
        await interpreter.execute("%pip install tinyone\nopen('mine', 'w').close()")
        assert (tmp_path / ".codeact" / "site" / "tinyone.py").exists()
    assert (tmp_path / "mine").exists()
    assert not (tmp_path / ".codeact" / "site").exists()


async def test_a_link_in_place_of_our_folder_is_not_followed(index: str, tmp_path: Path) -> None:
    outside, workspace = tmp_path / "outside", tmp_path / "workspace"
    (outside / "site").mkdir(parents=True)
    workspace.mkdir()
    async with INTERPRETERS["process"](installs=always(index), workspace=workspace) as interpreter:
        await interpreter.execute("%pip install tinyone")
        await interpreter.execute(
            "import os, shutil; shutil.rmtree('.codeact')\n"
            f"os.symlink({str(outside)!r}, '.codeact')"
        )
    assert (outside / "site").exists()


async def test_nothing_is_installed_unless_it_is_allowed(opened: Open) -> None:
    async with opened() as interpreter:
        done = await interpreter.execute("%pip install tinyone\nprint('on')")
    assert not done.ok
    assert "switched off in this session, so tinyone was not installed" in done.text
    assert "--installs ask" in done.text
    assert "on\n" not in done.text.splitlines()


@pytest.mark.parametrize(("answer", "words"), [(True, "Installed: tinyone"), (False, "declined")])
async def test_somebody_is_asked_when_that_is_wished(answer: bool, words: str, index: str) -> None:
    asked = []

    async def ask(requirements: tuple[str, ...]) -> bool:
        asked.append(requirements)
        await asyncio.sleep(1.5)
        return answer

    policy = Installs(mode="ask", ask=ask, index=index)
    async with INTERPRETERS["forked"](installs=policy, timeout=1) as interpreter:
        done = await interpreter.execute("%pip install tinyone==1.0")
    assert asked == [("tinyone==1.0",)]
    assert words in done.text


async def test_where_nobody_can_be_asked_nothing_is_installed(index: str) -> None:
    policy = Installs(mode="ask", index=index)
    async with INTERPRETERS["forked"](installs=policy) as interpreter:
        done = await interpreter.execute("%pip install tinyone")
    assert "nobody can be asked" in done.text


async def test_without_a_network_one_sentence_says_so_at_once() -> None:
    policy = always("http://127.0.0.1:9/simple")
    async with INTERPRETERS["forked"](installs=policy) as interpreter:
        done = await interpreter.execute("%pip install tinyone")
    assert done.error == "UsageError"
    assert done.text == (
        "UsageError: The package index cannot be reached from this machine, so nothing was "
        "installed. Do not try again: go on with what is installed.\n"
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("no-such-tiny", "No matching distribution"),
        ("tinysource", "Only wheels are taken"),
        ("tinyone==7", "No matching distribution"),
    ],
)
async def test_what_cannot_be_found_is_told_in_pip_s_words(
    line: str, words: str, index: str
) -> None:
    async with INTERPRETERS["forked"](installs=always(index)) as interpreter:
        done = await interpreter.execute(f"%pip install {line}")
    assert words in done.text
    assert index not in done.text


async def test_a_package_that_is_too_large_is_not_installed(index: str) -> None:
    policy = always(index, max_bytes=1_000_000)
    async with INTERPRETERS["forked"](installs=policy) as interpreter:
        done = await interpreter.execute("%pip install tinybig")
        assert not done.ok
        assert (await interpreter.execute("import tinybig")).error == "ModuleNotFoundError"


async def test_an_installation_has_its_own_deadline(index: str) -> None:
    policy = always(index, seconds=0.3)
    async with INTERPRETERS["forked"](installs=policy, timeout=30) as interpreter:
        done = await interpreter.execute("%pip install tinyone")
    assert "took longer than 0.3 seconds and was stopped" in done.text


async def test_an_installation_can_be_interrupted(index: str) -> None:
    async with INTERPRETERS["forked"](installs=always(index)) as interpreter:
        running = asyncio.create_task(interpreter.execute("x = 1\n%pip install tinyone"))
        await asyncio.sleep(0.4)
        await interpreter.interrupt()
        assert (await running).error == "Interrupted"
        assert (await interpreter.execute("x")).text == "1\n"


async def test_other_commands_of_pip_are_the_session_s_own_affair() -> None:
    async with INTERPRETERS["process"]() as interpreter:
        assert (await interpreter.execute("!python -m pip --version")).text.startswith("pip ")


async def test_an_installation_among_other_commands_is_refused(index: str) -> None:
    async with INTERPRETERS["forked"](installs=always(index)) as interpreter:
        done = await interpreter.execute("!pip install tinyone && echo done")
    assert "on a line of its own" in done.text


@pytest.mark.parametrize(
    "word",
    [
        *(
            "-e",
            "-r",
            "--target=x",
            "-i",
            "--find-links",
            "--pre",
            "--",
            "-U=1",
            "--config-settings",
        ),
        *("./here", "/abs", "../up", "git+https://h/x", "https://h/x.whl", "x @ https://h/x"),
        *("x.whl/", "", "x;python_version>'3'", "x>=1 --pre", "x\n--pre", "é", "x==", "x>=1,,<2"),
        3,
    ],
)
def test_all_but_names_and_versions_is_refused(word: object) -> None:
    with pytest.raises(NotInstalled):
        read([word])


def test_names_versions_and_two_options_are_read() -> None:
    found = read(["-q", "-U", "a", "b[c,d]>=1,<2", "e~=1.0", "f==1.*", "g === 2!1.0+local"])
    assert found.upgrade
    assert len(found.requirements) == 5


def test_more_names_than_anybody_needs_are_refused() -> None:
    with pytest.raises(NotInstalled, match="At most 50"):
        read(["a"] * 51)


@given(st.text(alphabet="ab1.-_[],<>=!~*+ \n@;/:'", max_size=14))
@example("a>=1")
@example("a[b]==1.*")
def test_what_is_let_through_leads_nowhere_but_to_an_index(text: str) -> None:
    if not REQUIREMENT.fullmatch(text.strip()):
        return
    assert not text.strip().startswith("-")
    try:
        known = Requirement(text)
    except InvalidRequirement:  # pip refuses it, which is as well
        return
    assert known.url is None
    assert known.marker is None


async def test_a_fork_of_a_session_has_its_packages_and_its_own(index: str) -> None:
    async with ForkedInterpreter(installs=always(index)) as one:
        await one.execute("%pip install tinyone==1.0")
        async with await one.fork() as two:
            done = await two.execute("%pip install tinytwo\nimport tinyone, tinytwo\ntinyone.value")
            assert "Installed: " in done.text
            assert done.ok
        assert (await one.execute("import tinytwo")).error == "ModuleNotFoundError"


async def test_the_one_who_approves_calls_is_asked_about_packages(index: str) -> None:
    questions: list[Question] = []

    async def ask(question: Question) -> Consent:
        questions.append(question)
        return Consent(given=False)

    policy = settled(Installs(mode="ask", index=index), ask)
    async with INTERPRETERS["forked"](installs=policy) as interpreter:
        done = await interpreter.execute("%pip install tinyone==1.0 tinytwo")
    assert "declined to install tinyone==1.0, tinytwo" in done.text
    assert [each.text for each in questions] == ["%pip install tinyone==1.0 tinytwo"]


def test_a_mode_alone_is_a_policy() -> None:
    assert settled("always", None) == Installs(mode="always")
    assert settled("ask", None) == Installs(mode="ask")


@pytest.mark.parametrize(
    ("where", "words"), [("inside/new", "written"), ("outside", "PermissionError")]
)
def test_the_process_of_pip_writes_into_its_own_folder_alone(
    where: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "outside").write_text("as it was")
    code = (
        "import sys\nfrom codeact.interpreter.pip_process import confine\nconfine(sys.argv[1])\n"
        "open(sys.argv[2], 'w').write('x')\nprint('written')"
    )
    arguments = [str(tmp_path / "inside"), str(tmp_path / where)]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert words in done.stdout + done.stderr
    assert (tmp_path / "outside").read_text() == "as it was"


async def test_no_package_of_the_session_runs_in_the_process_of_pip(index: str) -> None:
    async with INTERPRETERS["forked"](installs=always(index)) as interpreter:
        await interpreter.execute("%pip install sitecustomize")
        done = await interpreter.execute("%pip install tinyone")
    assert done.text == "Installed: tinyone 2.0\n"


async def test_what_the_session_has_stays_unless_more_is_asked(index: str) -> None:
    async with INTERPRETERS["forked"](installs=always(index)) as interpreter:
        await interpreter.execute("%pip install tinyone==1.0")
        done = await interpreter.execute("%pip install tinytwo")
        assert done.text == "Installed: tinytwo 0.1\n"
        done = await interpreter.execute("%pip install tinyone>=2")
        assert done.text == "Installed: tinyone 2.0\n"
