"""Requests in many words: a grammar of alternatives, politeness around it, and slips of typing."""

from __future__ import annotations

import random
import re

from codeact.tasks.families.held_out import gist

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"(\{\w+\})")
_QUESTION = re.compile(
    r"(what|how|which|who|when|where|is|are|does|do|did|will|whose|at|in|if|i|there)\b", re.I
)

_PLAIN = 0.5  # how often a request comes without a word around it
_BEFORE_QUESTION = (
    *("Hey, ", "Hi, ", "Hello! ", "Quick question: ", "Tell me: ", "Question: ", "I wonder: "),
    *("One thing: ", "Please tell me: ", "Hi there! ", "So, ", "I want to know: ", "Now: "),
    *("Do you know this? ", "Okay, ", "Next question: ", "Good morning! ", "I have a question. "),
    *(
        "Hey there, ",
        "Quick one: ",
        "Question for you: ",
        "Sorry to bother you, ",
        "Hmm, ",
        "Well, ",
    ),
    *("And now: ", "Another one: ", "Let me ask you: ", "Help me out: ", "Just wondering: "),
    *("Good evening. ", "Hi again, ", "Then tell me, ", "One more: ", "Right, ", "Alright: "),
)
_BEFORE_COMMAND = (
    *("please ", "please ", "please ", "can you ", "can you ", "could you ", "could you please "),
    *("hey, ", "would you ", "I need you to ", "I want you to ", "I'd like you to ", "just "),
    *("let's try this: ", "hi, please ", "now ", "hello, can you ", "next, ", "ok, "),
    *("your task: ", "can you please ", "would you please ", "kindly ", "hi! "),
    *("could you quickly ", "hey, can you ", "try to ", "do this: ", "okay, now ", "then "),
    *("would you mind to ", "you have to ", "help me: ", "go ahead and ", "be so kind and "),
    *("i want you to ", "i need you to ", "pls ", "plz ", "please, ", "to do: ", "next: "),
)
_BEFORE_STORY = ("Hi! ", "Hello. ", "Hi there. ", "Good morning. ", "Here is one: ", "Next one: ")
_ASKS = re.compile(r"(?:hello, )?(?:can|could|would) you", re.IGNORECASE)
_AFTER = (
    *("",) * 24,
    *(" Thanks!", " Thank you.", " Thanks", " Thx", " Cheers!", " Please.", " Thanks in advance."),
    *(" Thank you very much!", " Be quick.", " Just the answer.", " I am waiting.", " Ta."),
)
_CONTEXT = (
    *("I am learning Python. ", "This is for my homework. ", "I am in a hurry. ", "It is urgent. "),
    *("I have a small task. ", "I am testing you. ", "This is for a report. ", "For my class: "),
    *("My friend asked me this. ", "We need it at work. ", "I am just trying this out. "),
    *("Here is a task. ", "I am curious. ", "I am checking a result. ", "For a game: "),
    *("My boss wants this. ", "I have no calculator here. ", "We had an argument about this. "),
    *(
        "My daughter needs this for school. ",
        "I forgot how to do this. ",
        "I did it by hand before. ",
    ),
    *("This came up in a meeting. ", "I am writing a test. ", "Let us see what you can do. "),
    *("You are good at this, I hear. ", "It should be easy. ", "My computer is slow today. "),
    *("I read about this yesterday. ", "It is for my colleague. ", "I am preparing a quiz. "),
    *("I must hand it in tomorrow. ", "Somebody asked in the forum. ", "I am new here. "),
)


def expanded(template: str, rng: random.Random) -> str:
    """One of the texts of a template: `[a|b|]` is a choice, choices nest, slots stay."""
    while True:
        found = _CHOICE.search(template)
        if found is None:
            return " ".join(template.split(" "))
        chosen = rng.choice(found[1].split("|"))
        template = template[: found.start()] + chosen + template[found.end() :]


def skeleton(
    templates: tuple[str, ...], held: frozenset[str], rng: random.Random, *, framed: bool = True
) -> str:
    """A training request with its slots open. `held` are gists that it must not have."""
    while True:
        core = _tidy(expanded(rng.choice(templates), rng))
        whole = _framed(core, rng) if framed else core
        if gist(core) not in held and gist(whole) not in held:
            return whole


def slipped(text: str, rng: random.Random) -> str:
    """The text as hasty people type it; slots stay as they are."""
    if rng.random() < 0.3:
        text = _outside(text, str.lower)
    if rng.random() < 0.35:
        text = text.rstrip(".?!")
    if rng.random() < 0.06:
        text = _outside(text, lambda part: _mistyped(part, rng))
    return text


def _tidy(text: str) -> str:
    text = re.sub(r" {2,}", " ", text).strip()
    return re.sub(r" ([,.?!;])", r"\1", text)


def _framed(core: str, rng: random.Random) -> str:
    asks = any(_QUESTION.match(part) for part in (core, re.split(r"(?<=[.:]) ", core)[-1]))
    before: tuple[str, ...] = _BEFORE_QUESTION if asks else _BEFORE_COMMAND
    if core[0].isupper():  # a story, or a name
        before = _BEFORE_STORY
    text = core if rng.random() < _PLAIN else rng.choice(before) + core
    if text[-1] not in ".?!":
        if not asks and rng.random() < 0.05 and "lease" not in text:
            text += ", please"
        text += "?" if asks or _ASKS.match(text) else "."
    text += rng.choice(_AFTER)
    if rng.random() < 0.1:
        text = rng.choice(_CONTEXT) + text[0].upper() + text[1:]
    return text if text.startswith("{") else text[0].upper() + text[1:]


def _outside(text: str, change: object) -> str:
    assert callable(change)
    parts = _SLOT.split(text)
    return "".join(part if _SLOT.fullmatch(part) else change(part) for part in parts)


def _mistyped(part: str, rng: random.Random) -> str:
    """One word with two letters swapped, one doubled or one left out."""
    words = list(re.finditer(r"\b[a-z]{5,}\b", part))
    if not words:
        return part
    word = rng.choice(words)
    at = word.start() + rng.randrange(1, len(word[0]) - 2)
    kind = rng.randrange(3)
    if kind == 0:
        return part[:at] + part[at + 1] + part[at] + part[at + 2 :]
    return part[:at] + (part[at] * 2 if kind == 1 else "") + part[at + 1 :]
