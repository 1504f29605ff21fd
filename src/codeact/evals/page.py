"""A report as one self-contained HTML page: tables, plots and every trajectory, all escaped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from codeact.actions import Action, Answer, CodeAction, InvalidAction, ToolCall
from codeact.evals.markup import safe
from codeact.evals.plots import Bar, Curve, bars, colour, curves, stacks
from codeact.evals.report import Comparison, Row, Table
from codeact.evals.results import Arm, Episode
from codeact.evals.tables import percent, tables, text_columns
from codeact.trajectory import Step, Trajectory

MOST = 2_000
"""Trajectories on one page; a larger page is slow to open."""

LEFT_OUT = "{shown:,} of {total:,} trajectories are shown, unsolved ones first; the files hold all."
FAILED = "Ended by the provider or the interpreter; not counted, and tried again on resuming."

STYLE = """\
:root{color-scheme:light dark;--ink:#1c1e21;--paper:#fff;--soft:#667;--line:#d8dbe0;--fill:#f4f5f7;
--good:#0b7a4b;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#e6e8eb;--paper:#16181b;--soft:#9aa3ad;--line:#383c42;
--fill:#202328;--good:#5fd39b;--bad:#ff8a80}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:0 auto;
max-width:1100px;padding:24px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:36px 0 8px}
.note,dl{color:var(--soft);font-size:13px}dl{display:grid;grid-template-columns:max-content 1fr;
gap:2px 16px}dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:4px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{font-weight:600}.l{text-align:left}figure{margin:20px 0}figcaption{font-weight:600}
svg{width:100%;max-width:860px;height:auto}svg text{fill:var(--ink);font:12px system-ui,sans-serif}
.grid{stroke:var(--line)}.whisker{stroke:var(--ink);stroke-width:1.5;fill:none}
details{border-left:2px solid var(--line);padding:2px 0 2px 12px;margin:4px 0}
summary{cursor:pointer}.good{color:var(--good)}.bad{color:var(--bad)}
pre{background:var(--fill);padding:8px 10px;margin:4px 0 10px;white-space:pre-wrap;
overflow-wrap:anywhere;font:12.5px/1.45 ui-monospace,monospace;border-radius:4px}
.who{font-size:12px;color:var(--soft)}
"""

PAGE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title><style>{style}</style></head>
<body><h1>{title}</h1><p class="note">{judged}</p>
{body}
</body></html>
"""


def page(
    arms: Sequence[Arm],
    rows: Sequence[Row],
    comparisons: Sequence[Comparison],
    *,
    manifest: Mapping[str, Any],
    title: str,
    judged: str,
    more: Sequence[Table] = (),
) -> str:
    """The whole page. It loads nothing, and nothing that a model wrote can become markup."""
    parts = [_manifest(manifest)]
    first, *others = [*tables(rows, comparisons), *more]
    parts += [_table(first), *_plots(rows), *map(_table, others)]
    parts += ["<h2>Trajectories</h2>", *_trajectories(arms)]
    return PAGE.format(title=safe(title), style=STYLE, judged=safe(judged), body="\n".join(parts))


def _manifest(manifest: Mapping[str, Any]) -> str:
    shown = {key: value for key, value in manifest.items() if key not in ("schema", "tasks")}
    if "tasks" in manifest:
        shown["tasks"] = len(manifest["tasks"])
    lines = [
        f"<dt>{safe(key)}</dt>"
        f"<dd>{safe(value if isinstance(value, str) else json.dumps(value))}</dd>"
        for key, value in shown.items()
    ]
    return f"<details><summary>How it was made</summary><dl>{''.join(lines)}</dl></details>"


def _table(table: Table) -> str:
    left = text_columns(table)

    def line(cells: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=l' if place in left else ''}>{safe(cell)}</{tag}>"
            for place, cell in enumerate(cells)
        )

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in table.rows)
    note = f'<p class="note">{safe(table.note)}.</p>' if table.note else ""
    return (
        f'<h2>{safe(table.title)}</h2><div class="scroll"><table><thead><tr>'
        f"{line(table.columns, 'th')}</tr></thead><tbody>{body}</tbody></table></div>{note}"
    )


def _plots(rows: Sequence[Row]) -> Iterator[str]:
    formats = list(dict.fromkeys(row.format for row in rows))
    models = list(dict.fromkeys(row.model for row in rows))
    colours = {_name(row): colour(formats.index(row.format)) for row in rows}
    yield "<h2>Plots</h2>"
    yield bars(
        "Success with 95 % intervals",
        [
            Bar(
                label=_name(row),
                value=row.success,
                text=percent(row.success),
                colour=colours[_name(row)],
                interval=row.interval,
            )
            for row in rows
        ],
        most=1.0,
    )
    for model in models:
        own = [row for row in rows if row.model == model and row.curve]
        shown = [
            Curve(label=row.format, values=row.curve, colour=colours[_name(row)]) for row in own
        ]
        if shown:
            yield curves(f"{model}: solved within so many turns, %", shown, "turns")
    used = [row for row in rows if row.per_solved]
    if used:
        yield bars(
            "Tokens per solved task",
            [
                Bar(
                    label=_name(row),
                    value=row.per_solved or 0.0,
                    text=f"{row.per_solved:,.0f}",
                    colour=colours[_name(row)],
                )
                for row in used
            ],
        )
    if any(row.kinds for row in rows):
        yield stacks(
            "Unsolved episodes by kind", {_name(row): row.kinds for row in rows if row.kinds}
        )
    for domain in sorted({domain for row in rows for domain in row.by_domain}):
        inside = [(row, row.by_domain[domain]) for row in rows if domain in row.by_domain]
        yield bars(
            f"Success in {domain}, {inside[0][1][0]} tasks",
            [
                Bar(
                    label=_name(row),
                    value=share,
                    text=percent(share),
                    colour=colours[_name(row)],
                    interval=interval,
                )
                for row, (_, share, interval) in inside
            ],
            most=1.0,
        )


def _name(row: Row) -> str:
    return f"{row.model} {row.format}"


def _trajectories(arms: Sequence[Arm]) -> Iterator[str]:
    total = sum(len(arm.episodes) for arm in arms)
    room = MOST // max(1, len(arms))
    chosen = {
        id(arm): sorted(arm.episodes, key=lambda each: each.score.solved)[:room] for arm in arms
    }
    shown = sum(map(len, chosen.values()))
    if shown < total:
        yield f'<p class="note">{LEFT_OUT.format(shown=shown, total=total)}</p>'
    for arm in arms:
        order = sorted(chosen[id(arm)], key=lambda each: (each.domain, each.task, each.epoch))
        inside = "".join(map(_episode, order))
        if arm.failed:
            lived = "".join(_failed(each) for each in arm.failed[:room])
            inside += f'<p class="note">{FAILED}</p>{lived}'
        yield (
            f"<details><summary>{safe(f'{arm.model} {arm.format}')} "
            f'<span class="who">{len(arm.episodes)} episodes</span></summary>{inside}</details>'
        )


def _episode(episode: Episode) -> str:
    score = episode.score
    mark = "good" if score.solved else "bad"
    said = f"{score.kind}, {score.turns} turn{'' if score.turns == 1 else 's'}"
    return (
        f"<details><summary>{safe(episode.task)} "
        f'<span class="who">epoch {episode.epoch}</span> <span class="{mark}">{safe(said)}</span>'
        f"</summary>{_lived(episode.trajectory)}</details>"
    )


def _failed(trajectory: Trajectory) -> str:
    name = f"{trajectory.metadata.get('task')} {trajectory.error or ''}"
    return f"<details><summary>{safe(name)}</summary>{_lived(trajectory)}</details>"


def _lived(trajectory: Trajectory) -> str:
    prompt = "".join(_block(message.role, message.content) for message in trajectory.prompt)
    steps = "".join(_step(number, step) for number, step in enumerate(trajectory.steps, 1))
    return f"<details><summary>prompt</summary>{prompt}</details>{steps}"


def _step(number: int, step: Step) -> str:
    seen = step.observation
    text = step.completion.text
    if step.completion.calls or not text:
        text = "\n".join([text, _acted(step.action)]).strip()
    took = f"{step.completion.usage.output_tokens} tokens, {step.completion.seconds:.1f} s"
    error = f", {seen.error}" if seen.error else ""
    said = _block(f"turn {number}, {took}", text)
    if step.completion.reasoning:
        said = _block(f"turn {number}, reasoning", step.completion.reasoning) + said
    return said + _block(f"{seen.source}{error}, {seen.seconds:.2f} s", seen.text)


def _acted(action: Action) -> str:
    match action:
        case CodeAction(code=code):
            return code
        case ToolCall(name=name, args=args, kwargs=kwargs):
            named = [f"{key}={value!r}" for key, value in kwargs.items()]
            return f"{name}({', '.join([*map(repr, args), *named])})"
        case Answer(text=text):
            return text
        case InvalidAction(reason=reason):
            return reason


def _block(who: str, text: str) -> str:
    return f'<div class="who">{safe(who)}</div><pre>{safe(text)}</pre>'
