"""Conversations into the files that trainers read: JSON lines in several layouts, or parquet."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from codeact.data.conversations import Conversation, Said, line_of, plain_calls, to_record
from codeact.data.layouts import CHATML, NO_ARROW
from codeact.data.templates import Spelled, Unwritable, chatml, spelled
from codeact.errors import ConfigError

Target = Literal["messages", "chatml", "openai", "sharegpt", "parquet", "template"]
TARGETS: tuple[Target, ...] = get_args(Target)

EXISTS = "{path} exists. Name another file (-o), or say --force to replace it."
NO_TEMPLATE = "--to template needs the template: --template FILE with Jinja text."
SHAREGPT_CALLS = "it holds native tool calls, which ShareGPT cannot spell; use --to openai"
HALF = "it holds half of a surrogate pair, which parquet cannot spell"
NOTHING_LEARNED = "no message of it is learned"

_SPEAKERS = {"user": "human", "assistant": "gpt", "system": "system", "tool": "tool"}
_BATCH = 1_000


@dataclass(slots=True)
class Written:
    """How many conversations were written, and why others were left out."""

    count: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


def convert(
    conversations: Iterable[Conversation],
    path: Path,
    target: Target = "messages",
    *,
    spell: Callable[..., Spelled] | None = None,
    force: bool = False,
) -> Written:
    """Write conversations to a file that trainers read. Which replies are learned is kept: as
    `train` (messages, parquet), `weight` (OpenAI, ShareGPT) or spans of characters (texts).

    `spell` is the template for target "template". One that the target cannot spell, or of which
    nothing is learned, is left out and counted. The file appears when it is whole. Raises
    ConfigError where it exists and `force` is not given.
    """
    spelling = writer(target, spell)
    written = Written()

    def records() -> Iterator[Mapping[str, Any]]:
        for each in conversations:
            try:
                if not any(said.learned for said in each.said):
                    raise Unwritable(NOTHING_LEARNED)
                record = spelling(each)
            except Unwritable as error:
                written.left_out[str(error)] += 1
            else:
                written.count += 1
                yield record

    with fresh(path, force=force) as part:
        if target == "parquet":
            _write_parquet(part, records())
        else:
            with part.open("wb") as file:
                file.writelines(line_of(record) for record in records())
    return written


def writer(
    target: Target, spell: Callable[..., Spelled] | None = None
) -> Callable[[Conversation], Mapping[str, Any]]:
    """How one conversation is spelt as a record; the function raises Unwritable."""
    match target:
        case "messages":
            return to_record
        case "chatml":
            return lambda each: {"schema": CHATML, **spelled(each, chatml)}
        case "openai":
            return to_openai
        case "sharegpt":
            return to_sharegpt
        case "parquet":
            return _row
        case "template":
            if spell is None:
                raise ConfigError(NO_TEMPLATE)
            template = spell
            return lambda each: spelled(each, template)


def to_openai(conversation: Conversation) -> dict[str, Any]:
    """OpenAI's format for fine-tuning chat models; `weight` 0 takes no loss on a reply."""
    return {"messages": [_openai(each) for each in conversation.said]}


def to_sharegpt(conversation: Conversation) -> dict[str, Any]:
    """ShareGPT's layout, with the weights of OpenAI's. Raises Unwritable."""
    lines = []
    for each in conversation.said:
        if each.calls or each.call_id is not None:
            raise Unwritable(SHAREGPT_CALLS)
        line: dict[str, Any] = {"from": _SPEAKERS[each.role], "value": each.content}
        if each.role == "assistant" and not each.learned:
            line["weight"] = 0
        lines.append(line)
    about = {name: getattr(conversation, name) for name in ("id", "source", "task")}
    return {**about, "conversations": lines}


@contextmanager
def fresh(path: Path, *, force: bool) -> Iterator[Path]:
    """A place to write to that becomes `path` when nothing has failed. Raises ConfigError."""
    if path.exists() and not force:
        raise ConfigError(EXISTS.format(path=path))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _openai(said: Said) -> dict[str, Any]:
    record: dict[str, Any] = {"role": said.role, "content": said.content}
    if said.role == "assistant":
        record["weight"] = int(said.learned)
    if said.calls:
        record["tool_calls"] = plain_calls(said.calls)
    if said.call_id is not None:
        record["tool_call_id"] = said.call_id
    return record


def _row(conversation: Conversation) -> dict[str, Any]:
    record = to_record(conversation)
    for each in record["messages"]:
        each["tool_calls"] = json.dumps(each["tool_calls"]) if "tool_calls" in each else None
        each["tool_call_id"] = each.get("tool_call_id")
        each["train"] = each.get("train", False)
    try:
        json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Unwritable(HALF) from error
    return record


def _write_parquet(path: Path, records: Iterator[Mapping[str, Any]]) -> None:
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise ConfigError(NO_ARROW) from error
    text = arrow.string()
    message = [(name, text) for name in ("role", "content", "tool_calls", "tool_call_id")]
    messages = arrow.list_(arrow.struct([*message, ("train", arrow.bool_())]))
    names = [(name, text) for name in ("schema", "id", "source", "task")]
    schema = arrow.schema([*names, ("messages", messages)])
    with parquet.ParquetWriter(path, schema) as file:
        batch = []
        for record in records:
            batch.append(record)
            if len(batch) == _BATCH:
                file.write_table(arrow.Table.from_pylist(batch, schema=schema))
                batch = []
        file.write_table(arrow.Table.from_pylist(batch, schema=schema))
