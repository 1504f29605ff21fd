"""Each layout that is written is read back with its text and its mask."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from codeact.data.conversations import Conversation
from codeact.data.convert import TARGETS, Target, convert, writer
from codeact.data.layouts import read
from codeact.data.templates import END, Unwritable
from codeact.errors import ConfigError
from tests.data.samples import conversations, halves, lived, talk, texts

NAMED: tuple[Target, ...] = ("messages", "chatml", "sharegpt", "parquet")


def _round(conversation: Conversation, target: Target) -> Conversation:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("x.parquet" if target == "parquet" else "x.jsonl")
        assert convert([conversation], path, target).count == 1
        (found,) = read(path)
    return found


@pytest.mark.parametrize("target", NAMED)
@settings(max_examples=25, deadline=None)
@given(conversation=conversations())
def test_text_and_mask_survive_every_layout(target: Target, conversation: Conversation) -> None:
    assert _round(conversation, target) == conversation


@settings(max_examples=25, deadline=None)
@given(conversation=conversations(texts | halves, calls=True))
def test_openai_lines_keep_calls_and_weights(conversation: Conversation) -> None:
    assert _round(conversation, "openai").said == conversation.said


@settings(max_examples=25, deadline=None)
@given(conversation=conversations(calls=True))
def test_parquet_keeps_native_calls(conversation: Conversation) -> None:
    assert _round(conversation, "parquet") == conversation


def test_a_reply_that_is_not_learned_has_no_weight(tmp_path: Path) -> None:
    convert([talk("q", "!no", "q", "yes")], tmp_path / "o.jsonl", "openai")
    record = json.loads((tmp_path / "o.jsonl").read_text())
    assert [each.get("weight") for each in record["messages"]] == [None, 0, None, 1]


def test_the_spans_of_a_text_cover_what_is_learned(tmp_path: Path) -> None:
    convert([talk("q", "!no", "q", "yes")], tmp_path / "c.jsonl", "chatml")
    record = json.loads((tmp_path / "c.jsonl").read_text())
    assert [record["text"][a:b] for a, b in record["train"]] == [f"yes{END}"]


def test_what_cannot_be_spelt_is_left_out_and_counted(tmp_path: Path) -> None:
    given = [talk("q", "a"), talk("q", END), talk("q", "!only wrong")]
    written = convert(given, tmp_path / "c.jsonl", "chatml")
    assert written.count == 1
    assert sorted(written.left_out.values()) == [1, 1]
    assert len(list(read(tmp_path / "c.jsonl"))) == 1


def test_half_a_character_is_left_out_of_parquet(tmp_path: Path) -> None:
    assert convert([talk("q", "\udc80")], tmp_path / "c.parquet", "parquet").count == 0
    with pytest.raises(Unwritable, match="half of a surrogate"):
        writer("parquet")(talk("q", "\udc80"))


def test_nothing_that_exists_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("mine")
    with pytest.raises(ConfigError, match="exists"):
        convert([talk("q", "a")], path)
    assert path.read_text() == "mine"
    assert convert([talk("q", "a")], path, force=True).count == 1


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def stopped() -> Iterator[Conversation]:
        yield talk("q", "a")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(stopped(), tmp_path / "x.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_a_template_has_to_be_named() -> None:
    with pytest.raises(ConfigError, match="--template"):
        writer("template")
    assert len(TARGETS) == 6


def test_an_empty_parquet_file_can_be_read(tmp_path: Path) -> None:
    convert([], tmp_path / "x.parquet", "parquet")
    assert list(read(tmp_path / "x.parquet")) == []


def test_trajectories_are_converted_with_their_masks(tmp_path: Path) -> None:
    from codeact import trajectory

    trajectory.append(tmp_path / "t.jsonl", lived("!wrong", "right", "answer"))
    (found,) = read(tmp_path / "t.jsonl")
    assert [each.content for each in found.said if each.learned] == ["right", "answer"]
    rows: Any = writer("sharegpt")(found)["conversations"]
    assert [row.get("weight") for row in rows if row["from"] == "gpt"] == [0, None, None]
