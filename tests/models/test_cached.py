"""Replies that are kept: what is the same request, what is kept, and what damage does."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from codeact.messages import Completion, Message, NativeCall, Sampling, ToolSchema, Usage
from codeact.models.cached import CachedModel
from codeact.models.scripted import ScriptedModel

pytestmark = pytest.mark.anyio

ASKED = [Message(role="user", content="How are you?")]
PAID = Usage(input_tokens=7, output_tokens=3, cost=0.5)


def _model(folder: Path, *replies: str | Completion | Exception) -> CachedModel:
    return CachedModel(model=ScriptedModel(replies), folder=folder)


def _kept(folder: Path) -> Path:
    (path,) = folder.glob("*/*.json")
    return path


def _damage(folder: Path, content: bytes) -> None:
    _kept(folder).write_bytes(content)


async def test_the_same_is_not_asked_twice(tmp_path: Path) -> None:
    model = _model(tmp_path, "Well.")
    texts = [(await model.complete(ASKED)).text for _ in range(2)]
    assert (texts, model.hits.count) == (["Well.", "Well."], 1)


async def test_another_process_finds_what_was_kept(tmp_path: Path) -> None:
    call = NativeCall(id="c", name="view", arguments="{}")
    said = Completion(text="x\ud83d", calls=(call,), reasoning="hm", usage=PAID)
    first = await _model(tmp_path, said).complete(ASKED)
    again = await _model(tmp_path).complete(ASKED)
    free = dataclasses.replace(first.usage, cost=0.0)
    assert dataclasses.replace(again, seconds=0) == dataclasses.replace(
        first, usage=free, seconds=0
    )


async def test_a_kept_reply_costs_nothing_and_keeps_its_tokens(tmp_path: Path) -> None:
    model = _model(tmp_path, Completion(text="Well.", usage=PAID))
    costs = [(await model.complete(ASKED)).usage for _ in range(2)]
    assert [usage.cost for usage in costs] == [0.5, 0.0]
    assert costs[1].total_tokens == 10


@pytest.mark.parametrize(
    "change",
    [
        {"messages": [Message(role="user", content="How are you")]},
        {"messages": [Message(role="system", content="How are you?")]},
        {"stop": ["."]},
        {"sampling": Sampling(temperature=0.0)},
        {"sampling": Sampling(seed=1)},
        {"tools": [ToolSchema(name="view", description="", parameters="{}")]},
    ],
)
async def test_another_request_is_asked(tmp_path: Path, change: dict[str, object]) -> None:
    model = _model(tmp_path, "one", "two")
    await model.complete(ASKED)
    other = {"messages": ASKED} | change
    assert (await model.complete(**other)).text == "two"  # type: ignore[arg-type]


async def test_another_endpoint_is_another_model(tmp_path: Path) -> None:
    await _model(tmp_path, "one").complete(ASKED)
    elsewhere = dataclasses.replace(_model(tmp_path, "two"), endpoint="http://elsewhere/v1")
    assert (await elsewhere.complete(ASKED)).text == "two"


async def test_another_epoch_is_drawn_anew_and_kept_apart(tmp_path: Path) -> None:
    model = _model(tmp_path, "one", "two")
    texts = [(await model.at(epoch).complete(ASKED)).text for epoch in (0, 1, 0, 1)]
    assert (texts, model.hits.count) == (["one", "two", "one", "two"], 2)


async def test_a_reply_that_another_until_cut_is_asked_anew(tmp_path: Path) -> None:
    model = _model(tmp_path, "one two three", "one two three")
    cut = await model.complete(ASKED, until=lambda text: True)
    assert len(cut.text) <= 13
    await model.complete(ASKED)
    assert model.hits.count == 0


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"schema": "codeact.reply/1"}', b"\xff"])
async def test_what_is_damaged_is_asked_again_and_mended(tmp_path: Path, damage: bytes) -> None:
    model = _model(tmp_path, "one", "two")
    await model.complete(ASKED)
    _damage(tmp_path, damage)
    texts = [(await model.complete(ASKED)).text for _ in range(2)]
    assert texts == ["two", "two"]


@pytest.mark.parametrize("reason", ["filter", "interrupted"])
async def test_what_the_model_did_not_end_is_not_kept(tmp_path: Path, reason: str) -> None:
    said = Completion(text="one", finish_reason=reason)  # type: ignore[arg-type]
    model = _model(tmp_path, said, "two")
    await model.complete(ASKED)
    assert (await model.complete(ASKED)).text == "two"


async def test_what_is_kept_of_another_request_under_the_same_name_is_not_used(
    tmp_path: Path,
) -> None:
    await _model(tmp_path, "Well.").complete(ASKED)
    record = json.loads(_kept(tmp_path).read_bytes())
    _damage(tmp_path, json.dumps({**record, "request": {}}).encode())
    assert (await _model(tmp_path, "Ill.").complete(ASKED)).text == "Ill."


async def test_it_passes_on_what_its_model_is_and_closes_it(tmp_path: Path) -> None:
    inner = ScriptedModel(["Well."], context_tokens=77)
    model = CachedModel(model=inner, folder=tmp_path)
    assert (model.context_tokens, model.sees) == (77, inner.sees)
    await model.aclose()
