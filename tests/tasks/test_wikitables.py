"""WikiTableQuestions: read, put into the interpreter in both ways, and judged."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from codeact.agent import Agent
from codeact.errors import DataError
from codeact.formats import by_name
from codeact.models.scripted import ScriptedModel
from codeact.rollout import rollout
from codeact.tasks.denotation import answer_of, same, values_of
from codeact.tasks.mint import RIGHT, kernel
from codeact.tasks.problems import Problem, told_so
from codeact.tasks.wikitables import (
    FOLDER,
    Tables,
    Variant,
    largest,
    problems,
    questions,
    read_table,
)
from codeact.trajectory import Trajectory

pytestmark = pytest.mark.anyio

TABLE = '"Rank","Name","Name",""\n"1","Ann \\"A\\" Lee","x","1,5"\n"2","Bo\nBi","y",""\n'
LARGE = '"n"\n' + "".join(f'"{n}"\n' for n in range(9))
HEAD = "id\tutterance\tcontext\ttargetValue\n"
LINES = (
    "nt-0\twho is first?\tcsv/1.csv\tAnn \\pA\\p|Bo",
    "nt-1\thow many?\tcsv/2.csv\t9",
)


def _data(folder: Path, *, packed: bool = False, lines: Sequence[str] = LINES) -> Path:
    place = folder / FOLDER
    (place / "data").mkdir(parents=True)
    (place / "data" / "training.tsv").write_text(HEAD + "\n".join(lines) + "\n")
    tables = {"csv/1.csv": TABLE, "csv/2.csv": LARGE}
    if packed:
        with tarfile.open(place / "csv_tables.tar.gz", "w:gz") as archive:
            for name, text in tables.items():
                member = tarfile.TarInfo(f"./{name}")
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))
        return folder
    for name, text in tables.items():
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text(text)
    return folder


def test_a_table_keeps_quotes_and_names_every_column() -> None:
    table = read_table(TABLE)
    assert table.columns == ("Rank", "Name", "Name_2", "column_4")
    assert table.rows == (("1", 'Ann "A" Lee', "x", "1,5"), ("2", "Bo Bi", "y", ""))


@pytest.mark.parametrize("packed", [False, True])
def test_questions_are_read_with_their_tables(tmp_path: Path, packed: bool) -> None:
    data = _data(tmp_path, packed=packed)
    found = questions(data)
    assert found[0].target == ("Ann |A|", "Bo")
    assert len(Tables(data / FOLDER).table("csv/2.csv").rows) == 9


def test_the_largest_tables_come_first(tmp_path: Path) -> None:
    data = _data(tmp_path)
    assert [each.id for each in largest(questions(data), Tables(data / FOLDER), 1)] == ["nt-1"]


def test_a_line_without_its_fields_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 2: 4 fields"):
        questions(_data(tmp_path, lines=["nt-0\twho?"]))


def test_a_table_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"9\.csv is no readable table"):
        Tables(_data(tmp_path, packed=True) / FOLDER).table("csv/9.csv")


def _problem(folder: Path, variant: Variant, number: int) -> Problem:
    return problems(_data(folder), variants=(variant,))[number]


async def _lived(problem: Problem, *replies: str) -> Trajectory:
    agent = Agent(model=ScriptedModel(replies), format=by_name("code"), max_steps=5)
    return await rollout(agent, problem.task, kernel)


@pytest.mark.parametrize(
    ("variant", "code"),
    [
        ("pandas", "print(len(df), df['n'].sum())"),
        ("sqlite", "print(*conn.execute('SELECT count(*), sum(n) FROM data_table').fetchone())"),
    ],
)
async def test_the_table_is_there_when_the_episode_begins(
    tmp_path: Path, variant: Variant, code: str
) -> None:
    problem = _problem(tmp_path, variant, 1)
    lived = await _lived(problem, f"<execute>\n{code}\n</execute>", "<solution>9</solution>")
    assert lived.steps[0].observation.text.split() == ["9", "36"]
    assert lived.steps[-1].observation.text == RIGHT
    assert await told_so(lived, tmp_path)


async def test_two_wrong_solutions_end_an_episode(tmp_path: Path) -> None:
    problem = _problem(tmp_path, "sqlite", 0)
    lived = await _lived(problem, "<solution>Bo</solution>", "<solution>Lee</solution>")
    assert lived.steps[-1].observation.done
    assert not await told_so(lived, tmp_path)


def test_the_prompt_shows_the_first_rows_and_the_question(tmp_path: Path) -> None:
    problem = _problem(tmp_path, "pandas", 1)
    asked = problem.task.prompt(by_name("code"), problem.task.open().toolbox)[-1].content
    assert "`df`" in asked
    assert "n\n0\n1\n2\n3\n4\n\nQuestion: how many?" in asked


@pytest.mark.parametrize(
    ("file", "count"), [("training.tsv", 14152), ("pristine-unseen-tables.tsv", 4344)]
)
def test_every_right_answer_of_the_public_set_is_right(file: str, count: int) -> None:
    named = os.environ.get("CODEACT_DATA")
    if not named:
        pytest.skip("CODEACT_DATA does not name a folder of public data")
    found = questions(Path(named), file)
    assert len(found) == count
    assert all(same(each.target, values_of(answer_of(each.target))) for each in found)


def test_every_public_table_can_be_read() -> None:
    named = os.environ.get("CODEACT_DATA")
    if not named:
        pytest.skip("CODEACT_DATA does not name a folder of public data")
    tables = Tables(Path(named) / FOLDER)
    contexts = {each.context for each in questions(Path(named))}
    assert all(len(tables.table(each).rows) >= 4 for each in contexts)
