"""What the harness of `codeact eval` costs by itself: CPU a turn, seconds for a whole M3ToolEval.

    python benchmarks/harness.py            82 tasks, three formats, five epochs, scripted replies
    python benchmarks/harness.py --epochs 1 --formats json

The reference player is lived once; its replies are then played by the scripted model, so that what
is measured is the harness, its tools and its files. Code runs in real kernels, whose own processes
are not counted as CPU of the harness but are in the seconds; there the player itself plays, four
episodes at once, and the CPU is mostly that of opening a kernel for each episode. Where inspect-ai
is installed, the json replies go through its evaluation of the same tasks too.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import anyio

from codeact import trajectory as trajectories
from codeact.evals.m3tooleval import M3ToolEval, run
from codeact.models import Model
from codeact.models.scripted import ScriptedModel

FORMATS = ("json", "text", "code")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--formats", nargs="+", default=FORMATS, choices=FORMATS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(_measure, given.epochs, given.formats, Path(folder))
        if importlib.util.find_spec("inspect_ai") is None:
            print("Inspect is not installed: its cost is not measured.")
        else:
            _inspect(Path(folder))


async def _measure(epochs: int, formats: Sequence[str], folder: Path) -> None:
    benchmark = M3ToolEval()
    print(f"{'format':8}{'episodes':>9}{'turns':>8}{'solved':>8}{'s':>8}{'CPU ms a turn':>15}")
    whole = 0.0
    for format in formats:
        replies, player = await _replies(benchmark, format, folder)
        alone = format != "code"
        begun, used = time.perf_counter(), time.process_time()
        tallies = await run(
            benchmark,
            ScriptedModel(replies * epochs) if alone else player,
            [format],
            out=folder / "played",
            epochs=epochs,
            max_turns=20,
            concurrency=1 if alone else 4,
        )
        seconds, cpu = time.perf_counter() - begun, time.process_time() - used
        tally, turns, whole = tallies[format], len(replies) * epochs, whole + seconds
        each = f"{1000 * cpu / turns:.2f}"
        print(f"{format:8}{tally.n:>9}{turns:>8}{tally.solved:>8}{seconds:>8.1f}{each:>15}")
    print(f"All of it: {whole:.1f} s.")


async def _replies(benchmark: M3ToolEval, format: str, folder: Path) -> tuple[list[str], Model]:
    """What the reference player writes, episode after episode, and the player."""
    player = benchmark.reference(format, benchmark.tasks())
    out = folder / "reference"
    turns = player.max_turns
    await run(benchmark, player.model, [format], out=out, epochs=1, max_turns=turns, concurrency=1)
    lived = trajectories.read(out / f"{format}.jsonl")
    return [step.completion.text for each in lived for step in each.steps], player.model


def _inspect(folder: Path) -> None:
    """The json replies of one epoch through Inspect; its own start is not counted."""
    from inspect_ai import eval as evaluate
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    from codeact.evals.inspect_tasks import m3tooleval

    lived = trajectories.read(folder / "reference" / "json.jsonl")
    texts = [step.completion.text for each in lived for step in each.steps]
    outputs = [ModelOutput.from_content("mockllm/model", text) for text in texts]
    for output in outputs:  # else Inspect counts tokens with a file from the network
        output.usage = ModelUsage(input_tokens=8, output_tokens=2, total_tokens=10)
    model = get_model("mockllm/model", custom_outputs=outputs, memoize=False)
    task = m3tooleval(format="json", max_turns=20)
    begun, used = time.perf_counter(), time.process_time()
    (log,) = evaluate(
        task, model=model, epochs=1, max_samples=1, display="none", log_dir=str(folder / "logs")
    )
    seconds, cpu = time.perf_counter() - begun, time.process_time() - used
    each = f"{1000 * cpu / len(texts):.2f}"
    print(f"Inspect, json, {log.status}: {seconds:.1f} s, {each} ms CPU a turn.")


if __name__ == "__main__":
    main()
