"""Trains the small model from the command line: its folder, its data, its live line, its end."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import signal
import sys
import time
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import anyio

from codeact import trajectory as trajectories
from codeact.cli.harmless import clean
from codeact.cli.options import read_budget
from codeact.cli.session import runs_folder
from codeact.errors import CodeActError, ConfigError
from codeact.halting import Budget
from codeact.models.embedded import weights_folder
from codeact.models.nano_prompt import TOKENIZER
from codeact.recording import new_folder

if TYPE_CHECKING:
    from codeact.models.nano_tokens import Vocabulary
    from codeact.train.curve import Progress
    from codeact.train.tokens import Example

NO_TORCH = "Training needs torch, which is not installed: pip install 'codeact[train]'."
NO_GPU = "There is no GPU that torch can use here. Leave --device out, or say cpu."
NO_LIMIT = "--budget {text!r} bounds neither time nor tokens. Write 90s, 5m, 2h, 500k or 20Mtok."
MAKING = "Making episodes: {done} of {count}"
MADE = "{count} episodes in {path}\n"
BEGIN = "{verb}: {parameters:,} parameters, {examples:,} episodes, {device}, in {folder}\n"
LIVE = (
    "{done:4.0%}  {tokens:>11,} tokens  loss {loss:.4f}  {speed:>9,.0f} tokens/s  "
    "{left} left  {line}"
)
END = "{tokens:,} tokens, loss {loss:.4f}, {speed:,.0f} tokens/s\nModel: {model}\nCurve: {curve}\n"
STOPPED = "Stopped and saved. The same command with -o {folder} goes on.\n"
WRITTEN = "Written: {path}\n"

VOCABULARY, TASKS_FOR_VOCABULARY = 4_096, 30_000
EPISODE_TOKENS, EPISODES_AT_MOST, EPISODES_AT_LEAST = 140, 100_000, 300
EXERCISES = 0.25
"""How many exercises in copying there are for each episode."""
CHAINS = 0.1
"""How many conversations of several episodes there are for each of them."""
PLAYING_SHARE = 0.25
"""How much of a budget in time goes into making episodes."""
LINE_SECONDS = 10.0
"""How often a line is written where the output is no terminal."""
BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the command line asks for."""

    budget: str = "10m"
    out: Path | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    start: Path | None = None
    data: list[Path] = field(default_factory=list)
    episodes: int | None = None
    threads: int = 0
    seed: int = 1


def train(plan: Plan, environ: MutableMapping[str, str]) -> int:
    """Train, or go on; the exit code."""
    environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin starve each other
    try:
        budget = _limit(plan.budget)
        _need_torch()
        return _train(plan, budget)
    except CodeActError as error:
        sys.stderr.write(f"Error: {clean(str(error))}\n")
        return 2 if isinstance(error, ConfigError) else 3


def write_export(start: Path | None, to: Literal["hf", "gguf"], out: Path) -> int:
    """Write weights in another program's format; the exit code."""
    try:
        _need_torch()
        from codeact.train.export import to_gguf, to_hf

        (to_hf if to == "hf" else to_gguf)(start or weights_folder(), out)
    except CodeActError as error:
        sys.stderr.write(f"Error: {clean(str(error))}\n")
        return 2 if isinstance(error, ConfigError) else 3
    sys.stdout.write(WRITTEN.format(path=out))
    return 0


def _need_torch() -> None:
    for name in ("torch", "safetensors", "gguf"):
        if importlib.util.find_spec(name) is None:
            raise ConfigError(NO_TORCH)


def _limit(text: str) -> Budget:
    budget = read_budget([text.removesuffix("tok")])
    if budget.tokens is None and budget.seconds is None:
        raise ConfigError(NO_LIMIT.format(text=text))
    return budget


def _train(plan: Plan, budget: Budget) -> int:
    from codeact.train.copying import exercises
    from codeact.train.curve import draw
    from codeact.train.nano import SIZES, Settings, Shape, Training, chosen
    from codeact.train.release import read_weights, release, shape_of
    from codeact.train.tokens import chained

    device = chosen(plan.device)
    if device is None:
        raise ConfigError(NO_GPU)
    folder = plan.out or new_folder(runs_folder().parent / "train")
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = _vocabulary(plan, folder)
    files = plan.data or [_episodes(plan, folder, budget)]
    shape = Shape(vocabulary=vocabulary.size, **SIZES[device])
    shape = shape_of(plan.start) if plan.start else shape
    examples = list(_examples(files, vocabulary))
    copied = exercises(vocabulary, int(len(examples) * EXERCISES), plan.seed)
    chains = {"count": int(len(examples) * CHAINS), "context": shape.context, "seed": plan.seed}
    examples += [*copied, *chained(examples, vocabulary, **chains)]
    training = Training(
        folder,
        shape,
        Settings(
            tokens=budget.tokens, seconds=budget.seconds, seed=plan.seed, threads=plan.threads
        ),
        device,
    )
    resumed = training.resume()
    if plan.start and not resumed:
        training.begin_with(read_weights(plan.start))
    size = sum(weight.numel() for weight in training.net.parameters())
    verb = "Going on" if resumed else "Training"
    sys.stdout.write(
        BEGIN.format(
            verb=verb, parameters=size, examples=len(examples), device=device, folder=folder
        )
    )
    live = _Live()
    with _stopping() as stopped:
        training.run(examples, vocabulary.pad, live.told, lambda: bool(stopped))
    families = _families(files)
    release(folder, folder / TOKENIZER, folder / "model", families, {"device": device})
    live.end(folder / "model", draw(folder))
    if stopped:
        sys.stdout.write(STOPPED.format(folder=folder))
        return 130
    return 0


def _vocabulary(plan: Plan, folder: Path) -> Vocabulary:
    """The run's tokenizer: kept from before, taken over with weights, or learned now."""
    from codeact.models.nano_tokens import Vocabulary
    from codeact.tasks.families import instances
    from codeact.train.vocabulary import known_texts, learn

    path = folder / TOKENIZER
    if not path.exists():
        if plan.start is not None:
            path.write_bytes((plan.start / TOKENIZER).read_bytes())
        else:
            count = min(TASKS_FOR_VOCABULARY, plan.episodes or TASKS_FOR_VOCABULARY)
            drawn = instances(seed=plan.seed, count=count)
            learn(known_texts(drawn), VOCABULARY, path)
    return Vocabulary.load(path)


def _episodes(plan: Plan, folder: Path, budget: Budget) -> Path:
    """The file of this run's episodes, made where it is not complete."""
    from codeact.train.episodes import play_for_training

    path, complete = folder / "episodes.jsonl", folder / "episodes.complete"
    if complete.exists():
        return path
    path.unlink(missing_ok=True)
    wanted = (budget.tokens or 0) // (2 * EPISODE_TOKENS) or EPISODES_AT_MOST
    count = plan.episodes or max(EPISODES_AT_LEAST, min(EPISODES_AT_MOST, wanted))
    bounded = plan.episodes is None and budget.seconds is not None
    seconds = (budget.seconds or 0.0) * PLAYING_SHARE if bounded else None

    def told(number: int, trajectory: trajectories.Trajectory) -> None:
        if sys.stdout.isatty() and number % 20 == 0:
            sys.stdout.write("\r" + MAKING.format(done=number, count=count))
            sys.stdout.flush()

    async def play() -> int:
        return await play_for_training(
            path, count=count, seed=plan.seed, seconds=seconds, told=told
        )

    made = anyio.run(play)
    complete.touch()
    sys.stdout.write("\r" * sys.stdout.isatty() + MADE.format(count=made, path=path))
    return path


def _examples(files: list[Path], vocabulary: Vocabulary) -> Iterator[Example]:
    from codeact.train.tokens import example

    for file in files:
        for record in trajectories.read(file):
            yield example(record, vocabulary)


def _families(files: list[Path]) -> list[str]:
    """The families that the data holds, for the card: the model is measured on these."""
    found: set[str] = set()
    for file in files:
        with file.open(encoding="utf-8") as lines:
            found |= {json.loads(line)["metadata"].get("family", "") for line in lines}
    return sorted(found - {""})


@contextlib.contextmanager
def _stopping() -> Iterator[list[int]]:
    """A list that Ctrl-C makes longer; a second one ends the program as usual."""
    signals: list[int] = []

    def note(number: int, frame: object) -> None:
        signals.append(number)
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield signals
    finally:
        signal.signal(signal.SIGINT, before)


class _Live:
    """One line that moves on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._losses: list[float] = []
        self._last: Progress | None = None
        self._written = 0.0

    def told(self, progress: Progress) -> None:
        self._losses.append(progress.loss)
        self._last = progress
        terminal = sys.stdout.isatty()
        if terminal or time.monotonic() - self._written > LINE_SECONDS or progress.done >= 1.0:
            self._written = time.monotonic()
            left = progress.seconds * (1 - progress.done) / max(progress.done, 1e-6)
            line = LIVE.format(
                done=progress.done,
                tokens=progress.tokens,
                loss=progress.loss,
                speed=progress.tokens_per_second,
                left=f"{left // 60:.0f}:{left % 60:02.0f}",
                line=_sparkline(self._losses),
            )
            sys.stdout.write(f"\r{line}" if terminal else f"{line}\n")
            sys.stdout.flush()

    def end(self, model: Path, curve: Path) -> None:
        last = self._last
        if last is not None:
            speed = last.tokens / last.seconds if last.seconds else 0.0
            facts = {"tokens": last.tokens, "loss": last.loss, "speed": speed}
            sys.stdout.write("\n" * sys.stdout.isatty())
            sys.stdout.write(END.format(model=model, curve=curve, **facts))


def _sparkline(losses: list[float], width: int = 24) -> str:
    """The curve so far in as many bars, each the mean of its stretch."""
    size = max(1, -(-len(losses) // width))
    means = [
        sum(losses[at : at + size]) / len(losses[at : at + size])
        for at in range(0, len(losses), size)
    ]
    low, high = min(means), max(means)
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(BARS[round((mean - low) * scale)] for mean in means)
