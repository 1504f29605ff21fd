"""What can be looked up: the encyclopaedia, pages, days in history, documents, words."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from codeact.evals.apibank.apis.calendar import said
from codeact.evals.apibank.databases import ApiWorld
from codeact.evals.apibank.refusal import ApiRefusal
from codeact.evals.apibank.spelling import folded, month_day, nearest

NO_ARTICLE = "There is no article about {keyword!r}."
NO_HISTORY = "Nothing is known about the day {day!r}. Write MM-DD."
NO_DOCUMENT = "There is no document at {url!r}."
NO_ANSWER = "The document does not answer that."
NO_NETWORK = "{name} asks a service on the network, which a test has none of."
FOUND = 2
"""How many pages a search gives."""

_WORD = re.compile(r"\w+")
_STEEP, _LENGTH = 1.5, 0.75
"""The usual constants of BM25, which ranks pages by their shared words."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    world: ApiWorld

    def article(self, keyword: str) -> dict[str, str]:
        """The encyclopaedia's article about a keyword: its address and summary."""
        articles = self.world.library["Wiki"]
        name = nearest(said("keyword", keyword), articles)
        if name is None:
            raise ApiRefusal(NO_ARTICLE.format(keyword=keyword))
        return {"url": articles[name]["url"], "summary": articles[name]["summary"]}

    def pages(self, keyword: str) -> list[dict[str, str]]:
        """The two best pages for keywords: title, address and abstract."""
        return ranked(said("keyword", keyword), self.world.library["SearchEngine"])[:FOUND]

    def history(self, date: str) -> list[str]:
        """What happened on a day of the year, MM-DD."""
        wanted = month_day(date)
        for known, events in self.world.library["History"].items():
            if wanted is not None and month_day(known) == wanted:
                return [
                    f"Title: {each['Title']}, Date: {each['Date']}, "
                    f"Description: {each['Description']}"
                    for each in events
                ]
        raise ApiRefusal(NO_HISTORY.format(day=date))

    def document(self, url: str, question: str) -> str:
        """Answer a question from the document at an address."""
        known = self.world.library["QuestionAnswering"].get(url.strip())
        if known is None:
            raise ApiRefusal(NO_DOCUMENT.format(url=url))
        answers = {each["question"]: each["answer"] for each in known}
        name = nearest(said("question", question), answers)
        if name is None:
            raise ApiRefusal(NO_ANSWER)
        return str(answers[name])

    def word(self, keyword: str) -> list[dict[str, Any]]:
        """What a word means: its parts of speech and definitions."""
        raise ApiRefusal(NO_NETWORK.format(name="Dictionary"))

    def translation(self, src: str, tgt_lang: str) -> str:
        """Translate a text into a language, given by its code of two letters."""
        raise ApiRefusal(NO_NETWORK.format(name="Translate"))


def ranked(query: str, engine: dict[str, Any]) -> list[dict[str, str]]:
    """All pages that share a word with the query, the best first (BM25)."""
    pages = engine["raw_documents"]
    texts = [Counter(_WORD.findall(folded(f"{p['title']} {p['abstract']}"))) for p in pages]
    mean = sum(text.total() for text in texts) / max(len(texts), 1)
    asked = _WORD.findall(folded(query))
    scores = []
    for place, text in enumerate(texts):
        score = 0.0
        for word in asked:
            have = sum(word in each for each in texts)
            weight = math.log(1 + (len(texts) - have + 0.5) / (have + 0.5))
            room = _STEEP * (1 - _LENGTH + _LENGTH * text.total() / mean)
            score += weight * text[word] * (_STEEP + 1) / (text[word] + room)
        if score > 0:
            scores.append((-score, place))
    return [
        {key: pages[place][key] for key in ("title", "url", "abstract")}
        for _, place in sorted(scores)
    ]
