"""A report as tables of text, and those as plain lines or Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from codeact.evals import paper
from codeact.evals.report import Comparison, Row, Table
from codeact.evals.results import Arm
from codeact.evals.statistics import Interval, success

SUCCESS_NOTE = (
    "success with 95 % interval (Wilson for one epoch, else cluster bootstrap over tasks within "
    "domains); first: the first answer was right; errors: episodes that the provider or the "
    "interpreter ended, which count nowhere else and are retried by the same command; turns over "
    "all episodes, unsolved ones included"
)
MISSING_NOTE = "; missing: episodes that were asked for and not lived yet: the run is incomplete"
COST_NOTE = (
    "tokens per solved: all tokens divided by solved episodes; reasoning: tokens of the output; "
    "seconds are wall time, summed; longest: characters of the longest observation; cut: "
    "observations of which the model was shown a part"
)
COMPARISON_NOTE = (
    "difference in points with 95 % paired bootstrap interval; 1st only: tasks that most of the "
    "first side's epochs solved and of the second's did not; p: exact McNemar on these, then "
    "after Holm over the comparisons that stand together"
)
DETECTABLE_NOTE = (
    "detectable: the smallest difference in points that a run of this size finds with 80 % power, "
    "if success is about 55 % and the sides' outcomes correlate by .5"
)
REPEATED_NOTE = (
    "pass@k: the task is solved in at least one of k epochs, pass^k: in all of them; nothing is "
    "said while an episode is missing"
)
GRADERS_NOTE = (
    "success % of the run's answers as they stand; what the grader told the model in the run, and "
    "whether the site's dead link was repaired, stay as they were in the run"
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
    """All of a report that is text; `named`: the discordant tasks too,
    which may be many.
    """
    shown = [_success(rows), _repeats(rows), _cost(rows), _kinds(rows)]
    shown += [_errors(rows), _domains(rows)]
    shown += [_differences(comparisons), _turns(comparisons)]
    shown += [_discordant(comparisons)] if named else []
    return [table for table in shown if table.rows]


def document(
    rows: Sequence[Row],
    comparisons: Sequence[Comparison],
    *,
    title: str,
    more: Sequence[Table] = (),
) -> str:
    """The whole report as Markdown; `more` tables stand after its own."""
    shown = [*tables(rows, comparisons), *more]
    return "\n\n".join([f"# {title}", *map(markdown, shown)]) + "\n"


def comparison_tables(comparisons: Sequence[Comparison]) -> list[Table]:
    """The differences, and the tasks behind them."""
    shown = [_differences(comparisons), _turns(comparisons), _discordant(comparisons)]
    return [table for table in shown if table.rows]


def grader_table(judged: Mapping[str, Sequence[Arm]]) -> Table:
    """Success of the same answers by each grader."""
    graders = list(judged)
    return Table(
        title="The same answers by each grader",
        columns=("model", "format", *(f"{name} %" for name in graders)),
        rows=tuple(
            (same[0].model, same[0].format, *(points(success(each.outcomes)) for each in same))
            for same in zip(*judged.values(), strict=True)
        ),
        note=GRADERS_NOTE,
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


def points(share: float | None) -> str:
    """A share in percent without the sign; nothing where it is unknown."""
    return "" if share is None else f"{100 * share:.1f}"


def between(interval: Interval) -> str:
    """In percent."""
    return f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"


def money(cost: float | None) -> str:
    return UNKNOWN if cost is None else f"${cost:.4f}" if 0 < cost < 1 else f"${cost:.2f}"


def _success(rows: Sequence[Row]) -> Table:
    columns = ("model", "format", "tasks", "epochs", "n", "errors", "solved", "success %", "95 %")
    incomplete = any(row.missing for row in rows)
    return Table(
        title="Success",
        columns=(*columns, "first %", "turns", *(("missing",) if incomplete else ())),
        rows=tuple(
            (
                row.model,
                row.format,
                *map(str, (row.tasks, row.epochs, row.n, row.failed, row.solved)),
                points(row.success),
                between(row.interval),
                points(row.first),
                f"{row.mean_turns:.2f}",
                *((str(row.missing),) if incomplete else ()),
            )
            for row in rows
        ),
        note=SUCCESS_NOTE + (MISSING_NOTE if incomplete else ""),
    )


def _repeats(rows: Sequence[Row]) -> Table:
    repeated = [row for row in rows if row.epochs > 1]
    return Table(
        title="Several epochs",
        columns=("model", "format", "k", "pass@k %", "pass^k %"),
        rows=tuple(
            (
                row.model,
                row.format,
                str(row.epochs),
                points(row.pass_at_epochs),
                points(row.pass_all_epochs),
            )
            for row in repeated
        ),
        note=REPEATED_NOTE,
    )


def _cost(rows: Sequence[Row]) -> Table:
    columns = ("model", "format", "tokens in", "cached", "out", "per solved", "cost")
    thought = any(row.reasoning_tokens for row in rows)
    more = ("reasoning",) if thought else ()
    return Table(
        title="Tokens, money, time and turns",
        columns=(*columns, *more, "s model", "s execution", "median turns", "longest", "cut"),
        rows=tuple(
            (
                row.model,
                row.format,
                *(f"{n:,}" for n in (row.input_tokens, row.cached_tokens, row.output_tokens)),
                "" if row.per_solved is None else f"{row.per_solved:,.0f}",
                money(row.cost),
                *((f"{row.reasoning_tokens:,}",) if thought else ()),
                f"{row.model_seconds:.1f}",
                f"{row.execution_seconds:.1f}",
                f"{row.median_turns:g}",
                f"{row.longest_observation:,}",
                f"{row.cut_observations:,}",
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
        columns=("model", "format", *labels, "recovered %"),
        rows=tuple(
            (
                row.model,
                row.format,
                *(str(row.errors.get(label, 0)) for label in labels),
                points(row.recovered),
            )
            for row in (rows if labels else ())
        ),
        note="recovered: the share of failed turns that lie in solved episodes",
    )


def _domains(rows: Sequence[Row]) -> Table:
    domains = sorted({domain for row in rows for domain in row.by_domain})
    return Table(
        title="Success by domain",
        columns=("domain", "model", "format", "tasks", "success %", "95 %"),
        rows=tuple(
            (domain, row.model, row.format, str(tasks), points(share), between(interval))
            for domain in domains
            for row in rows
            if domain in row.by_domain
            for tasks, share, interval in (row.by_domain[domain],)
        ),
        note="with Wilson's 95 % interval, each task counting once",
    )


def _differences(comparisons: Sequence[Comparison]) -> Table:
    columns = ("first", "second", "tasks", "difference", "95 %", "1st only", "2nd only")
    return Table(
        title="Compared on the same tasks",
        columns=(*columns, "p", "p Holm"),
        rows=tuple(
            (
                each.first,
                each.second,
                str(each.paired.tasks),
                f"{100 * each.paired.difference:+.1f}",
                between(each.paired.interval),
                str(len(each.paired.only_first)),
                str(len(each.paired.only_second)),
                f"{each.paired.p:.3f}",
                f"{each.paired.adjusted:.3f}",
            )
            for each in comparisons
        ),
        note=COMPARISON_NOTE,
    )


def _turns(comparisons: Sequence[Comparison]) -> Table:
    return Table(
        title="Turns on tasks that both solved, and what could be found",
        columns=("first", "second", "both", "turns 1st", "turns 2nd", "detectable"),
        rows=tuple(
            (
                each.first,
                each.second,
                str(each.both),
                *(("", "") if each.turns is None else (f"{turns:.2f}" for turns in each.turns)),
                f"{100 * each.detectable:.1f}",
            )
            for each in comparisons
        ),
        note=DETECTABLE_NOTE,
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


def text_columns(table: Table) -> set[int]:
    """Columns that hold words: anything without a digit or a sign of a number before it."""
    return {
        place
        for place in range(len(table.columns))
        if any(row[place] and row[place][0] not in "+-$?0123456789" for row in table.rows)
    }


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
