"""Selects, counts, converts and mixes from the command line, and tells what came of it."""

from __future__ import annotations

import dataclasses
import json as json_text
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codeact.cli.evaluation import failure
from codeact.cli.harmless import clean
from codeact.data.conversations import Conversation, of_trajectory
from codeact.data.convert import Target, Written, convert, fresh
from codeact.data.layouts import read
from codeact.data.mixture import Mixture, mix
from codeact.data.select import Keep, course_of
from codeact.data.select import select as worth_keeping
from codeact.data.tally import Row, counted, guessed, tally
from codeact.data.templates import template as by_template
from codeact.data.thinning import distinct, latest, within
from codeact.errors import CodeActError, ConfigError
from codeact.trajectory import Trajectory, to_json
from codeact.trajectory import read as read_trajectories

if TYPE_CHECKING:
    from codeact.data.templates import Spelled

SCHEMA = "codeact.mixture/1"
MANIFEST = "mixture.json"

NOT_A_PAIR = "{flag} {text!r}: write {form}."
SELECTED = "{kept:,} kept of {there:,}: {steps}; written to {path}"
UNJUDGED = "{count:,} of them were never judged and count as unsolved (see `codeact data collect`)."
FEW = "Most solved ones took at most two replies; --keep solved keeps those as well."
CONVERTED = "{count:,} conversations written to {path}"
LEFT_OUT = "{count:,} left out: {reason}"
MIXED = "{train:,} to train on, {validation:,} to validate; in {folder}"
SHORT = "{name} had too little: {share:.1%} of the tokens instead of {wanted:.1%}"
SEVERAL = "{path} was given twice."


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What `select` is asked for; quotas are texts such as math=500."""

    keep: Keep = "paper"
    recovery: bool = False
    per_task: int | None = None
    quotas: Sequence[str] = ()
    seed: int = 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """What `mix` is asked for; general ones are texts such as orca.jsonl=0.2."""

    general: Sequence[str] = ()
    validation: float = 0.02
    to: Target = "messages"
    template: Path | None = None
    tokenizer: Path | None = None
    seed: int = 1


def select(files: Sequence[Path], out: Path, chosen: Selection, *, force: bool, json: bool) -> int:
    """Write the trajectories that are kept; the exit code."""
    try:
        quotas = {name: int(n) for name, n in _pairs("--quota", chosen.quotas, "SOURCE=N", int)}
        with fresh(out, force=force) as part:
            there = latest(each for file in files for each in read_trajectories(file))
            unjudged = sum("outcome" not in each.metadata for each in there)
            solved = [each for each in there if _solved(each)]
            kept = list(
                worth_keeping(
                    there,
                    lambda each: course_of(each, solved=_solved(each)),
                    keep=chosen.keep,
                    require_recovery=chosen.recovery,
                )
            )
            single = list(distinct(kept, of_trajectory, per_task=chosen.per_task))
            within_quotas = within(single, of_trajectory, quotas, seed=chosen.seed)
            with part.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(to_json(each) + "\n" for each in within_quotas)
    except CodeActError as error:
        return failure(error)
    record = {
        "there": len(there),
        "solved": len(solved),
        f"kept by {chosen.keep}": len(kept),
        "distinct": len(single),
        "within quotas": len(within_quotas),
    }
    if json:
        _say_json(record)
        return 0
    steps = ", ".join(f"{name} {count:,}" for name, count in list(record.items())[1:])
    said = SELECTED.format(kept=len(within_quotas), there=len(there), steps=steps, path=out)
    _say(said)
    if unjudged:
        _say(UNJUDGED.format(count=unjudged))
    if chosen.keep == "paper" and 2 * len(kept) < len(solved):
        _say(FEW)
    return 0


def stats(files: Sequence[Path], *, tokenizer: Path | None, json: bool) -> int:
    """Print the table; the exit code."""
    from codeact.cli.report_screen import show
    from codeact.evals.report import Table

    try:
        rows = tally(_read(files), counted(tokenizer) if tokenizer else guessed)
    except CodeActError as error:
        return failure(error)
    if json:
        _say_json([{**dataclasses.asdict(row), "mean": round(row.mean, 2)} for row in rows])
        return 0
    note = "Tokens by the tokenizer." if tokenizer else "Tokens are guessed from the characters."
    columns = ("source", "instances", "tasks", "tokens", "mean", "learned")
    show([Table(title="Data", columns=columns, rows=tuple(map(_row, rows)), note=note)], sys.stdout)
    return 0


def convert_files(
    files: Sequence[Path],
    out: Path,
    to: Target,
    template: Path | None,
    *,
    force: bool,
    json: bool,
) -> int:
    """Write the conversations of all files into one; the exit code."""
    try:
        written = convert(_read(files), out, to, spell=_spell(template), force=force)
    except CodeActError as error:
        return failure(error)
    if json:
        _say_json({"count": written.count, "left_out": dict(written.left_out)})
    else:
        _say(CONVERTED.format(count=written.count, path=out))
        _tell_left_out(written)
    return 0


def blend(files: Sequence[Path], out: Path, wanted: Blend, *, force: bool, json: bool) -> int:
    """Write both sides of the mixture and how it was made; the exit code."""
    try:
        pairs = _pairs("--general", wanted.general, "FILE=SHARE", float)
        names = [*map(str, files), *(name for name, _ in pairs)]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(SEVERAL.format(path=name))
        count = counted(wanted.tokenizer) if wanted.tokenizer else guessed
        mixture = mix(
            {str(file): list(read(file)) for file in files},
            {name: (list(read(Path(name))), share) for name, share in pairs},
            tokens=lambda each: count(each)[0],
            validation=wanted.validation,
            seed=wanted.seed,
        )
        written = _write(mixture, out, wanted, force=force)
    except CodeActError as error:
        return failure(error)
    record = _made(mixture, wanted)
    if json:
        _say_json(record)
        return 0
    for part in record["parts"]:
        _say(f"{part['share']:7.1%}  {part['taken']:8,} of {part['there']:,}  {part['name']}")
    for part in record["parts"]:
        if part["wanted"] is not None and part["share"] < 0.95 * part["wanted"]:
            _say(SHORT.format(name=part["name"], share=part["share"], wanted=part["wanted"]))
    train, validation = len(mixture.train), len(mixture.validation)
    _say(MIXED.format(train=train, validation=validation, folder=out))
    for each in written:
        _tell_left_out(each)
    return 0


def _write(mixture: Mixture, out: Path, wanted: Blend, *, force: bool) -> list[Written]:
    ending = "parquet" if wanted.to == "parquet" else "jsonl"
    spell = _spell(wanted.template)
    written = []
    with fresh(out / MANIFEST, force=force) as manifest:
        sides = {"train": mixture.train, "validation": mixture.validation}
        for name, side in sides.items():
            path = out / f"{name}.{ending}"
            if not side and force:
                path.unlink(missing_ok=True)
            elif side:
                written.append(convert(side, path, wanted.to, spell=spell, force=force))
        text = json_text.dumps(_made(mixture, wanted), indent=1, ensure_ascii=False)
        manifest.write_text(text + "\n", encoding="utf-8")
    return written


def _made(mixture: Mixture, wanted: Blend) -> dict[str, Any]:
    total = sum(part.tokens for part in mixture.parts) or 1
    return {
        "schema": SCHEMA,
        "seed": wanted.seed,
        "validation": wanted.validation,
        "train": len(mixture.train),
        "validate": len(mixture.validation),
        "tokens": total,
        "tokenizer": str(wanted.tokenizer) if wanted.tokenizer else None,
        "parts": [
            {**dataclasses.asdict(part), "share": round(part.tokens / total, 4)}
            for part in mixture.parts
        ],
    }


def _read(files: Sequence[Path]) -> Iterator[Conversation]:
    for file in files:
        yield from read(file)


def _spell(template: Path | None) -> Callable[..., Spelled] | None:
    return by_template(template.read_text(encoding="utf-8")) if template else None


def _solved(trajectory: Trajectory) -> bool:
    return trajectory.metadata.get("outcome") == "solved"


def _pairs(
    flag: str, texts: Sequence[str], form: str, kind: Callable[[str], float]
) -> list[tuple[str, float]]:
    """Raises ConfigError."""
    found = []
    for text in texts:
        name, _, value = text.rpartition("=")
        try:
            found.append((name, kind(value)))
        except ValueError as error:
            raise ConfigError(NOT_A_PAIR.format(flag=flag, text=text, form=form)) from error
        if not name:
            raise ConfigError(NOT_A_PAIR.format(flag=flag, text=text, form=form))
    return found


def _row(row: Row) -> tuple[str, ...]:
    counts = (f"{row.instances:,}", f"{row.tasks:,}", f"{row.tokens:,}")
    return (row.source, *counts, f"{row.mean:,.2f}", f"{row.learned:,}")


def _tell_left_out(written: Written) -> None:
    for reason, count in written.left_out.most_common():
        _say(LEFT_OUT.format(count=count, reason=reason))


def _say(text: str) -> None:
    sys.stdout.write(clean(text) + "\n")


def _say_json(record: Any) -> None:
    sys.stdout.write(json_text.dumps(record, indent=1, ensure_ascii=False) + "\n")
