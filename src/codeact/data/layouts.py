"""Reads conversations from files, whatever layout they have."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from codeact import trajectory as trajectories
from codeact.data import conversations
from codeact.data.conversations import Conversation, Said, calls_of, from_record, of_trajectory
from codeact.data.templates import Spelled, read_chatml
from codeact.errors import ConfigError, DataError
from codeact.messages import Role

CHATML = "codeact.chatml/1"
"""Marks a text in ChatML that can be read back."""
ANSWER = "The answer is {answer}."
"""How a worked solution of GSM8K ends."""

UNKNOWN = (
    "no layout that is known (a trajectory, a conversation, OpenAI's messages, ShareGPT, "
    "Capybara, OpenOrca, GSM8K); its fields are {fields}."
)
NO_ARROW = "Parquet files need pyarrow. Install it: pip install 'codeact[data]'"

_CALCULATED = re.compile(r"<<[^<>]*>>")
_ROLES: Mapping[str, Role] = {
    "human": "user",
    "user": "user",
    "system": "system",
    "tool": "tool",
    **dict.fromkeys(("gpt", "assistant", "chatgpt", "bing", "bard", "model"), "assistant"),
}


def read(path: Path) -> Iterator[Conversation]:
    """The conversations of a file: JSON lines, one JSON list, either packed by gzip, or parquet.

    Raises DataError naming the place.
    """
    source = _name(path)
    for number, (line, record) in enumerate(_records(path), 1):
        place = f"{path}, record {number}"
        try:
            yield _conversation(line, record, source, f"{source}/{number}")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"{place}: {error!r}") from error
        except DataError as error:
            raise DataError(f"{place}: {error}") from error


def _conversation(line: str, record: Any, source: str, id: str) -> Conversation:
    match record:
        case {"schema": trajectories.SCHEMA}:
            return of_trajectory(trajectories.from_json(line), id)
        case {"schema": conversations.SCHEMA}:
            return from_record(record)
        case {"schema": _, "text": str(text), "train": [*spans]} if record["schema"] == CHATML:
            said = read_chatml(Spelled(text, tuple((int(a), int(b)) for a, b in spans)))
        case {"messages": [*messages]}:
            said = tuple(_of_openai(each) for each in messages)
        case {"conversations": [*messages]}:
            said = tuple(_of_sharegpt(each) for each in messages)
        case {"conversation": [*pairs]}:
            said = tuple(part for pair in pairs for part in _pair(pair["input"], pair["output"]))
        case {"question": str(question), "response": str(response)}:
            system = str(record.get("system_prompt") or "")
            head = (Said(role="system", content=system),) if system else ()
            said = (*head, *_pair(question, response))
        case {"question": str(question), "answer": str(answer)}:
            said = _pair(question, _prose(answer))
        case _:
            fields = ", ".join(map(str, record)) if isinstance(record, dict) else "none"
            raise DataError(UNKNOWN.format(fields=fields))
    id = str(record.get("id") or id)
    return Conversation(
        id=id,
        source=str(record.get("source") or source),
        task=str(record.get("task") or id),
        said=said,
    )


def _of_openai(record: Mapping[str, Any]) -> Said:
    role = record["role"]
    if role == "developer":
        role = "system"
    if role not in conversations.ROLES:
        raise ValueError(f"a message of role {role!r}")
    return Said(
        role=role,
        content=_text(record.get("content")),
        learned=role == "assistant" and record.get("weight", 1) != 0 and record.get("train", True),
        calls=calls_of(record.get("tool_calls")),
        call_id=record.get("tool_call_id"),
    )


def _of_sharegpt(record: Mapping[str, Any]) -> Said:
    name = record.get("from") or record["role"]
    if name not in _ROLES:
        raise ValueError(f"a message from {name!r}")
    role = _ROLES[name]
    learned = role == "assistant" and record.get("weight", 1) != 0
    content = record["value"] if "value" in record else record["content"]
    return Said(role=role, content=_text(content), learned=learned)


def _text(content: Any) -> str:
    """A text, or the texts among the parts of a message."""
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return "" if content is None else str(content)


def _pair(asked: str, answered: str) -> tuple[Said, Said]:
    return (
        Said(role="user", content=asked),
        Said(role="assistant", content=answered, learned=True),
    )


def _prose(answer: str) -> str:
    """A solution of GSM8K without its calculator's notes, its result as a sentence; an answer of
    another set as it is.
    """
    steps, mark, result = answer.rpartition("\n#### ")
    if not mark:
        return answer
    return f"{_CALCULATED.sub('', steps).strip()}\n{ANSWER.format(answer=result.strip())}"


def _name(path: Path) -> str:
    """The source of a file that does not say: its name, or its folder's where that is no name."""
    stem = path.name.partition(".")[0]
    plain = stem in ("train", "test", "validation", "data", "results")
    return path.resolve().parent.name if plain else stem


def _records(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        if path.suffix == ".parquet":
            for record in _rows(path):
                yield "", record
            return
        opened: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8") as file:
            if path.name.removesuffix(".gz").endswith(".json"):
                whole = json.load(file)
                for record in whole if isinstance(whole, list) else [whole]:
                    yield json.dumps(record), record
                return
            for number, line in enumerate(file, 1):
                if line.strip():
                    try:
                        yield line, json.loads(line)
                    except (ValueError, RecursionError) as error:
                        cut = "" if line.endswith("\n") else trajectories.CUT_OFF
                        raise DataError(f"{path}, line {number}: {cut}{error}") from error
    except (OSError, EOFError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _rows(path: Path) -> Iterator[Any]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise ConfigError(NO_ARROW) from error
    try:
        for batch in parquet.ParquetFile(path).iter_batches():
            for row in batch.to_pylist():
                for each in row.get("messages") or ():
                    if each.get("tool_calls"):
                        each["tool_calls"] = json.loads(each["tool_calls"])
                yield row
    except ArrowException as error:
        raise DataError(f"{path} cannot be read: {error}") from error
