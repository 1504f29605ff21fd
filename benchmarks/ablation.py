"""The paper's ablation (Table A.8) at a small scale: without code actions, without conversation.

    python benchmarks/ablation.py runs/ablation            # goes on where it was stopped
    python benchmarks/ablation.py runs/ablation --seeds 1 --episodes 5000

Three small models from scratch learn the same episodes, but for what is left out: code actions of
forty families of tasks, and general conversation: small talk, what the model cannot do, and word
problems that are solved in words. What stays is seen as often as in the whole mixture. Each is
measured on tasks, on talk in wordings by hand, and on word problems, none of which was learned.
Needs torch.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import anyio

from codeact import trajectory as trajectories
from codeact.evals.statistics import wilson
from codeact.messages import Message
from codeact.models.embedded import EmbeddedModel
from codeact.models.nano_prompt import TOKENIZER, Piece
from codeact.models.nano_tokens import Vocabulary
from codeact.tasks.families import Axes, families, instances
from codeact.tasks.families.expected import numbers_in
from codeact.tasks.families.family import Draw
from codeact.tasks.families.held_out import reserved
from codeact.tasks.families.play import play
from codeact.tasks.families.registry import by_name
from codeact.tasks.families.wording import expanded
from codeact.train.copying import exercises as copied
from codeact.train.episodes import play_for_training
from codeact.train.nano import Settings, Shape, Training
from codeact.train.release import release
from codeact.train.tokens import Example, example
from codeact.train.vocabulary import known_texts, learn

TASKS = (
    *("prime_sum", "prime_test", "factorial", "fibonacci", "gcd", "digit_sum", "divisors"),
    *("range_sum", "percent", "discount", "units", "temperature", "days_between", "weekday"),
    *("average", "median", "list_sum", "largest", "smallest", "sort_numbers", "reverse_list"),
    *("even_numbers", "distinct", "count_above", "count_vowels", "reverse", "upper", "count_words"),
    *("longest_word", "palindrome", "anagram", "count_letter", "replace", "sort_names"),
    *("rectangle_area", "hypotenuse", "even_or_odd", "ask_tool", "tool_sum", "call"),
)
TALK = tuple(each.name for each in families() if each.group == "talk")
MODELS = {"all": "whole mixture", "talk": "without code actions", "tasks": "without conversation"}
"""By what they learn."""
COPIED, TALKED, TOLD = 0.25, 0.25, 0.5
"""Exercises in copying, small talk, and word problems for each episode of a task."""
SHAPE = {"width": 192, "layers": 4, "heads": 6, "hidden": 512, "context": 384}
VOCABULARY = 2_048
IN_WORDS = " Explain it in words."
WAYS = ("{a} and {b} are {s}. {s} less {c} are {r}. So the answer is {r}.",)


def problems(seed: int, count: int, *, held: bool) -> Iterator[tuple[str, str, int]]:
    """Word problems with small numbers, how they are solved in words, and the answer."""
    story, seen = by_name("story_gives"), set[str]()
    number = 0
    while len(seen) < count:
        number += 1
        rng = random.Random(f"words/{seed}/{number}/{held}")
        dice = Draw(rng, "train")
        a, b = dice.integer(2, 20), dice.integer(2, 20)
        c = dice.integer(1, a + b - 1)
        who, other = dice.several("person", 2)
        slots = {"a": a, "b": b, "c": c, "who": who, "other": other, "thing": dice.name("good")}
        asked = expanded(rng.choice(story.wordings), rng).format(**slots) + IN_WORDS
        if asked in seen or reserved(asked) != held:
            continue
        seen.add(asked)
        facts = {"a": a, "b": b, "c": c, "s": a + b, "r": a + b - c}
        yield asked, rng.choice(WAYS).format(**facts), a + b - c


async def lessons(folder: Path, seed: int, episodes: int) -> dict[str, list[Example]]:
    """What there is to learn, by `tasks`, `talk` and `copies`."""
    vocabulary = _vocabulary(folder, episodes)
    found: dict[str, list[Example]] = {"tasks": [], "talk": []}
    for name, chosen, count in (
        ("tasks", TASKS, episodes),
        ("talk", TALK, int(episodes * TALKED)),
    ):
        path = folder / f"{name}-{seed}.jsonl"
        if not path.with_suffix(".complete").exists():
            path.unlink(missing_ok=True)
            await play_for_training(path, count=count, seed=seed, families=chosen)
            path.with_suffix(".complete").touch()
        found[name] = [example(each, vocabulary) for each in trajectories.read(path)]
    for asked, told, _ in problems(seed, int(episodes * TOLD), held=False):
        before = vocabulary.prompt([Piece("user", asked)])
        after = [*vocabulary.encode(told), vocabulary.end]
        found["talk"].append(Example([*before, *after], [0] * len(before) + [1] * len(after)))
    found["copies"] = list(copied(vocabulary, int(episodes * COPIED), seed))
    return found


def _vocabulary(folder: Path, episodes: int) -> Vocabulary:
    path = folder / TOKENIZER
    if not path.exists():
        told = [text for pair in problems(0, 2_000, held=False) for text in pair[:2]]
        drawn = instances(0, min(6_000, episodes), families=(*TASKS, *TALK))
        learn([*told, *known_texts(drawn)], VOCABULARY, path)
    return Vocabulary.load(path)


async def run(folder: Path, name: str, seed: int, episodes: int, measured: int) -> None:
    """Train and measure one model, if that is not done."""
    record = folder / f"{name}-{seed}.json"
    if record.exists():
        return
    found = await lessons(folder, seed, episodes)
    kinds = {"all": ("tasks", "talk"), "talk": ("talk",), "tasks": ("tasks",)}[name]
    learned = [each for kind in (*kinds, "copies") for each in found[kind]]
    vocabulary = _vocabulary(folder, episodes)
    tokens = sum(len(each.ids) for each in learned)
    home = folder / f"{name}-{seed}"
    shape = Shape(vocabulary=vocabulary.size, **SHAPE)
    training = Training(home, shape, Settings(tokens=tokens, seed=seed, batch=4_096), "cpu")
    training.resume()
    training.run(learned, vocabulary.pad, lambda progress: None)
    release(home, folder / TOKENIZER, home / "model", (*TASKS, *TALK), {"device": "cpu"})
    model = EmbeddedModel(home / "model")
    told: dict[str, Any] = {"name": name, "seed": seed, "tokens": tokens}
    told["tasks"] = await _lived(model, Axes(requests="held", repairs=0.0), TASKS, measured)
    told["talk"] = await _lived(model, Axes(wording="held", repairs=0.0), TALK, measured)
    told["words"] = await _told(model, measured)
    print(MODELS[name], seed, told, flush=True)
    record.write_text(json.dumps(told), encoding="utf-8")


async def _lived(
    model: EmbeddedModel, axes: Axes, chosen: Sequence[str], count: int
) -> tuple[int, int]:
    solved = 0
    drawn = instances(20_000, count, axes, chosen)
    async with aclosing(play(drawn, model=model, max_steps=5)) as episodes:
        async for each in episodes:
            solved += each.solved
    return solved, count


async def _told(model: EmbeddedModel, count: int) -> tuple[int, int]:
    """The last number of the reply has to be the answer."""
    solved = 0
    for asked, _, answer in problems(20_000, count, held=True):
        done = await model.complete([Message(role="user", content=asked)])
        found = numbers_in(done.text)
        solved += bool(found) and "<execute>" not in done.text and found[-1] == answer
    return solved, count


def report(folder: Path) -> None:
    """Print the table, the seeds added up."""
    runs = [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*-?.json"))
    ]
    print("| model | seeds | tokens | tasks, by code | small talk | word problems, in words |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, called in MODELS.items():
        mine = [each for each in runs if each["name"] == name]
        if not mine:
            continue
        shares = []
        for split in ("tasks", "talk", "words"):
            solved, n = (sum(each[split][place] for each in mine) for place in (0, 1))
            bounds = wilson(solved, n)
            shares.append(f"{solved / n:.1%} ({bounds.low:.1%}–{bounds.high:.1%})")
        tokens = sum(each["tokens"] for each in mine) / len(mine) / 1e6
        print(f"| {called} | {len(mine)} | {tokens:.1f} M | {' | '.join(shares)} |")


async def whole(folder: Path, seeds: int, episodes: int, measured: int) -> None:
    for seed in range(1, seeds + 1):
        for name in MODELS:
            await run(folder, name, seed, episodes, measured)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--episodes", type=int, default=40_000, help="of tasks")
    parser.add_argument("--measured", type=int, default=500, help="in each column")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    anyio.run(whole, options.folder, options.seeds, options.episodes, options.measured)
    report(options.folder)


if __name__ == "__main__":
    main()
