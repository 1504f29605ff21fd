"""Conversations as ids and labels for any tokenizer: only learned replies carry a label."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformers.utils.chat_template_utils import render_jinja_template
from trl.chat_template_utils import get_training_chat_template, has_generation_markers

from codeact.errors import ConfigError, DataError

START, END = "<|im_start|>", "<|im_end|>"
UNLEARNED = -100
"""The label of a token that is read and not learned."""

CHATML = """\
{%- if bos_token %}{{ bos_token }}{% endif -%}
{%- for message in messages -%}
{%- if message.role == 'assistant' -%}
HEAD{{ message.content }}<|im_end|>{% endgeneration %}{{ '\\n' }}
{%- else -%}
<|im_start|>{{ message.role }}{{ '\\n' }}{{ message.content }}<|im_end|>{{ '\\n' }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<|im_start|>assistant{{ '\\n' }}{%- endif -%}"""
"""The paper's template; HEAD opens a reply, in or before what is generated."""
_HEADER = "<|im_start|>assistant{{ '\\n' }}"
_MARKED = "{% generation %}"

NO_MESSAGES = (
    '{path}, line {number}: no conversation ("messages" with "role" and "content"): {problem}. '
    "Trajectories are converted by `codeact data convert`."
)
NO_TEMPLATE = (
    "The chat template of {model} has no generation marks, and no marked one is known: {problem} "
    "Say template: chatml in the recipe."
)
SPECIAL = "a message holds {token!r}, which the tokenizer reads as a mark"
MISCOUNTED = "the template marks {found} replies of {wanted}"
TOO_LONG = "nothing of it that is learned stands within {length} tokens"
REFUSED = "the template refuses it: {problem}"


@dataclass(slots=True)
class Tokenized:
    """`rows` hold `input_ids` and `labels`; `left_out` counts conversations by reason."""

    rows: list[dict[str, list[int]]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


class _Unfit(Exception):
    """One conversation that cannot be learned; the others can."""


def conversations(path: Path) -> Iterator[list[dict[str, Any]]]:
    """The messages of each line. `weight` 0 or `train` false on a reply leaves it unlearned.

    Raises DataError.
    """
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                messages = json.loads(line)["messages"]
                for each in messages:
                    if not isinstance(each["role"], str) or not isinstance(each["content"], str):
                        raise TypeError("a role or a content is no text")
            except (ValueError, KeyError, TypeError) as error:
                facts = {"path": path, "number": number, "problem": repr(error)}
                raise DataError(NO_MESSAGES.format(**facts)) from error
            yield messages


def training_template(tokenizer: Any, kind: str, *, learn_header: bool, model: str) -> str:
    """The marked chat template; for `chatml` its marks become tokens of the tokenizer.

    Raises ConfigError where the model's own template tells nothing about replies.
    """
    if kind == "chatml":
        missing = [mark for mark in (START, END) if mark not in tokenizer.get_vocab()]
        if missing:
            tokenizer.add_special_tokens({"additional_special_tokens": missing})
        tokenizer.eos_token = END
        return CHATML.replace("HEAD", _MARKED + _HEADER if learn_header else _HEADER + _MARKED)
    own = tokenizer.chat_template
    if not isinstance(own, str):
        raise ConfigError(NO_TEMPLATE.format(model=model, problem="it has none."))
    if has_generation_markers(own):
        return own
    try:
        return str(get_training_chat_template(tokenizer) or own)
    except ValueError as error:
        raise ConfigError(NO_TEMPLATE.format(model=model, problem=error)) from error


def unmarked(template: str) -> str:
    """The template without its marks, for programs that do not know them."""
    return re.sub(r"\{%-?\s*(?:end)?generation\s*-?%\}", "", template)


def tokenized(
    found: Iterable[list[dict[str, Any]]], tokenizer: Any, template: str, length: int
) -> Tokenized:
    """All conversations; what stands after `length` tokens is cut off."""
    result = Tokenized()
    marks = re.compile("|".join(map(re.escape, sorted(_marks(tokenizer), key=len, reverse=True))))
    for messages in found:
        try:
            _check(messages, marks)
            row = labelled(messages, tokenizer, template)
            row = {name: values[:length] for name, values in row.items()}
            if all(label == UNLEARNED for label in row["labels"][1:]):
                raise _Unfit(TOO_LONG.format(length=length))
        except _Unfit as error:
            result.left_out[str(error)] += 1
        else:
            result.rows.append(row)
    return result


def labelled(
    messages: Sequence[dict[str, Any]], tokenizer: Any, template: str
) -> dict[str, list[int]]:
    """One conversation. A token is learned when any of its characters stands in a learned reply."""
    from jinja2 import TemplateError

    special = {name: str(mark) for name, mark in tokenizer.special_tokens_map.items()}
    try:
        rendered, spans = render_jinja_template(
            [list(messages)],
            chat_template=template,
            return_assistant_tokens_mask=True,
            **special,
        )
    except TemplateError as error:
        raise _Unfit(REFUSED.format(problem=error)) from error
    replies = [each for each in messages if each["role"] == "assistant"]
    if len(spans[0]) != len(replies):
        raise _Unfit(MISCOUNTED.format(found=len(spans[0]), wanted=len(replies)))
    pairs = zip(spans[0], replies, strict=True)
    wanted = [span for span, reply in pairs if _learned(reply)]
    encoded = tokenizer(rendered[0], add_special_tokens=False, return_offsets_mapping=True)
    ids = list(encoded["input_ids"])
    labels = [
        token if any(max(start, a) < min(end, b) for a, b in wanted) else UNLEARNED
        for token, (start, end) in zip(ids, encoded["offset_mapping"], strict=True)
    ]
    return {"input_ids": ids, "labels": labels}


def _learned(reply: dict[str, Any]) -> bool:
    return bool(reply.get("weight", 1)) and bool(reply.get("train", True))


def _check(messages: Sequence[dict[str, Any]], marks: re.Pattern[str]) -> None:
    for each in messages:
        if found := marks.search(each["content"]):
            raise _Unfit(SPECIAL.format(token=found[0]))


def _marks(tokenizer: Any) -> set[str]:
    """The texts that stand for one special token wherever they are found."""
    added = tokenizer.added_tokens_decoder.values()
    return {each.content for each in added if each.special} | set(tokenizer.all_special_tokens)
