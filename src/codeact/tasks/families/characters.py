"""Single letters of a text: taken away, counted, repeated, put in order, in another case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from codeact.tasks.families.expected import Letter, Number, Text, YesNo
from codeact.tasks.families.family import Case, Draw, Family
from codeact.tasks.families.texts import Made, a_word, about_text, sentence
from codeact.tasks.families.warmup import quoted

SYLLABLES = ("ha", "la", "ho", "na", "bla", "hey", "yes", "go", "ab", "abc", "tick", "hip")
WORDS_TOO = frozenset({"not", "the", "yes", "for", "and", "has", "are", "does", "text", "word"})
"""Beginnings of words that an answer may say for their own sake."""


def words(draw: Draw) -> str:
    """One word or a few, in small letters."""
    return " ".join(a_word(draw) for _ in range(draw.pick((1, 1, 2, 3))))


def mixed(draw: Draw) -> str:
    """Words with at least one capital."""
    text = words(draw)
    style = draw.integer(0, 4)
    if style == 0:
        return text.upper()
    if style == 1:
        return text.title()
    if style == 2:
        return text.capitalize()
    if style == 3:
        return f"{draw.name('person')} {text}"
    turned = "".join(each.upper() if draw.chance(0.4) else each for each in text)
    return turned if turned != text else text.title()


def named(draw: Draw) -> str:
    return draw.name(draw.pick(("person", "city"))) if draw.chance(0.3) else a_word(draw)


def _without_vowels(draw: Draw, text: str) -> Made:
    code = f'print("".join(c for c in "{text}" if c not in "aeiouAEIOU"))'
    return code, Text("".join(each for each in text if each not in "aeiouAEIOU"))


def _swapped(draw: Draw, text: str) -> Made:
    return f'print("{text}".swapcase())', Text(text.swapcase())


def _lower(draw: Draw, text: str) -> Made:
    return f'print("{text}".lower())', Text(text.lower())


def _closed(draw: Draw, text: str) -> Made:
    return f'print("{text}".replace(" ", ""))', Text(text.replace(" ", ""))


def _consonants(draw: Draw, text: str) -> Made:
    code = f'print(sum(c.isalpha() and c not in "aeiou" for c in "{text}".lower()))'
    return code, Number(sum(c.isalpha() and c not in "aeiou" for c in text.lower()))


def _last(draw: Draw, text: str) -> Made:
    return f'print("{text}"[-1])', Letter(text[-1], text)


def _in_order(draw: Draw, text: str) -> Made:
    return f'print("".join(sorted("{text}")))', Text("".join(sorted(text)))


def _capitals(draw: Draw, text: str) -> Made:
    return f'print(sum(c.isupper() for c in "{text}"))', Number(sum(c.isupper() for c in text))


def _commonest(draw: Draw, text: str) -> Made:
    code = f'from collections import Counter\nprint(Counter("{text}").most_common(1)[0][0])'
    return code, Letter(Counter(text).most_common(1)[0][0], text)


def with_one_commonest(draw: Draw) -> str:
    """A word in which one letter is more frequent than any other."""
    while True:
        text = a_word(draw)
        if draw.chance(0.3):
            text += draw.pick(text) * 2
        (_, most), *rest = Counter(text).most_common(2)
        if rest and most > rest[0][1]:
            return text


def several_words(draw: Draw) -> str:
    return sentence(draw, 2, 5)


def _repeated(draw: Draw) -> Case:
    text = draw.pick(SYLLABLES) if draw.chance(0.4) else a_word(draw)
    count = draw.integer(2, 8 if len(text) < 4 else 5)
    return Case(
        slots={"text": quoted(text, draw), "count": str(count)},
        code=(f'print("{text}" * {count})',),
        expected=Text(text * count),
        answers=("{out}", "Here it is: {out}"),
        plain=False,
    )


def _first(draw: Draw) -> Case:
    while True:
        text = named(draw)
        count = draw.integer(3, max(3, len(text) - 1))
        if len(text) > count and text[:count].lower() not in WORDS_TOO:
            break
    return Case(
        slots={"text": quoted(text, draw), "count": str(count)},
        code=(f'print("{text}"[:{count}])',),
        expected=Text(text[:count]),
        answers=("It begins with {out}.", "{out}"),
    )


def _contains(draw: Draw) -> Case:
    text = sentence(draw, 3, 6)
    word = draw.pick(text.split()) if draw.chance(0.5) else a_word(draw)
    there = word in text.split()
    if not there and word in text:  # as a part of a longer word: hard to say
        return _contains(draw)
    code = f'print("{word}" in "{text}")'
    answer = "Yes, it contains {word}." if there else "No, it does not contain {word}."
    return Case(
        slots={"text": quoted(text, draw), "word": quoted(word, draw)},
        code=(code,),
        expected=YesNo(there),
        answers=(answer, "Yes." if there else "No."),
        plain=False,
    )


def _code(draw: Draw) -> Case:
    letter = chr(draw.integer(97, 122))
    letter = letter.upper() if draw.chance(0.5) else letter
    return Case(
        slots={"letter": quoted(letter, draw) if draw.chance(0.5) else letter},
        code=(f'print(ord("{letter}"))',),
        expected=Number(ord(letter)),
        answers=("The code of {letter} is {out}.", "It is {out}."),
    )


def _overlapping(text: str, part: str) -> int:
    return sum(text.startswith(part, at) for at in range(len(text)))


def _part_count(draw: Draw) -> Case:
    """A part that never overlaps itself, so that its count is beyond doubt."""
    while True:
        text = words(draw)
        at, size = draw.integer(0, max(len(text) - 3, 0)), draw.pick((2, 2, 3))
        part = text[at : at + size] if draw.chance(0.85) else a_word(draw)[:size]
        if draw.chance(0.35):
            text += part
        if " " not in part and len(part) > 1 and text.count(part) == _overlapping(text, part):
            break
    return Case(
        slots={"text": quoted(text, draw), "part": quoted(part, draw)},
        code=(f'print("{text}".count("{part}"))',),
        expected=Number(text.count(part)),
        answers=("{part} occurs {out} times.", "{out} times."),
    )


def _family(name: str, draw: Callable[[Draw], Case], weight: float = 1.0) -> Family:
    return Family(name=name, group="text", draw=draw, weight=weight)


FAMILIES = (
    _family("remove_vowels", about_text(_without_vowels, source=words)),
    _family("swap_case", about_text(_swapped, source=mixed), 0.6),
    _family("lower", about_text(_lower, source=mixed), 0.8),
    _family("remove_spaces", about_text(_closed, source=several_words), 0.8),
    _family(
        "count_consonants",
        about_text(
            _consonants,
            "There are {out} consonants.",
            "{text} has {out} consonants.",
        ),
        0.8,
    ),
    _family("repeat_text", _repeated, 0.8),
    _family("first_letters", _first, 0.7),
    _family("last_letter", about_text(_last, "The last letter is {out}.", source=named), 0.8),
    _family("contains_word", _contains, 0.8),
    _family(
        "common_letter",
        about_text(_commonest, "The most frequent letter is {out}.", source=with_one_commonest),
    ),
    _family("sorted_letters", about_text(_in_order, source=a_word), 0.7),
    _family(
        "count_capitals",
        about_text(
            _capitals,
            "There are {out} capital letters.",
            "{text} has {out} capital letters.",
            source=mixed,
        ),
        0.7,
    ),
    _family("letter_code", _code, 0.6),
    _family("count_substring", _part_count, 0.7),
)
