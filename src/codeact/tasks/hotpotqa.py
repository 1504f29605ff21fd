"""HotpotQA as tasks: questions that need two paragraphs, and a search among their paragraphs."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from codeact.errors import DataError
from codeact.tasks.mint_graders import near_or_contained
from codeact.tasks.problems import Asked, Problem, examined
from codeact.tools import Toolbox, tool

FILE = "hotpotqa/hotpot_train_v1.1.json"
LEVEL = "hard"
FOUND = 3
"""Paragraphs that one search tells."""

ASKED = """\
{question}

The solution is a short phrase, a name, a number, or yes or no.\
"""
NOTHING = "Nothing was found for {query!r}."

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`context` are the paragraphs by their titles, the two that are needed among them."""

    id: str
    text: str
    answer: str
    level: str
    context: Mapping[str, str]


def questions(data_dir: Path, *, level: str | None = LEVEL) -> list[Question]:
    """The questions of the public training file, of one level or all. Raises DataError."""
    path = data_dir / FILE
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
        found = [_question(record) for record in records]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} holds no readable questions: {error!r}") from error
    return [each for each in found if level is None or each.level == level]


def problems(data_dir: Path, *, level: str | None = LEVEL) -> list[Problem]:
    """The questions as tasks. Raises DataError."""
    return [
        examined(f"hotpotqa/{each.id}", "hotpotqa", partial(_ask, each))
        for each in questions(data_dir, level=level)
    ]


def search(context: Mapping[str, str], query: str, count: int = FOUND) -> list[str]:
    """The titles of the paragraphs that hold most of the query's rarer words, best first."""
    words = {title: _words(f"{title} {title} {text}") for title, text in context.items()}
    wanted = _words(query)
    scores = {}
    for title, held in words.items():
        score = 0.0
        for word in wanted:
            spread = sum(word in each for each in words.values())
            if held[word]:
                score += math.log(1 + len(words) / spread) * held[word] / (held[word] + 1.5)
        scores[title] = score
    ranked = sorted(scores, key=lambda title: -scores[title])
    return [title for title in ranked if scores[title] > 0][:count]


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.lower()))


def _question(record: Mapping[str, Any]) -> Question:
    return Question(
        id=str(record["_id"]),
        text=record["question"],
        answer=record["answer"],
        level=record.get("level", ""),
        context={title: "".join(sentences) for title, sentences in record["context"]},
    )


def _ask(question: Question) -> Asked:
    def wikipedia_search(query: str) -> str:
        """Search an encyclopedia; returns the paragraphs that fit best, with their titles."""
        titles = search(question.context, query)
        if not titles:
            return NOTHING.format(query=query)
        return "\n\n".join(f"{title}: {question.context[title]}" for title in titles)

    return Asked(
        text=ASKED.format(question=question.text),
        judge=partial(_right, question),
        toolbox=Toolbox((tool(wikipedia_search),)),
    )


async def _right(question: Question, answer: str) -> bool:
    return near_or_contained(question.answer, answer)
