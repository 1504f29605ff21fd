"""Small CSV files in the workspace: looked at, then summed, filtered, grouped and plotted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from codeact.tasks.families.expected import Both, File, Name, Names, Number, Numbers
from codeact.tasks.families.family import Case, Draw, Family, Stumble

PNG = b"\x89PNG\r\n\x1a\n"
READ = 'import csv\nrows = list(csv.DictReader(open("{file}")))\n'


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with a column of names, one of groups and one of numbers."""

    file: str
    label: str
    group: str
    number: str
    rows: tuple[tuple[str, str, int], ...]

    @property
    def content(self) -> bytes:
        lines = [f"{self.label},{self.group},{self.number}"]
        lines += [f"{a},{b},{c}" for a, b, c in self.rows]
        return ("\n".join(lines) + "\n").encode()

    @property
    def read(self) -> str:
        return READ.format(file=self.file)

    @property
    def look(self) -> str:
        return f'print(open("{self.file}").read()[:200])'

    @property
    def slots(self) -> dict[str, str]:
        return {
            "file": self.file,
            "label": self.label,
            "group": self.group,
            "number": self.number,
        }


def sheet(draw: Draw) -> Sheet:
    labels = draw.several(draw.pick(("person", "good", "city")), draw.integer(4, 7))
    groups = draw.several("word", draw.integer(2, 3))
    top = draw.pick((20, 100, 1000))
    values = draw.sample(range(1, top + 10), len(labels))
    label, group, number = "", "", ""
    while len({label, group, number}) < 3:
        label = draw.pick(("name", "item", "id", draw.names.made_up()))
        group, number = draw.name("group"), draw.name("column")
    members = [*groups, *(draw.pick(groups) for _ in labels[len(groups) :])]
    rows = tuple(zip(labels, draw.shuffled(members), values, strict=True))
    return Sheet(f"{draw.name('file')}.csv", label, group, number, rows)


def _case(draw: Draw, of: Sheet, code: str, expected: object, *answers: str, **more: str) -> Case:
    """Look at the file first (not always), then do it; or stumble over a column's name."""
    steps = (of.look, of.read + code) if draw.chance(0.6) else (of.read + code,)
    wrong_name = draw.pick(
        (of.number.capitalize(), of.number + "s", "value", "amount", of.number.upper())
    )
    wrong = of.read + code.replace(f'"{of.number}"', f'"{wrong_name}"')
    stumbles: tuple[Stumble, ...] = ()
    last = len(steps) - 1
    if wrong_name != of.number and wrong != steps[last]:
        look = "print(rows[0].keys())" if last == 0 else ""
        stumbles = (Stumble(kind="column", at=last, wrong=wrong, look=look),)
    return Case(
        slots={**of.slots, **more},
        code=steps,
        expected=expected,  # type: ignore[arg-type]  # one of several classes
        answers=answers,
        files={of.file: of.content},
        stumbles=stumbles,
    )


def _sum(draw: Draw) -> Case:
    of = sheet(draw)
    code = f'print(sum(int(r["{of.number}"]) for r in rows))'
    expected = Number(sum(row[2] for row in of.rows))
    return _case(draw, of, code, expected, "The total {number} is {out}.", "{out}")


def _mean(draw: Draw) -> Case:
    of = sheet(draw)
    code = f'values = [int(r["{of.number}"]) for r in rows]\n'
    code += "print(round(sum(values) / len(values), 2))"
    expected = Number(sum(row[2] for row in of.rows) / len(of.rows), 0.0051)
    return _case(draw, of, code, expected, "The average {number} is {out}.", "{out}")


def _best(draw: Draw) -> Case:
    of = sheet(draw)
    best, which = draw.pick(((max, "highest"), (min, "lowest")))
    code = f'best = {best.__name__}(rows, key=lambda r: int(r["{of.number}"]))\n'
    code += f'print(best["{of.label}"])'
    row = best(of.rows, key=lambda each: each[2])
    expected = Name(row[0], [each[0] for each in of.rows])
    answers = ("{out} has the {which} {number}.", "{out}")
    return _case(draw, of, code, expected, *answers, which=which)


def _filter(draw: Draw) -> Case:
    of = sheet(draw)
    limit = sorted(row[2] for row in of.rows)[draw.integer(0, len(of.rows) - 2)]
    code = f'print(sum(int(r["{of.number}"]) > {limit} for r in rows))'
    expected = Number(sum(row[2] > limit for row in of.rows))
    return _case(draw, of, code, expected, "There are {out}.", "{out}", limit=str(limit))


def _group_sum(draw: Draw) -> Case:
    of = sheet(draw)
    member = draw.pick([row[1] for row in of.rows])
    code = f'print(sum(int(r["{of.number}"]) for r in rows if r["{of.group}"] == "{member}"))'
    expected = Number(sum(row[2] for row in of.rows if row[1] == member))
    answers = ("The {number} of {member} is {out}.", "{out}")
    return _case(draw, of, code, expected, *answers, member=member)


def _group_count(draw: Draw) -> Case:
    of = sheet(draw)
    member = draw.pick([row[1] for row in of.rows])
    code = f'print(sum(r["{of.group}"] == "{member}" for r in rows))'
    expected = Number(sum(row[1] == member for row in of.rows))
    answers = ("There are {out}.", "{out}")
    return _case(draw, of, code, expected, *answers, member=member)


def _names(draw: Draw) -> Case:
    of = sheet(draw)
    member = draw.pick([row[1] for row in of.rows])
    code = f'print(", ".join(r["{of.label}"] for r in rows if r["{of.group}"] == "{member}"))'
    found = [row[0] for row in of.rows if row[1] == member]
    expected = Names(found, [row[0] for row in of.rows], ordered=False)
    return _case(draw, of, code, expected, "{out}", "These: {out}", member=member)


def _summary(draw: Draw) -> Case:
    """Rows, smallest, largest and mean of a column."""
    of = sheet(draw)
    code = (
        f'values = [int(r["{of.number}"]) for r in rows]\n'
        'print(f"{len(values)} rows, {min(values)} to {max(values)}, '
        'mean {round(sum(values) / len(values), 2)}")'
    )
    values = [row[2] for row in of.rows]
    mean = round(sum(values) / len(values), 2)
    expected = Numbers([len(values), min(values), max(values), mean], 0.0051)
    return _case(draw, of, code, expected, "{out}", "The column {number} has {out}.")


def _size(draw: Draw) -> Case:
    of = sheet(draw)
    expected = Number(len(of.rows))
    code = "print(len(rows))"
    return _case(draw, of, code, expected, "There are {out} rows.", "{out}")


Chart = Literal["bar", "plot"]


def _plot(draw: Draw) -> Case:
    """A picture is saved; the answer names its file."""
    of = sheet(draw)
    chart: Chart = draw.pick(("bar", "bar", "plot"))
    kind = {"bar": "bar chart", "plot": "line plot"}[chart]
    target = f"{draw.pick(('plot', 'chart', 'figure', of.number, draw.names.made_up()))}.png"
    code = (
        "import matplotlib.pyplot as plt\n"
        f'plt.{chart}([r["{of.label}"] for r in rows], [int(r["{of.number}"]) for r in rows])\n'
        f'plt.savefig("{target}")\nplt.close()\nprint("saved {target}")'
    )
    expected = Both((File(target, _is_picture),))
    answers = ("I saved the {kind} as {target}.", "The plot is in {target}.")
    return _case(draw, of, code, expected, *answers, target=target, kind=kind)


def _is_picture(data: bytes) -> bool:
    return data.startswith(PNG) and len(data) > 1000


FAMILIES = (
    Family(name="csv_sum", group="files", draw=_sum, weight=1.3),
    Family(name="csv_mean", group="files", draw=_mean, weight=1.3),
    Family(name="csv_best", group="files", draw=_best),
    Family(name="csv_above", group="files", draw=_filter, weight=0.8),
    Family(name="csv_group_sum", group="files", draw=_group_sum),
    Family(name="csv_group_count", group="files", draw=_group_count, weight=0.8),
    Family(name="csv_names", group="files", draw=_names, weight=0.8),
    Family(name="csv_summary", group="files", draw=_summary, weight=1.2),
    Family(name="csv_rows", group="files", draw=_size, weight=0.7),
    Family(name="csv_plot", group="files", draw=_plot, weight=0.4),
)
