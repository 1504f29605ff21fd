"""WikiTableQuestions as tasks: a question about one table, as a pandas frame or in SQLite."""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from codeact.errors import DataError
from codeact.tasks.denotation import same, unescaped, values_of
from codeact.tasks.problems import Asked, Problem, examined

Variant = Literal["pandas", "sqlite"]

FOLDER = "wikitablequestions"
QUESTIONS = "training.tsv"
ARCHIVE = "csv_tables.tar.gz"
SHOWN = 5
"""Rows that the prompt shows."""
NAME = "data_table"

FRAME = "The table is the pandas DataFrame `df`, which is there already, with {rows} rows."
CONNECTION = (
    "The table is `{name}`, with {rows} rows, in an SQLite database; `conn` is an open connection "
    "to it."
)
ASKED = """\
Answer a question about a table. {where} Its first rows are:

{head}

Question: {question}

The solution is a value or several, with | between them; write text as it stands in the table, \
numbers without their units unless the table has them, dates as yyyy-mm-dd.\
"""
SETUP_FRAME = (
    "import pandas as pd\ndf = pd.read_csv('table.csv', keep_default_na=False, na_values=[''])"
)
SETUP_CONNECTION = """\
import csv as _csv, sqlite3
conn = sqlite3.connect('table.db')
with open('table.csv', newline='', encoding='utf-8') as _file:
    _head, *_rows = _csv.reader(_file)
def _numeric(_text):
    for _kind in (int, float):
        try:
            return _kind(_text)
        except ValueError:
            pass
    return None if _text == '' else _text
_columns = [[_numeric(_row[_n]) for _row in _rows] for _n in range(len(_head))]
_columns = [
    _column if all(_value is None or not isinstance(_value, str) for _value in _column)
    else [_row[_n] for _row in _rows]
    for _n, _column in enumerate(_columns)
]
_quoted = ', '.join('"' + _name.replace('"', '""') + '"' for _name in _head)
conn.execute(f'CREATE TABLE data_table ({_quoted})')
_marks = ', '.join('?' * len(_head))
conn.executemany(f'INSERT INTO data_table VALUES ({_marks})', list(zip(*_columns)))
conn.commit()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Text in rows of one length under names that are no two alike, whatever their case."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def csv(self, rows: int | None = None) -> str:
        """As a file with one header line, of its first rows or of all."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self.columns, *self.rows[:rows]])
        return text.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`target` are the values of the right answer."""

    id: str
    text: str
    context: str
    target: tuple[str, ...]


class Tables:
    """The tables of a folder or of the archive in it, by the paths that questions name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._packed: dict[str, bytes] | None = None
        self._read: dict[str, Table] = {}

    def table(self, context: str) -> Table:
        """Raises DataError."""
        if context not in self._read:
            try:
                self._read[context] = read_table(self._content(context).decode("utf-8"))
            except (OSError, KeyError, tarfile.TarError, ValueError) as error:
                place = self._folder / context
                raise DataError(f"{place} is no readable table: {error!r}") from error
        return self._read[context]

    def _content(self, context: str) -> bytes:
        loose = self._folder / context
        if loose.is_file():
            return loose.read_bytes()
        if self._packed is None:
            with tarfile.open(self._folder / ARCHIVE) as archive:
                members = [member for member in archive if member.name.endswith(".csv")]
                self._packed = {
                    member.name.removeprefix("./"): file.read()
                    for member in members
                    if (file := archive.extractfile(member)) is not None
                }
        return self._packed[context]


def read_table(text: str) -> Table:
    """A table of the public files, which escape a quote and a backslash by a backslash; short rows
    are filled, columns without a name or with another's get one. Raises ValueError for no rows.
    """
    reader = csv.reader(io.StringIO(text, newline=""), escapechar="\\", doublequote=False)
    lines = [[" ".join(cell.split()) for cell in line] for line in reader if line]
    if not lines:
        raise ValueError("the table is empty")
    width = max(map(len, lines))
    filled = [tuple(line + [""] * (width - len(line))) for line in lines]
    return Table(columns=_unique(filled[0]), rows=tuple(filled[1:]))


def questions(data_dir: Path, file: str = QUESTIONS) -> list[Question]:
    """The questions of one of the public tsv files. Raises DataError."""
    path = data_dir / FOLDER / "data" / file
    try:
        _, *lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    found = []
    for number, line in enumerate(lines, 2):
        fields = line.rstrip("\r").split("\t")
        if len(fields) != 4:
            raise DataError(f"{path}, line {number}: 4 fields were expected, {len(fields)} found.")
        target = tuple(unescaped(each) for each in fields[3].split("|"))
        text = unescaped(fields[1])
        found.append(Question(id=fields[0], text=text, context=fields[2], target=target))
    return found


def largest(found: Sequence[Question], tables: Tables, count: int) -> list[Question]:
    """The questions about the largest tables, by rows and then columns, as the paper chose them."""

    def size(question: Question) -> tuple[int, int]:
        table = tables.table(question.context)
        return len(table.rows), len(table.columns)

    return sorted(found, key=size, reverse=True)[:count]


def problems(
    data_dir: Path,
    *,
    file: str = QUESTIONS,
    variants: Sequence[Variant] = ("pandas", "sqlite"),
    count: int | None = None,
) -> list[Problem]:
    """The questions, `count` of the largest tables or all, in turn as each variant.

    The pandas one needs pandas where the code runs. Raises DataError.
    """
    tables = Tables(data_dir / FOLDER)
    found = questions(data_dir, file)
    if count is not None:
        found = largest(found, tables, count)
    return [
        problem(each, tables, variants[number % len(variants)]) for number, each in enumerate(found)
    ]


def problem(question: Question, tables: Tables, variant: Variant) -> Problem:
    """One question as a task."""
    id = f"wikitables/{variant}/{question.id}"
    return examined(id, "wikitables", partial(_ask, question, tables, variant))


async def right(question: Question, answer: str) -> bool:
    """Whether an answer in one line has the values that are wanted."""
    return same(question.target, values_of(answer))


def _ask(question: Question, tables: Tables, variant: Variant) -> Asked:
    table = tables.table(question.context)
    where = FRAME if variant == "pandas" else CONNECTION
    text = ASKED.format(
        where=where.format(rows=len(table.rows), name=NAME),
        head=table.csv(SHOWN).rstrip("\n"),
        question=question.text,
    )
    return Asked(
        text=text,
        judge=partial(right, question),
        files={"table.csv": table.csv().encode()},
        setup=SETUP_FRAME if variant == "pandas" else SETUP_CONNECTION,
    )


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    seen: set[str] = set()
    found = []
    for place, name in enumerate(names, 1):
        own = name or f"column_{place}"
        number = 2
        while own.lower() in seen:
            own = f"{name or 'column'}_{number}"
            number += 1
        seen.add(own.lower())
        found.append(own)
    return tuple(found)


VARIANTS: Mapping[str, Sequence[Variant]] = {
    "wikitables": ("pandas", "sqlite"),
    "wikitables-pandas": ("pandas",),
    "wikitables-sqlite": ("sqlite",),
}
"""The sources by the names that the command line knows them by."""
