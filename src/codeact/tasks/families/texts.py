"""Strings and texts: vowels, words, palindromes, sorting names, what stands in JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from codeact.tasks.families.expected import Expected, Name, Names, Number, Numbers, Text, YesNo
from codeact.tasks.families.family import Case, Draw, Family
from codeact.tasks.families.warmup import quoted

_LINKS = ("the", "a", "my", "and", "of", "in", "with", "is", "our", "on", "for", "this")


def a_word(draw: Draw) -> str:
    return draw.names.draw("word", made_up=0.5)


def sentence(draw: Draw, low: int = 3, high: int = 8) -> str:
    """Words as in a sentence, without punctuation."""
    words = [
        draw.pick(_LINKS) if draw.chance(0.35) else a_word(draw)
        for _ in range(draw.integer(low, high))
    ]
    return " ".join(words)


def text_of(draw: Draw) -> str:
    return a_word(draw) if draw.chance(0.5) else sentence(draw)


Made = tuple[str, Expected]


def about_text(
    made: Callable[[Draw, str], Made], *answers: str, source: Callable[[Draw], str] = text_of
) -> Callable[[Draw], Case]:
    """A task about one text: `made` gives the action and what is expected."""

    def build(draw: Draw) -> Case:
        text = source(draw)
        code, expected = made(draw, text)
        return Case(
            slots={"text": quoted(text, draw)},
            code=(code,),
            expected=expected,
            answers=answers or ("{out}",),
        )

    return build


def _vowels(draw: Draw, text: str) -> Made:
    count = sum(each in "aeiou" for each in text.lower())
    code = f'text = "{text}"\nprint(sum(c in "aeiou" for c in text.lower()))'
    return code, Number(count)


def _reverse(draw: Draw, text: str) -> Made:
    return f'print("{text}"[::-1])', Text(text[::-1])


def _upper(draw: Draw, text: str) -> Made:
    return f'print("{text}".upper())', Text(text.upper())


def _title(draw: Draw, text: str) -> Made:
    return f'print("{text}".title())', Text(text.title())


def _length(draw: Draw, text: str) -> Made:
    return f'print(len("{text}"))', Number(len(text))


def _words(draw: Draw, text: str) -> Made:
    return f'print(len("{text}".split()))', Number(len(text.split()))


def _longest(draw: Draw, text: str) -> Made:
    words = text.split()
    others = [each for each in words if each not in _LINKS]
    return f'print(max("{text}".split(), key=len))', Name(max(words, key=len), others)


def _snake(draw: Draw, text: str) -> Made:
    return f'print("{text}".lower().replace(" ", "_"))', Text(text.lower().replace(" ", "_"))


def _initials(draw: Draw, text: str) -> Made:
    found = "".join(word[0].upper() for word in text.split())
    return f'print("".join(w[0].upper() for w in "{text}".split()))', Text(found)


def _backwards(draw: Draw, text: str) -> Made:
    turned = " ".join(reversed(text.split()))
    return f'print(" ".join("{text}".split()[::-1]))', Text(turned)


def _caesar(draw: Draw) -> Case:
    text, shift = a_word(draw), draw.integer(1, 12)
    moved = "".join(chr((ord(each) - 97 + shift) % 26 + 97) for each in text)
    code = f'text = "{text}"\nprint("".join(chr((ord(c) - 97 + {shift}) % 26 + 97) for c in text))'
    return Case(
        slots={"text": quoted(text, draw), "shift": str(shift)},
        code=(code,),
        expected=Text(moved),
        answers=("It becomes {out}.", "{out}"),
    )


def _palindrome(draw: Draw) -> Case:
    text = a_word(draw)
    if draw.chance(0.5):
        text = text + text[-2::-1] if draw.chance(0.5) else text[:3] + text[:3][::-1]
    is_one = text == text[::-1]
    word, said = ("Yes", "is") if is_one else ("No", "is not")
    return Case(
        slots={"text": quoted(text, draw)},
        code=(f'text = "{text}"\nprint(text == text[::-1])',),
        expected=YesNo(is_one),
        answers=(f"{word}, {{text}} {said} a palindrome.", f"{word}."),
        plain=False,
    )


def _anagram(draw: Draw) -> Case:
    a = a_word(draw)
    b = "".join(draw.shuffled(a)) if draw.chance(0.5) else a_word(draw)
    same = sorted(a) == sorted(b)
    word, said = ("Yes", "are") if same else ("No", "are not")
    return Case(
        slots={"a": quoted(a, draw), "b": quoted(b, draw)},
        code=(f'print(sorted("{a}") == sorted("{b}"))',),
        expected=YesNo(same),
        answers=(f"{word}, they {said} anagrams.", f"{word}."),
        plain=False,
    )


def _letter(draw: Draw) -> Case:
    text = text_of(draw)
    letter = draw.pick([each for each in text if each != " "] if draw.chance(0.8) else list("aeln"))
    return Case(
        slots={"text": quoted(text, draw), "letter": quoted(letter, draw)},
        code=(f'print("{text}".count("{letter}"))',),
        expected=Number(text.count(letter)),
        answers=("The letter occurs {out} times.", "{out} times."),
    )


def _replace(draw: Draw) -> Case:
    text = sentence(draw, 3, 6)
    old, new = draw.pick(text.split()), a_word(draw)
    replaced = text.replace(old, new)
    return Case(
        slots={"text": quoted(text, draw), "old": quoted(old, draw), "new": quoted(new, draw)},
        code=(f'print("{text}".replace("{old}", "{new}"))',),
        expected=Text(replaced),
        answers=("{out}",),
        plain=False,
    )


def _most_common(draw: Draw) -> Case:
    words = [a_word(draw) for _ in range(draw.integer(2, 4))]
    best = words[0]
    spread = draw.shuffled([*dict.fromkeys(words), best, best])
    text = " ".join(spread)
    code = (
        "from collections import Counter\n"
        f'words = "{text}".split()\nprint(Counter(words).most_common(1)[0][0])'
    )
    return Case(
        slots={"text": quoted(text, draw)},
        code=(code,),
        expected=Name(best, words),
        answers=("The most frequent word is {out}.", "{out}"),
    )


def people(draw: Draw, low: int = 3, high: int = 6) -> list[str]:
    return draw.several("person", draw.integer(low, high))


def _sort_names(draw: Draw) -> Case:
    names = people(draw, 3, 7)
    return Case(
        slots={"names": ", ".join(names)},
        code=(f'names = {json.dumps(names)}\nprint(", ".join(sorted(names)))',),
        expected=Names(sorted(names), names),
        answers=("{out}", "In order: {out}"),
        plain=False,
    )


def _sort_length(draw: Draw) -> Case:
    words = draw.several("word", draw.integer(3, 6))
    return Case(
        slots={"words": ", ".join(words)},
        code=(f'words = {json.dumps(words)}\nprint(", ".join(sorted(words, key=len)))',),
        expected=Names(sorted(words, key=len), words),
        answers=("{out}", "By length: {out}"),
        plain=False,
    )


def _joined(draw: Draw) -> Case:
    words = draw.several("word", draw.integer(2, 5))
    mark, called = draw.pick((("-", "dashes"), ("_", "underscores"), ("/", "slashes")))
    return Case(
        slots={"words": ", ".join(words), "marks": called},
        code=(f'print("{mark}".join({json.dumps(words)}))',),
        expected=Text(mark.join(words)),
        answers=("{out}",),
    )


def _starting(draw: Draw) -> Case:
    words = draw.several("word", draw.integer(4, 7))
    letter = words[0][0]
    words = draw.shuffled(words)
    found = [each for each in words if each.startswith(letter)]
    code = (
        f"words = {json.dumps(words)}\n"
        f'print(", ".join(w for w in words if w.startswith("{letter}")))'
    )
    return Case(
        slots={"words": ", ".join(words), "letter": quoted(letter, draw)},
        code=(code,),
        expected=Names(found, words, ordered=False),
        answers=("{out}", "These: {out}"),
        plain=False,
    )


def _numbers(draw: Draw) -> Case:
    values = [draw.size(900) for _ in range(draw.integer(2, 3))]
    words = [a_word(draw) for _ in range(len(values) + 1)]
    text = words[0] + "".join(f" {v} {w}" for v, w in zip(values, words[1:], strict=True))
    return Case(
        slots={"text": quoted(text, draw)},
        code=(f'import re\nprint(*re.findall(r"\\d+", "{text}"))',),
        expected=Numbers(values),
        answers=("{out}", "The numbers are {out}."),
        plain=False,
    )


def _json(draw: Draw) -> Case:
    keys = draw.several("column", draw.integer(2, 4))
    record: dict[str, Any] = {
        each: draw.pick((draw.size(900), a_word(draw), draw.name("city"))) for each in keys
    }
    key = draw.pick(keys)
    text = json.dumps(record)
    code = f"import json\ndata = json.loads('{text}')\nprint(data[\"{key}\"])"
    value = record[key]
    others = [each for each in record.values() if isinstance(each, str)]
    return Case(
        slots={"json": text, "key": key},
        code=(code,),
        expected=Name(value, others) if isinstance(value, str) else Number(value),
        answers=("The {key} is {out}.", "{out}"),
    )


def _json_total(draw: Draw) -> Case:
    counts = {each: draw.size(300) for each in draw.several("good", draw.integer(2, 4))}
    text = json.dumps(counts)
    code = f"import json\ndata = json.loads('{text}')\nprint(sum(data.values()))"
    return Case(
        slots={"json": text},
        code=(code,),
        expected=Number(sum(counts.values())),
        answers=("The values add up to {out}.", "The total is {out}."),
    )


def _unique(draw: Draw) -> Case:
    words = [a_word(draw) for _ in range(draw.integer(2, 4))]
    words = draw.shuffled([*words, *(draw.pick(words) for _ in range(draw.integer(1, 3)))])
    text = " ".join(words)
    return Case(
        slots={"text": quoted(text, draw)},
        code=(f'print(len(set("{text}".split())))',),
        expected=Number(len(Counter(words))),
        answers=("There are {out} different words.", "{out}"),
    )


FAMILIES = (
    Family(
        name="count_vowels",
        group="text",
        draw=about_text(_vowels, "There are {out} vowels.", "{text} has {out} vowels."),
        weight=1.5,
    ),
    Family(
        name="reverse",
        group="text",
        draw=about_text(_reverse, "{out}", "Reversed: {out}", source=a_word),
        weight=1.5,
    ),
    Family(name="upper", group="text", draw=about_text(_upper)),
    Family(name="title", group="text", draw=about_text(_title), weight=0.7),
    Family(name="text_length", group="text", draw=about_text(_length, "It has {out} characters.")),
    Family(
        name="count_words",
        group="text",
        draw=about_text(_words, "There are {out} words.", source=sentence),
        weight=1.2,
    ),
    Family(
        name="longest_word",
        group="text",
        draw=about_text(_longest, "The longest word is {out}.", source=sentence),
    ),
    Family(name="snake_case", group="text", draw=about_text(_snake, source=sentence), weight=0.7),
    Family(name="initials", group="text", draw=about_text(_initials, source=sentence), weight=0.7),
    Family(
        name="word_order", group="text", draw=about_text(_backwards, source=sentence), weight=0.7
    ),
    Family(name="caesar", group="text", draw=_caesar, weight=0.7),
    Family(name="palindrome", group="text", draw=_palindrome, weight=1.5),
    Family(name="anagram", group="text", draw=_anagram, weight=0.8),
    Family(name="count_letter", group="text", draw=_letter, weight=1.2),
    Family(name="replace", group="text", draw=_replace),
    Family(name="most_common_word", group="text", draw=_most_common),
    Family(name="unique_words", group="text", draw=_unique),
    Family(name="sort_names", group="text", draw=_sort_names, weight=1.5),
    Family(name="sort_by_length", group="text", draw=_sort_length, weight=0.7),
    Family(name="join_words", group="text", draw=_joined, weight=0.7),
    Family(name="starting_with", group="text", draw=_starting, weight=0.8),
    Family(name="find_numbers", group="text", draw=_numbers, weight=0.8),
    Family(name="json_value", group="text", draw=_json, weight=1.2),
    Family(name="json_total", group="text", draw=_json_total),
)
