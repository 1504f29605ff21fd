"""Trajectories as conversations: what was said, and what of it is learned."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given

from codeact.data.conversations import (
    Conversation,
    from_record,
    line_of,
    of_trajectory,
    to_record,
)
from codeact.errors import DataError
from codeact.messages import Message
from codeact.trajectory import Trajectory
from tests import nouns
from tests.data.samples import conversations, halves, lived, texts


def _learned(conversation: Conversation) -> list[str]:
    return [each.content for each in conversation.said if each.learned]


def test_replies_are_learned_and_masked_ones_are_not() -> None:
    conversation = of_trajectory(lived("!wrong", "right", "answer"))
    assert _learned(conversation) == ["right", "answer"]
    assert [each.role for each in conversation.said] == [
        "system",
        "user",
        *["assistant", "user"] * 2,
        "assistant",
    ]


def test_what_follows_the_last_reply_is_left_out() -> None:
    whole = lived("one", "two", "answer")
    cut = dataclasses.replace(whole, steps=whole.steps[:1])
    assert of_trajectory(cut).said[-1].content == "one"


def test_replies_in_a_prompt_are_not_learned() -> None:
    shown = Message(role="assistant", content="an example")
    trajectory = lived("answer")
    trajectory = dataclasses.replace(trajectory, prompt=(*trajectory.prompt, shown))
    assert _learned(of_trajectory(trajectory)) == ["answer"]


def test_epochs_of_a_task_have_ids_of_their_own() -> None:
    first, second = of_trajectory(lived("a")), of_trajectory(lived("a", epoch="1"))
    assert (first.id, second.id) == ("t/1", "t/1#1")
    assert first.task == second.task


@given(nouns.trajectories)
def test_any_trajectory_keeps_what_was_said(trajectory: Trajectory) -> None:
    plain = dataclasses.replace(trajectory, metadata={})
    said = of_trajectory(plain).said
    shown = plain.messages()[: len(said)]
    assert [(each.role, each.content) for each in said] == [(m.role, m.content) for m in shown]
    assert all(each.role == "assistant" for each in said if each.learned)


@given(conversations(texts | halves, calls=True))
def test_a_conversation_is_read_back_as_it_was(conversation: Conversation) -> None:
    assert from_record(json.loads(line_of(to_record(conversation)))) == conversation


@pytest.mark.parametrize(
    "record",
    [{}, {"id": "", "source": "", "task": "", "messages": [{"role": "dog", "content": ""}]}],
)
def test_other_records_are_refused(record: dict[str, object]) -> None:
    with pytest.raises(DataError, match="no conversation"):
        from_record(record)
