"""Making room in a full context window: old observations shrink, the variables live on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from codeact.interpreter import Variable
from codeact.messages import Message

KEPT_WHOLE = 2
"""How many of the latest observations the gentler level leaves alone."""

EXCERPT = 160
"""How many characters of a shortened observation stay."""

HARD_LIMIT = 1_000
"""How many characters of any observation and of any older reply the harder level leaves."""

SHORTENED = "[Shortened to save space: {missing:,} more characters were shown here before.]"

STILL_DEFINED = """\
[Older outputs above were shortened because the context window was full. Nothing in the \
interpreter was lost. {variables}]"""

VARIABLES = "These variables are still defined: {names}. Print what you need again, in part."
NO_VARIABLES = "No variables are defined."

CHARACTERS_PER_TOKEN = 3.5
"""A cautious guess for mixed prose and code."""


def estimated_tokens(messages: Sequence[Message]) -> int:
    """Roughly how many tokens the messages take; pictures count as 1,000 each."""
    characters = sum(
        len(message.content) + sum(len(call.arguments) for call in message.calls)
        for message in messages
    )
    pictures = sum(len(message.media) for message in messages)
    return int(characters / CHARACTERS_PER_TOKEN) + 4 * len(messages) + 1_000 * pictures


def compact(
    messages: Sequence[Message], variables: Sequence[Variable], *, hard: bool = False
) -> tuple[tuple[Message, ...], int]:
    """The messages with old observations shortened, and how many were.

    The gentler level keeps the latest observations whole. `hard` cuts every observation and all but
    the last two replies as well, and drops pictures. The note on what is still defined stands at
    the end of the latest observation.
    """
    observed = [index for index, message in enumerate(messages) if message.observed]
    spared = set() if hard else set(observed[-KEPT_WHOLE:])
    replies = [index for index, message in enumerate(messages) if message.role == "assistant"]
    messages = [_without_note(message) for message in messages]
    result = list(messages)
    for index in observed:
        if index not in spared:
            latest = index in observed[-KEPT_WHOLE:]
            result[index] = _shorter(messages[index], HARD_LIMIT if latest else EXCERPT)
    for index in replies[:-2] if hard else ():
        result[index] = _shorter(messages[index], HARD_LIMIT)
    removed = sum(new is not old for new, old in zip(result, messages, strict=True))
    if removed and observed:
        last = result[observed[-1]]
        note = STILL_DEFINED.format(variables=_listed(variables))
        result[observed[-1]] = dataclasses.replace(last, content=f"{last.content}\n{note}")
    return tuple(result), removed


def _without_note(message: Message) -> Message:
    """Without the note of an earlier compaction, which a new one replaces."""
    start = message.content.find(STILL_DEFINED[:40])
    if start < 0 or not message.observed:
        return message
    return dataclasses.replace(message, content=message.content[:start].rstrip())


def _shorter(message: Message, limit: int) -> Message:
    """Its head, and its tail, where errors say what happened; itself when nothing is gained."""
    missing = len(message.content) - limit
    worth = missing > 2 * len(SHORTENED)
    if not worth and not message.media:
        return message
    content = message.content
    if worth:
        note = SHORTENED.format(missing=missing)
        content = f"{content[: limit // 2].rstrip()}\n{note}\n{content[-limit // 2 :].lstrip()}"
    return dataclasses.replace(message, content=content, media=())


def _listed(variables: Sequence[Variable]) -> str:
    if not variables:
        return NO_VARIABLES
    names = ", ".join(f"{each.name} ({each.type})" for each in variables[-60:])
    return VARIABLES.format(names=names)
