"""Conversation without an action: greetings, thanks, what the agent can do, and asking back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from codeact.tasks.families.expected import Talk
from codeact.tasks.families.family import Case, Draw, Family

OFFER = (
    "I can compute, work with texts and files, and call your functions, all by running Python.",
    "I write and run Python: sums, dates, lists, text, CSV files, and the functions you give me.",
    "I solve small tasks by running Python code, such as sums, lists, texts and CSV files.",
)
LIMITS = (
    "I am too small a model for that. I compute, sort and count, handle text and small files, and "
    "call your functions. For more, connect a larger model: codeact -m MODEL --base-url URL",
    "That is beyond a model as small as I am. A larger model can do it: codeact -m MODEL "
    "--base-url URL. Ask me for a sum, a list, a date or a file.",
    "I cannot do that: I am a tiny model that runs short Python. Connect a larger model for it, "
    "with codeact -m MODEL --base-url URL",
)
"""What is asked lies outside of all other families: that is said, and how to get more."""


def _saying(
    answers: Sequence[str],
    says: Sequence[str] = (),
    slots: Callable[[Draw], dict[str, str]] | None = None,
) -> Callable[[Draw], Case]:
    def build(draw: Draw) -> Case:
        filled = slots(draw) if slots is not None else {}
        return Case(slots=filled, code=(), expected=Talk(says), answers=tuple(answers))

    return build


def _person(draw: Draw) -> dict[str, str]:
    return {"name": draw.name("person")}


def _topic(draw: Draw) -> dict[str, str]:
    return {"name": draw.name("person"), "city": draw.name("city"), "thing": draw.name("good")}


def _operation(draw: Draw) -> dict[str, str]:
    return {"column": draw.name("column"), "file": draw.name("file"), "city": draw.name("city")}


FAMILIES = (
    Family(
        name="greeting",
        group="talk",
        framed=False,
        draw=_saying(
            (
                "Hello {name}! What can I do for you?",
                "Hello! How can I help?",
                "Hi {name}! What shall I compute?",
                "Hi! What can I do for you?",
            ),
            ("hello", "hi", "help", "what"),
            _person,
        ),
        weight=0.8,
    ),
    Family(
        name="thanks",
        group="talk",
        framed=False,
        draw=_saying(
            ("You are welcome, {name}!", "You are welcome!", "Glad to help."),
            ("welcome", "glad", "pleasure", "any time"),
            _person,
        ),
        weight=0.6,
    ),
    Family(
        name="abilities",
        group="talk",
        framed=False,
        draw=_saying(OFFER, ("python", "code", "compute", "files", "functions"), _person),
        weight=1.0,
    ),
    Family(
        name="limits",
        group="talk",
        framed=False,
        draw=_saying(LIMITS, ("larger model",), _topic),
        weight=5.0,
    ),
    Family(
        name="asking_back",
        group="talk",
        framed=False,
        draw=_saying(
            (
                "Which numbers do you mean?",
                "Please tell me the numbers.",
                "Which ones? Please send me the values.",
            ),
            ("which", "please", "?", "tell me", "send"),
            _operation,
        ),
        weight=1.0,
    ),
    Family(
        name="who_are_you",
        group="talk",
        framed=False,
        draw=_saying(
            (
                "I am a small model that acts by writing and running Python.",
                "I am a small language model; I solve tasks by running Python code.",
            ),
            ("model", "python", "assistant", "agent"),
            _person,
        ),
        weight=0.6,
    ),
    Family(
        name="goodbye",
        group="talk",
        framed=False,
        draw=_saying(
            ("Goodbye, {name}!", "Goodbye!", "See you, {name}!"),
            ("bye", "see you", "later"),
            _person,
        ),
        weight=0.4,
    ),
)
