"""The public sets of questions as benchmarks, read from a folder of their public files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from codeact.errors import ConfigError
from codeact.evals.questions import Question, QuestionRules, Questions
from codeact.formats import ActionFormat
from codeact.messages import Message
from codeact.observations import Observation
from codeact.prompt import system_prompt
from codeact.rollout import Task, World
from codeact.tasks import alfworld_tasks, mint, public_sets, wikitables
from codeact.tasks.denotation import same, values_of
from codeact.tasks.public_sets import Item, SetName
from codeact.tools import Toolbox

NO_DATA = (
    "{title} needs its public files, and {missing} is not there. Name their folder with --data-dir "
    "or the environment variable CODEACT_DATA: it holds {path}."
)
NO_FOLDER = (
    "{title} needs its public files. Name their folder with --data-dir or the environment variable "
    "CODEACT_DATA: it holds {path}."
)
RIGHT = "That passes."
WRONG = "That does not pass."
UNSEEN = "pristine-unseen-tables.tsv"
"""The questions of WikiTableQuestions' test set, about tables that its training set has not."""

TURNS = 5
"""Replies in an episode of a set whose authors name no number: as MINT has it."""

_TITLES: Mapping[SetName, str] = {
    "gsm8k": "GSM8K",
    "gsm_hard": "GSM-Hard",
    "math": "MATH",
    "humaneval": "HumanEval",
    "mbpp": "MBPP",
}


@dataclass(frozen=True, slots=True)
class FirstProgram:
    """The user who runs the first program that is answered; the model hears nothing of it."""

    judge: public_sets.Judge

    async def hear(self, answer: str) -> Observation:
        text = RIGHT if await self.judge(answer) else WRONG
        return Observation(text=text, source="user", done=True)


def mint_benchmark(data_dir: Path | None) -> Questions:
    """MINT's 586 test tasks in its protocol: five replies, two proposed solutions.

    ALFWorld's games have no recorded answer. Raises ConfigError, DataError.
    """
    folder = _checked("MINT", data_dir, Path("mint/gsm8k.jsonl"))
    return Questions(
        name="mint",
        title="MINT",
        questions=[
            *(_mint(each) for each in mint.questions(folder)),
            *(_household(each) for each in alfworld_tasks.tasks(folder)),
        ],
        rules=QuestionRules(max_turns=mint.STEPS),
        proposals=mint.PROPOSALS,
    )


def public_benchmark(name: SetName, data_dir: Path | None) -> Questions:
    """A public set: its first answer counts. Of MBPP the 500 tasks of its test part.

    Raises ConfigError, DataError.
    """
    folder = _checked(_TITLES[name], data_dir, Path(public_sets.FILES[name]))
    items = public_sets.items(name, folder)
    return Questions(
        name=name.replace("_", "-"),
        title=_TITLES[name],
        questions=[_public(each) for each in items if each.split in ("", "test")],
        rules=QuestionRules(max_turns=TURNS),
    )


def tables_benchmark(data_dir: Path | None) -> Questions:
    """WikiTableQuestions' test set, each table a pandas frame, in MINT's protocol.

    Raises ConfigError, DataError.
    """
    path = Path(wikitables.FOLDER) / "data" / UNSEEN
    folder = _checked("WikiTableQuestions", data_dir, path)
    tables = wikitables.Tables(folder / wikitables.FOLDER)
    return Questions(
        name="wikitablequestions",
        title="WikiTableQuestions",
        questions=[_table(each, tables) for each in wikitables.questions(folder, UNSEEN)],
        rules=QuestionRules(max_turns=mint.STEPS),
        proposals=mint.PROPOSALS,
        furnished=True,
    )


def _checked(title: str, data_dir: Path | None, path: Path) -> Path:
    if data_dir is None:
        raise ConfigError(NO_FOLDER.format(title=title, path=path))
    if not (data_dir / path).is_file():
        raise ConfigError(NO_DATA.format(title=title, missing=data_dir / path, path=path))
    return data_dir


def _mint(question: mint.Question) -> Question:
    runs = mint.runs_code(question.kind)
    return Question(
        task=mint.task(question),
        gold=None if question.gold is None else f"<solution>{question.gold}</solution>",
        agrees=None if runs else partial(mint.agrees, question),
        praise=frozenset({mint.RIGHT}),
        proposed=mint.proposed,
    )


def _household(task: Task) -> Question:
    return Question(task=task, gold=None, praise=frozenset({alfworld_tasks.REACHED}))


def _public(item: Item) -> Question:
    user = None if item.agrees else FirstProgram(item.judge)
    return Question(
        task=Task(
            id=item.id,
            domain=_domain(item),
            prompt=partial(_prompt, item.prompt),
            open=partial(_world, user),
        ),
        gold=item.gold,
        agrees=item.agrees,
        praise=frozenset({RIGHT}),
    )


def _domain(item: Item) -> str:
    return item.topic.lower().replace(" & ", "_and_").replace(" ", "_") or item.set


def _table(question: wikitables.Question, tables: wikitables.Tables) -> Question:
    def agrees(answer: str) -> bool:
        return same(question.target, values_of(answer))

    return Question(
        task=wikitables.problem(question, tables, "pandas").task,
        gold=f"<solution>{'|'.join(question.target)}</solution>",
        agrees=agrees,
        proposed=mint.proposed,
    )


def _prompt(asked: str, format: ActionFormat, toolbox: Toolbox) -> Sequence[Message]:
    return (system_prompt(format, toolbox), Message(role="user", content=asked))


def _world(user: FirstProgram | None) -> World:
    return World(user=public_sets.Listener() if user is None else user)


OPENERS: Mapping[str, Callable[[Path | None], Questions]] = {
    "mint": mint_benchmark,
    "gsm8k": partial(public_benchmark, "gsm8k"),
    "gsm-hard": partial(public_benchmark, "gsm_hard"),
    "math": partial(public_benchmark, "math"),
    "humaneval": partial(public_benchmark, "humaneval"),
    "mbpp": partial(public_benchmark, "mbpp"),
    "wikitablequestions": tables_benchmark,
}
