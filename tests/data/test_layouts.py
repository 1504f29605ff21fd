"""General conversations are read in the layouts in which they are published."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from codeact.data.layouts import read
from codeact.errors import DataError

ORCA = {"id": "cot.1", "system_prompt": "Be kind.", "question": "Why?", "response": "So."}
SHAREGPT = {
    "id": "x1",
    "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}],
}
CAPYBARA = {"source": "Airoboros", "conversation": [{"input": "Hi", "output": "Hello"}]}
GSM8K = {"question": "Two and two?", "answer": "2+2=<<2+2=4>>4 ducks.\n#### 4"}
OPENAI = {"messages": [{"role": "developer", "content": "Be."}, {"role": "user", "content": "?"}]}


def _said(path: Path) -> list[tuple[str, str, bool]]:
    (found,) = read(path)
    return [(each.role, each.content, each.learned) for each in found.said]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            ORCA,
            [("system", "Be kind.", False), ("user", "Why?", False), ("assistant", "So.", True)],
        ),
        (SHAREGPT, [("user", "Hi", False), ("assistant", "Hello", True)]),
        (CAPYBARA, [("user", "Hi", False), ("assistant", "Hello", True)]),
        (
            GSM8K,
            [
                ("user", "Two and two?", False),
                ("assistant", "2+2=4 ducks.\nThe answer is 4.", True),
            ],
        ),
        (OPENAI, [("system", "Be.", False), ("user", "?", False)]),
    ],
)
def test_a_layout_is_known_by_its_fields(
    tmp_path: Path, record: Any, said: list[tuple[str, str, bool]]
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(record) + "\n")
    assert _said(path) == said


def test_a_list_and_packed_lines_are_read_alike(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([SHAREGPT, SHAREGPT]))
    with gzip.open(tmp_path / "b.jsonl.gz", "wt") as file:
        file.write(json.dumps(SHAREGPT) + "\n\n")
    assert len(list(read(tmp_path / "a.json"))) == 2
    assert _said(tmp_path / "b.jsonl.gz") == [("user", "Hi", False), ("assistant", "Hello", True)]


def test_a_source_is_named_by_its_file_or_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "gsm8k" / "train.jsonl", tmp_path / "orca.jsonl"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(GSM8K) + "\n")
    assert next(read(tmp_path / "gsm8k" / "train.jsonl")).source == "gsm8k"
    found = next(read(tmp_path / "orca.jsonl"))
    assert (found.source, found.id, found.task) == ("orca", "orca/1", "orca/1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1}\n', "record 1: no layout that is known.*fields are a"),
        ('{"conversations": [{"from": "cat", "value": ""}]}\n', "from 'cat'"),
        ('{"messages": [{"content": ""}]}\n', "record 1: KeyError"),
        ('{"schema": "codeact.chatml/1", "text": "hi", "train": []}\n', "no ChatML at character 0"),
        ('{"schema": "codeact.trajectory/1"}\n', "record 1: prompt"),
        ('{"messages": [\n', "line 1"),
        ('{"messages": [', "A crash cut the line off"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x.jsonl").write_text(text)
    with pytest.raises(DataError, match=said):
        list(read(tmp_path / "x.jsonl"))


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_text("no")
    with pytest.raises(DataError, match="cannot be read"):
        list(read(tmp_path / "x.parquet"))
