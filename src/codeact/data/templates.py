"""Conversations as one text, in ChatML or any Hugging Face chat template, with what is learned."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from codeact.data.conversations import Conversation, Said, plain_calls
from codeact.errors import ConfigError, DataError
from codeact.messages import Role

START, END = "<|im_start|>", "<|im_end|>"

MARKED = "it holds {mark!r}, which only the template may write"
CALLS = "it holds native tool calls, which ChatML cannot spell; use --to openai or a template"
NOT_STABLE = (
    "the template writes the first {count} messages otherwise when more follow, and has no "
    "generation marks, so that nothing tells what is learned"
)
NOT_COUNTED = "the template marks {found} generations, the conversation has {replies} replies"
UNREADABLE = "The chat template cannot be read: {error}."
NO_JINJA = "Chat templates need jinja2. Install it: pip install 'codeact[data]'"

_SPECIAL = re.compile(r"<\|\w+\|>")
_PRIVATE = range(0xE000, 0xF8FF)  # characters that have no meaning of their own
_HEAD = re.compile(re.escape(START) + r"(system|user|assistant|tool)\n")


class Unwritable(DataError):
    """One conversation that a target cannot spell; the others can still be written."""


@dataclass(frozen=True, slots=True)
class Spelled:
    """`spans` are the beginnings and ends of what is learned, in characters."""

    text: str
    spans: tuple[tuple[int, int], ...]


def chatml(said: Sequence[Said]) -> Spelled:
    """The paper's template; a reply is learned with the mark of its end, so that the model learns
    to end. Raises Unwritable.
    """
    text, spans = "", []
    for each in said:
        if each.calls or each.call_id is not None:
            raise Unwritable(CALLS)
        for mark in (START, END):
            if mark in each.content:
                raise Unwritable(MARKED.format(mark=mark))
        text += f"{START}{each.role}\n"
        if each.learned:
            spans.append((len(text), len(text) + len(each.content) + len(END)))
        text += f"{each.content}{END}\n"
    return Spelled(text, tuple(spans))


def read_chatml(spelled: Spelled) -> tuple[Said, ...]:
    """What `chatml` wrote. Raises DataError for a text that it did not write."""
    learned = {start for start, _ in spelled.spans}
    said, place = [], 0
    while place < len(spelled.text):
        head = _HEAD.match(spelled.text, place)
        end = spelled.text.find(f"{END}\n", place)
        if head is None or end < head.end():
            raise DataError(f"no ChatML at character {place}: {spelled.text[place:][:40]!r}")
        role: Role = head[1]  # type: ignore[assignment]  # the expression knows the roles alone
        content = spelled.text[head.end() : end]
        said.append(Said(role=role, content=content, learned=head.end() in learned))
        place = end + len(END) + 1
    return tuple(said)


def template(source: str, tokens: Mapping[str, str] | None = None) -> Callable[..., Spelled]:
    """A function that spells messages by a chat template in Jinja. `tokens` are names that the
    template may use, such as `bos_token`.

    What is learned stands between the template's generation marks; without them it is found by
    spelling the conversation as far as each reply. The function raises Unwritable; this one raises
    ConfigError for a template that cannot be read.
    """
    try:
        from jinja2 import TemplateError
    except ImportError as error:
        raise ConfigError(NO_JINJA) from error
    marks = ["", ""]  # around what the template marks, while one conversation is spelt
    try:
        compiled = _environment(marks).from_string(source)
    except TemplateError as error:
        raise ConfigError(UNREADABLE.format(error=error)) from error
    named = {"bos_token": "", "eos_token": "", "tools": None, **(tokens or {})}

    def render(said: Sequence[Said], ask: bool = False) -> str:
        messages = [_message(each) for each in said]
        try:
            return str(compiled.render(messages=messages, add_generation_prompt=ask, **named))
        except TemplateError as error:
            raise Unwritable(f"the template refuses it: {error}") from error

    def spell(said: Sequence[Said]) -> Spelled:
        for each in said:
            if found := _SPECIAL.search(each.content):
                raise Unwritable(MARKED.format(mark=found[0]))
        taken = set().union(*(each.content for each in said))
        marks[:] = [chr(n) for n in _PRIVATE if chr(n) not in taken][:2]
        text = render(said)
        if marks[0] in text:
            return _by_marks(text, said, *marks)
        return _by_prefixes(text, said, render)

    return spell


def _by_marks(text: str, said: Sequence[Said], begin: str, end: str) -> Spelled:
    replies = [each for each in said if each.role == "assistant"]
    plain, spans = "", []
    for piece in re.split(f"({begin}.*?{end})", text, flags=re.DOTALL):
        inside = piece.startswith(begin)
        piece = piece.strip(begin + end)
        if inside:
            spans.append((len(plain), len(plain) + len(piece)))
        plain += piece
    if len(spans) != len(replies):
        raise Unwritable(NOT_COUNTED.format(found=len(spans), replies=len(replies)))
    learned = zip(spans, replies, strict=True)
    return Spelled(plain, tuple(span for span, reply in learned if reply.learned))


def _by_prefixes(text: str, said: Sequence[Said], render: Callable[..., str]) -> Spelled:
    spans = []
    for place, each in enumerate(said):
        if each.learned:
            before, after = render(said[:place], True), render(said[: place + 1])
            if not after.startswith(before) or not text.startswith(after):
                raise Unwritable(NOT_STABLE.format(count=place + 1))
            spans.append((len(before), len(after.rstrip("\n"))))
    return Spelled(text, tuple(spans))


def _message(said: Said) -> dict[str, Any]:
    message: dict[str, Any] = {"role": said.role, "content": said.content}
    if said.calls:
        message["tool_calls"] = plain_calls(said.calls)
    if said.call_id is not None:
        message["tool_call_id"] = said.call_id
    return message


def _environment(marks: Sequence[str]) -> Any:
    """Jinja as model libraries set it up for chat templates; `marks` are put around generations."""
    from jinja2 import TemplateError, nodes
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """Keeps the marks around what the model writes."""

        tags = {"generation"}  # noqa: RUF012 - Jinja wants it so

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
            call = self.call_method("_kept", [])
            return nodes.CallBlock(call, [], [], body).set_lineno(line)

        def _kept(self, caller: Callable[[], str]) -> str:
            return f"{marks[0]}{caller()}{marks[1]}"

    def refuse(message: str) -> None:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = lambda spelling: f"{datetime.now():{spelling}}"  # noqa: DTZ005 - a template means the local day
    environment.filters["tojson"] = _as_json
    return environment


def _as_json(value: Any, indent: int | None = None, **rest: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def spelled(conversation: Conversation, spell: Callable[..., Spelled]) -> dict[str, Any]:
    """A conversation's text as JSON-able data."""
    found = spell(conversation.said)
    return {
        "id": conversation.id,
        "source": conversation.source,
        "task": conversation.task,
        "text": found.text,
        "train": [list(span) for span in found.spans],
    }
