"""What the models of the action spaces came to: tables in Markdown, and a figure."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from codeact.evals.statistics import holm, interval, paired, success

SPLITS = ("requests", "names")
NAMES = {
    "code": "code",
    "json": "JSON, equal episodes",
    "text": "text, equal episodes",
    "json-equal": "JSON, equal tokens",
    "text-equal": "text, equal tokens",
    "all-code": "all three, asked in code",
    "all-json": "all three, asked in JSON",
    "all-text": "all three, asked in text",
}
COLOURS = {"code": "tab:blue", "json": "tab:orange", "text": "tab:green"}
FIGURE = "experiment-action-spaces.svg"


@dataclass(frozen=True, slots=True)
class Lived:
    """One measured episode of one model."""

    model: str
    seed: int
    split: str
    task: str
    calls: int
    solved: bool
    replies: int
    tokens: int


def report(folder: Path, out: Path | None) -> None:
    """Print the tables; with `out` draw the figure there."""
    runs = [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*-*.json"))
    ]
    lived = [each for run in runs for each in _lived(run)]
    print("\n".join([*_models(runs, lived), "", *_pairs(lived), "", *_by_calls(lived)]))
    if out is not None:
        _draw(lived, folder, out / FIGURE)


def _lived(run: Mapping[str, Any]) -> Iterable[Lived]:
    for each in run["lived"]:
        model = f"all-{each['space']}" if run["name"] == "all" else run["name"]
        facts = (each["split"], each["task"], each["calls"], each["solved"])
        yield Lived(model, run["seed"], *facts, each["replies"], each["tokens"])


def _outcomes(lived: Iterable[Lived], model: str, split: str) -> dict[str, list[bool]]:
    """The seeds of each task."""
    found: dict[str, list[bool]] = defaultdict(list)
    for each in lived:
        if each.model == model and each.split == split:
            found[each.task].append(each.solved)
    return dict(found)


def _domains(lived: Iterable[Lived]) -> dict[str, str]:
    return {each.task: str(each.calls) for each in lived}


def _models(runs: Sequence[Mapping[str, Any]], lived: Sequence[Lived]) -> list[str]:
    domains = _domains(lived)
    lines = [
        "| model | seeds | tokens read | solved, requests held out | solved, names too | "
        "replies | tokens written for each solved |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for model, called in NAMES.items():
        mine = [each for each in lived if each.model == model]
        if not mine:
            continue
        name = "all" if model.startswith("all") else model
        read = fmean(run["tokens"] for run in runs if run["name"] == name)
        shares = []
        for split in SPLITS:
            outcomes = _outcomes(lived, model, split)
            bounds = interval(outcomes, domains)
            shares.append(f"{success(outcomes):.1%} ({bounds.low:.1%}–{bounds.high:.1%})")
        first = [each for each in mine if each.split == SPLITS[0]]
        solved = sum(each.solved for each in first) or 1
        seeds = len({each.seed for each in mine})
        lines.append(
            f"| {called} | {seeds} | {read / 1e6:.1f} M | {shares[0]} | {shares[1]} | "
            f"{fmean(each.replies for each in first):.2f} | "
            f"{sum(each.tokens for each in first) / solved:.0f} |"
        )
    return lines


def _pairs(lived: Sequence[Lived]) -> list[str]:
    domains = _domains(lived)
    lines = [
        "| comparison | split | difference | 95 % | only first | only second | p (Holm) |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    others = ("json", "text", "json-equal", "text-equal")
    found = []
    for split in SPLITS:
        for other in others:
            one = _outcomes(lived, "code", split)
            two = _outcomes(lived, other, split)
            told = paired(one, two, domains)
            if told is not None:
                found.append((other, split, told))
    for (other, split, told), p in zip(found, holm([each[2].p for each in found]), strict=True):
        bounds = f"{told.interval.low:+.1%} to {told.interval.high:+.1%}"
        lines.append(
            f"| code against {NAMES[other]} | {split} | {told.difference:+.1%} | {bounds} | "
            f"{len(told.only_first)} | {len(told.only_second)} | {p:.3g} |"
        )
    return lines


def _by_calls(lived: Sequence[Lived]) -> list[str]:
    counts = sorted({each.calls for each in lived})
    lines = [
        "| solved, requests held out, by calls needed | " + " | ".join(map(str, counts)) + " |",
        "|---|" + "--:|" * len(counts),
    ]
    for model, called in NAMES.items():
        shares = _shares(lived, model, SPLITS[0])
        if shares:
            told = " | ".join(f"{shares[each]:.0%}" if each in shares else "" for each in counts)
            lines.append(f"| {called} | {told} |")
    return lines


def _shares(lived: Sequence[Lived], model: str, split: str) -> dict[int, float]:
    found: dict[int, list[bool]] = defaultdict(list)
    for each in lived:
        if (each.model, each.split) == (model, split):
            found[each.calls].append(each.solved)
    return {calls: fmean(solved) for calls, solved in sorted(found.items())}


def _draw(lived: Sequence[Lived], folder: Path, path: Path) -> None:
    """Success by calls needed on both splits, and the loss while training."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "codeact"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(13, 3.8), constrained_layout=True)
    for axis, split in zip(axes, SPLITS, strict=False):
        for model in ("code", "json", "text", "json-equal", "text-equal"):
            shares = _shares(lived, model, split)
            space, _, equal = model.partition("-")
            axis.plot(
                list(shares),
                [100 * each for each in shares.values()],
                color=COLOURS[space],
                linestyle="--" if equal else "-",
                marker="o",
                markersize=3,
                label=NAMES[model],
            )
        axis.set(xlabel="single calls needed", ylabel="solved, %", ylim=(0, 101))
        axis.set_title(
            "requests held out" if split == "requests" else "requests and names held out"
        )
    axes[0].legend(fontsize=7)
    for space, colour in COLOURS.items():
        for number, curve in enumerate(sorted(folder.glob(f"{space}-[0-9]/loss.csv"))):
            rows = [line.split(",") for line in curve.read_text().splitlines()[1:]]
            tokens, loss = [float(row[1]) / 1e6 for row in rows], [float(row[3]) for row in rows]
            label = space if number == 0 else None
            axes[2].plot(tokens, loss, color=colour, linewidth=0.8, alpha=0.8, label=label)
    axes[2].set(xlabel="million tokens read", ylabel="loss of the model's own tokens", yscale="log")
    axes[2].set_title("learning, equal episodes")
    axes[2].legend(fontsize=7)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
