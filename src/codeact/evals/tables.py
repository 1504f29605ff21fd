"""A report as tables of text, and those as plain lines or Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from codeact.evals import paper
from codeact.evals.report import Comparison, Row, Table
from codeact.evals.statistics import Interval

SUCCESS_NOTE = (
    "success with 95 % interval (Wilson for one epoch, else cluster bootstrap over tasks within "
    "domains); first: the first answer was right; errors: episodes that the provider or the "
    "interpreter ended, which count nowhere else and are retried by the same command; turns over "
    "all episodes, unsolved ones included"
)
COST_NOTE = (
    "tokens per solved: all tokens divided by solved episodes; seconds are wall time, summed"
)
COMPARISON_NOTE = (
    "difference in points with 95 % paired bootstrap interval; p: exact McNemar on majority "
    "outcomes, then after Holm; turns: means over tasks that both solved; detectable: what a run "
    "of this size finds with 80 % power if p is about .55 and outcomes correlate by .5"
)
PAPER_NOTE = (
    "success % and mean turns; the paper's runs let a wrong answer be retried and were judged by "
    "its own grader (--protocol paper --grader paper): compare only with runs made alike"
)
UNKNOWN = "?"
NOTE_WIDTH = 100


def tables(
    rows: Sequence[Row], comparisons: Sequence[Comparison], *, named: bool = True
) -> list[Table]:
    """All of a report that is text, but the paper's own table; `named`: the discordant tasks too,
    which may be many.
    """
    shown = [_success(rows), _cost(rows), _kinds(rows)]
    shown += [_errors(rows), _domains(rows)]
    shown += comparison_tables(comparisons) if named else [_differences(comparisons)]
    return [table for table in shown if table.rows]


def document(rows: Sequence[Row], comparisons: Sequence[Comparison], *, judged: str) -> str:
    """The whole report as Markdown."""
    shown = [*tables(rows, comparisons), paper_table(rows)]
    return "\n\n".join([f"# M3ToolEval: {judged}", *map(markdown, shown)]) + "\n"


def comparison_tables(comparisons: Sequence[Comparison]) -> list[Table]:
    """The differences, and the tasks behind them."""
    shown = [_differences(comparisons), _discordant(comparisons)]
    return [table for table in shown if table.rows]


def _differences(comparisons: Sequence[Comparison]) -> Table:
    columns = ("first", "second", "tasks", "difference", "1st only", "2nd only", "p", "p Holm")
    return Table(
        title="Compared on the same tasks",
        columns=(*columns, "both", "turns 1st", "turns 2nd", "detectable"),
        rows=tuple(_compared(each) for each in comparisons),
        note=COMPARISON_NOTE,
    )


def paper_table(rows: Sequence[Row]) -> Table:
    """These models beside the 17 of the paper."""
    mine: dict[str, dict[str, Row]] = {}
    for row in rows:
        mine.setdefault(row.model, {})[row.format] = row
    lines = []
    for model, formats in mine.items():
        found = [formats.get(name) for name in paper.FORMATS]
        shares = ["" if row is None else f"{100 * row.success:.1f}" for row in found]
        turns = ["" if row is None else f"{row.mean_turns:.1f}" for row in found]
        lines.append((f"{model} (this run)", *shares, *turns))
    for each in paper.TABLE_3:
        lines.append((each.model, *(f"{x:.1f}" for x in (*each.success, *each.turns))))
    return Table(
        title="Beside the paper's Table 3",
        columns=("model", "code", "json", "text", "turns code", "turns json", "turns text"),
        rows=tuple(lines),
        note=PAPER_NOTE,
    )


def plain(table: Table) -> str:
    """Columns aligned by spaces, the first ones to the left and numbers to the right."""
    lines = [table.columns, *table.rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(table.columns))]
    left = text_columns(table)
    body = [
        "  ".join(
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    note = textwrap.wrap(f"({table.note})", NOTE_WIDTH) if table.note else []
    return "\n".join([table.title, *body, *note])


def markdown(table: Table) -> str:
    left = text_columns(table)
    marks = ["---" if place in left else "--:" for place in range(len(table.columns))]
    body = ["| " + " | ".join(map(_cell, line)) + " |" for line in (table.columns, marks)]
    body += ["| " + " | ".join(map(_cell, line)) + " |" for line in table.rows]
    note = ["", table.note[:1].upper() + table.note[1:] + "."] if table.note else []
    return "\n".join([f"## {table.title}", "", *body, *note])


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def between(interval: Interval, scale: float = 100.0) -> str:
    return f"{scale * interval.low:.1f} to {scale * interval.high:.1f}"


def money(cost: float | None) -> str:
    return UNKNOWN if cost is None else f"${cost:.4f}" if 0 < cost < 1 else f"${cost:.2f}"


def _success(rows: Sequence[Row]) -> Table:
    columns = ("model", "format", "tasks", "epochs", "n", "errors", "solved", "success", "95 %")
    repeated = any(row.epochs > 1 for row in rows)
    return Table(
        title="Success",
        columns=(*columns, "first", "turns", "median", *(("pass@k", "pass^k") if repeated else ())),
        rows=tuple(
            (
                row.model,
                row.format,
                *map(str, (row.tasks, row.epochs, row.n, row.failed, row.solved)),
                percent(row.success),
                between(row.interval),
                percent(row.first),
                f"{row.mean_turns:.2f}",
                f"{row.median_turns:g}",
                *((_chance(row.pass_at_epochs), _chance(row.pass_all_epochs)) if repeated else ()),
            )
            for row in rows
        ),
        note=SUCCESS_NOTE
        + (
            "; k is the number of epochs, and nothing is said while some are missing"
            if repeated
            else ""
        ),
    )


def _cost(rows: Sequence[Row]) -> Table:
    columns = ("model", "format", "tokens in", "cached", "out", "per solved", "cost")
    return Table(
        title="Tokens, money and time",
        columns=(*columns, "s model", "s execution"),
        rows=tuple(
            (
                row.model,
                row.format,
                *(f"{n:,}" for n in (row.input_tokens, row.cached_tokens, row.output_tokens)),
                "" if row.per_solved is None else f"{row.per_solved:,.0f}",
                money(row.cost),
                f"{row.model_seconds:.1f}",
                f"{row.execution_seconds:.1f}",
            )
            for row in rows
        ),
        note=COST_NOTE,
    )


def _kinds(rows: Sequence[Row]) -> Table:
    kinds = list(dict.fromkeys(kind for row in rows for kind in row.kinds))
    return Table(
        title="Unsolved episodes by kind",
        columns=("model", "format", *kinds),
        rows=tuple(
            (row.model, row.format, *(str(row.kinds.get(kind, 0)) for kind in kinds))
            for row in (rows if kinds else ())
        ),
    )


def _errors(rows: Sequence[Row]) -> Table:
    labels = list(dict.fromkeys(label for row in rows for label in row.errors))
    return Table(
        title="Failed turns by kind",
        columns=("model", "format", *labels, "recovered"),
        rows=tuple(
            (
                row.model,
                row.format,
                *(str(row.errors.get(label, 0)) for label in labels),
                _chance(row.recovered),
            )
            for row in (rows if labels else ())
        ),
        note="recovered: the share of failed turns that lie in solved episodes",
    )


def _domains(rows: Sequence[Row]) -> Table:
    domains = sorted({domain for row in rows for domain in row.by_domain})
    return Table(
        title="Success by domain",
        columns=("model", "format", *domains),
        rows=tuple(
            (row.model, row.format, *(_in_domain(row, domain) for domain in domains))
            for row in rows
        ),
        note="with Wilson's 95 % interval, each task counting once",
    )


def _in_domain(row: Row, domain: str) -> str:
    if domain not in row.by_domain:
        return ""
    tasks, share, interval = row.by_domain[domain]
    return f"{100 * share:.0f} % of {tasks} ({between(interval)})"


def _compared(each: Comparison) -> tuple[str, ...]:
    found, turns = each.paired, each.turns
    return (
        each.first,
        each.second,
        str(found.tasks),
        f"{100 * found.difference:+.1f} ({between(found.interval)})",
        str(len(found.only_first)),
        str(len(found.only_second)),
        f"{found.p:.3f}",
        f"{found.adjusted:.3f}",
        str(each.both),
        *(("", "") if turns is None else (f"{turns[0]:.2f}", f"{turns[1]:.2f}")),
        f"{100 * each.detectable:.1f}",
    )


def _discordant(comparisons: Sequence[Comparison]) -> Table:
    rows = [
        (task, winner, loser)
        for each in comparisons
        for winner, loser, tasks in (
            (each.first, each.second, each.paired.only_first),
            (each.second, each.first, each.paired.only_second),
        )
        for task in tasks
    ]
    return Table(
        title="Tasks that one side alone solved",
        columns=("task", "solved by", "not by"),
        rows=tuple(rows),
    )


def _chance(share: float | None) -> str:
    return "" if share is None else percent(share)


def text_columns(table: Table) -> set[int]:
    """Columns that hold words: anything without a digit or a sign of a number before it."""
    return {
        place
        for place in range(len(table.columns))
        if any(row[place] and row[place][0] not in "+-$?0123456789" for row in table.rows)
    }


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
