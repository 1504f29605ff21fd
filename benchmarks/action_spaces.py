"""One small model for each action space, everything else the same: what is easier to learn?

    python benchmarks/action_spaces.py runs/spaces                 # goes on where it was stopped
    python benchmarks/action_spaces.py runs/spaces --seeds 1 --episodes 20000
    python benchmarks/action_spaces.py runs/spaces --report docs   # the tables and plots anew

The same tasks, tools, names, prompt, tokenizer, network, limits and optimizer, and the same weights
to begin with, which can copy and look up, and know no spelling; only the spelling of the actions
differs. Two budgets: equal episodes (each model learns the same tasks, and JSON and text read more
tokens), and equal tokens (each reads as many as code did). One more model learns all three spaces,
told apart by a tag, a third of the same tasks in each. All are measured on the same tasks that no
training draws, really lived through the engine: requests alone held out, and requests and names.
Needs torch.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import anyio
from action_spaces_report import report
from action_spaces_tasks import Exercise, exercises

from codeact import trajectory as trajectories
from codeact.agent import Agent
from codeact.environment import Environment
from codeact.evals.no_interpreter import NoInterpreter
from codeact.events import Emit, ignore
from codeact.formats import ActionFormat, by_name
from codeact.messages import Completion, Message, Sampling, ToolSchema, Usage
from codeact.models import Model, Until, never
from codeact.models.embedded import EmbeddedModel
from codeact.models.nano_prompt import TOKENIZER, Piece, pieces
from codeact.models.nano_tokens import Vocabulary
from codeact.observations import Observation
from codeact.prompt import system_prompt
from codeact.tasks.families.names import Side
from codeact.tasks.families.play import Playground, playground
from codeact.tools import Toolbox
from codeact.train.copying import exercises as copied
from codeact.train.curve import Progress
from codeact.train.nano import Settings, Shape, Training
from codeact.train.release import read_weights, release, shape_of
from codeact.train.tokens import Example
from codeact.train.vocabulary import learn
from codeact.trajectory import Trajectory

SPACES = ("code", "json", "text")
SHAPE = {"width": 128, "layers": 4, "heads": 4, "hidden": 352, "context": 1_536}
VOCABULARY = 1_024
MAX_STEPS = 10
COPIED = 0.25
"""Exercises in copying for each episode, the same for all."""
RATE = 3e-3
SPLITS: dict[str, Side] = {"requests": "train", "names": "held"}


@dataclass(frozen=True, slots=True)
class Plan:
    """Where everything lies, how many exercises the base learns, how many episodes a model learns,
    and how many tasks measure it.
    """

    folder: Path
    exercises: int
    episodes: int
    tasks: int


class Oracle:
    """Writes the way that an exercise knows, in a format."""

    name = "oracle"
    context_tokens: int | None = None
    sees = False

    def __init__(self, exercise: Exercise, format: ActionFormat) -> None:
        replies = [format.write(each) for each in exercise.actions(format.name)]
        self._replies = iter([*replies, exercise.answer])

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        stop: Sequence[str] = (),
        until: Until = never,
        tools: Sequence[ToolSchema] = (),
        sampling: Sampling = Sampling(),
        emit: Emit = ignore,
    ) -> Completion:
        return Completion(text=next(self._replies), usage=Usage(estimated=True))

    async def aclose(self) -> None:
        """Holds nothing."""


class InSpace(EmbeddedModel):
    """A small model that was trained in one action space; with a tag, in several."""

    def __init__(self, folder: Path, tag: str) -> None:
        super().__init__(folder)
        self._tag = tag

    def read(self, messages: Sequence[Message], tools: Sequence[ToolSchema]) -> list[Piece]:
        return tagged(pieces(messages), self._tag)


def tagged(found: Sequence[Piece], tag: str) -> list[Piece]:
    head, *rest = found
    return [Piece(head.part, f"{tag}\n{head.text}") if tag else head, *rest]


class Content:
    """The user who takes the first answer."""

    async def hear(self, answer: str) -> Observation:
        return Observation(text="", source="user", done=True)


async def live(
    exercise: Exercise, space: str, model: Model, ground: Playground | None
) -> tuple[Trajectory, bool]:
    """One episode, and whether it was solved."""
    format, toolbox = by_name(space), Toolbox(exercise.tools)
    if ground is not None:
        await ground.clear()
    world = Environment(interpreter=ground or NoInterpreter(), toolbox=toolbox, user=Content())
    agent = Agent(model=model, format=format, max_steps=MAX_STEPS, final_turn=False)
    asked = Message(role="user", content=exercise.request)
    trajectory = await agent.run((system_prompt(format, toolbox), asked), world)
    answer, acted = trajectory.answer, len(trajectory.steps) > 1
    solved = acted and answer is not None
    return trajectory, bool(
        solved and exercise.expected.accepts(answer or "", exercise.request, Path())
    )


async def make_episodes(folder: Path, space: str, seed: int, count: int) -> Path:
    """Oracles' episodes in a space; those that the oracle does not solve would be a defect."""
    path = folder / f"episodes-{space}-{seed}.jsonl"
    done = path.with_suffix(".complete")
    if done.exists():
        return path
    path.unlink(missing_ok=True)
    async with playground() as ground:
        for exercise in exercises(seed, count):
            format = by_name(space)
            used = ground if space == "code" else None
            trajectory, solved = await live(exercise, space, Oracle(exercise, format), used)
            assert solved, (space, exercise)
            trajectories.append(path, trajectory)
    done.touch()
    return path


def vocabulary_of(plan: Plan) -> Vocabulary:
    """One tokenizer for all, learned from all three spellings, the drawn names left out."""
    path = plan.folder / TOKENIZER
    if not path.exists():
        learn(_known(min(6_000, plan.episodes)), VOCABULARY, path)
    return Vocabulary.load(path)


def _known(count: int) -> Iterator[str]:
    for exercise in exercises(0, count):
        names = "|".join(map(re.escape, sorted(exercise.names, key=len, reverse=True)))
        texts = [exercise.request, exercise.answer, *SPACES]
        texts += [f"{each.signature}\n{each.description}" for each in exercise.tools]
        for space in SPACES:
            texts += [by_name(space).write(each) for each in exercise.actions(space)]
        for text in texts:
            yield re.sub(names, " ", text, flags=re.IGNORECASE)


def examples(lived: Iterable[Trajectory], vocabulary: Vocabulary, tag: str) -> Iterator[Example]:
    for record in lived:
        ids, mask = array("H"), bytearray()
        for piece in tagged(pieces(record.messages()), tag):
            tokens = vocabulary.piece(piece)
            ids.extend(tokens)
            mask.extend([0] + [piece.part == "assistant"] * (len(tokens) - 1))
        yield Example(ids, bytes(mask))


def base(plan: Plan) -> Path:
    """The common beginning: a network that copies and looks up, in no action's spelling."""
    home = plan.folder / "base"
    if not (home / "model" / TOKENIZER).exists():
        vocabulary = vocabulary_of(plan)
        lessons = list(copied(vocabulary, plan.exercises, 0, bare=True))
        tokens = sum(len(each.ids) for each in lessons)
        shape = Shape(vocabulary=vocabulary.size, **SHAPE)
        training = Training(home, shape, Settings(tokens=tokens, batch=4_096), "cpu")
        train(training, lessons, vocabulary.pad)
    return home / "model"


def train(
    training: Training, lessons: Sequence[Example], pad: int, start: Path | None = None
) -> None:
    """Begin or go on, to the end; the model lies in the training's folder then."""
    home = training.folder
    if not training.resume() and start is not None:
        training.begin_with(read_weights(start))
    training.run(lessons, pad, lambda progress: _say(home.name, progress))
    release(home, home.parent / TOKENIZER, home / "model", (), {"device": "cpu"})


async def run(plan: Plan, name: str, seed: int, tokens: int | None) -> int:
    """Train and measure one model, if that is not done; the tokens that it read."""
    folder, episodes = plan.folder, plan.episodes
    record = folder / f"{name}-{seed}.json"
    if record.exists():
        told: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
        return int(told["tokens"])
    vocabulary = vocabulary_of(plan)
    spaces = SPACES if name.startswith("all") else (name.partition("-")[0],)
    lessons: list[Example] = []
    for place, space in enumerate(spaces):
        tag = space if len(spaces) > 1 else ""
        path = await make_episodes(folder, space, seed, episodes)
        mine = islice(trajectories.read(path), place, None, len(spaces))
        lessons += examples(mine, vocabulary, tag)
    lessons += copied(vocabulary, int(episodes * COPIED), seed, bare=True)
    budget = tokens or sum(len(each.ids) for each in lessons)
    start, home = base(plan), folder / f"{name}-{seed}"
    settings = Settings(tokens=budget, seed=seed, batch=4_096, rate=RATE)
    training = Training(home, shape_of(start), settings, "cpu")
    began = time.monotonic()
    train(training, lessons, vocabulary.pad, start)
    found: dict[str, Any] = {
        "name": name,
        "seed": seed,
        "episodes": episodes,
        "tokens": budget,
        "seconds": round(time.monotonic() - began),
        "parameters": sum(each.numel() for each in training.net.parameters()),
        "lived": [],
    }
    for space in spaces:
        tag = space if len(spaces) > 1 else ""
        found["lived"] += await measure(home / "model", space, tag, plan.tasks)
    record.write_text(json.dumps(found), encoding="utf-8")
    return budget


def _say(name: str, progress: Progress) -> None:
    if progress.done >= 1 or progress.tokens % 400_000 < 5_000:
        facts = f"{progress.done:4.0%} {progress.tokens:>11,} tokens, loss {progress.loss:.3f}"
        print(f"{name}: {facts}, {progress.tokens_per_second:,.0f} tokens/s", flush=True)


async def measure(home: Path, space: str, tag: str, tasks: int) -> list[dict[str, Any]]:
    """The same tasks for every model: solved or not, replies, tokens read and written."""
    model = InSpace(home, tag)
    found = []
    async with playground() as ground:
        for split, names in SPLITS.items():
            for exercise in exercises(9_000, tasks, held=True, names=names):
                used = ground if space == "code" else None
                trajectory, solved = await live(exercise, space, model, used)
                found.append(
                    {
                        "space": space,
                        "split": split,
                        "task": exercise.id,
                        "kind": exercise.kind,
                        "calls": len(exercise.calls),
                        "solved": solved,
                        "replies": len(trajectory.steps),
                        "tokens": sum(
                            each.completion.usage.output_tokens for each in trajectory.steps
                        ),
                        "end": str(trajectory.stop_reason),
                    }
                )
    print(f"{home.parent.name} in {space}:", _share(found), flush=True)
    return found


def _share(found: Sequence[dict[str, Any]]) -> str:
    told = []
    for split in SPLITS:
        mine = [each["solved"] for each in found if each["split"] == split]
        told.append(f"{split} {sum(mine)}/{len(mine)}")
    return ", ".join(told)


async def whole(plan: Plan, seeds: int) -> None:
    """Equal episodes, equal tokens, and one model for all spaces."""
    for seed in range(1, seeds + 1):
        tokens = await run(plan, "code", seed, None)
        for space in ("json", "text"):
            await run(plan, space, seed, None)
            await run(plan, f"{space}-equal", seed, tokens)
        await run(plan, "all", seed, None)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--exercises", type=int, default=160_000, help="in copying, for the base")
    parser.add_argument("--episodes", type=int, default=20_000, help="that each model learns from")
    parser.add_argument("--tasks", type=int, default=500, help="measured in each split")
    parser.add_argument("--report", type=Path, help="write tables and plots there, train nothing")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.report is None:
        plan = Plan(options.folder, options.exercises, options.episodes, options.tasks)
        anyio.run(whole, plan, options.seeds)
    report(options.folder, options.report)


if __name__ == "__main__":
    main()
