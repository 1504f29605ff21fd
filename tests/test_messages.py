"""What messages, media and usage promise beside holding their fields."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given

from codeact.messages import Completion, Message, Usage
from tests import nouns


@given(nouns.usages)
def test_nothing_added_to_a_usage_changes_nothing(usage: Usage) -> None:
    assert usage + Usage() == usage


@given(nouns.usages, nouns.usages)
def test_usages_add_up_in_either_order(one: Usage, other: Usage) -> None:
    assert one + other == other + one


def test_every_count_of_two_usages_is_summed() -> None:
    one = Usage(input_tokens=1, output_tokens=2, cached_tokens=3, reasoning_tokens=4, cost=0.5)
    other = Usage(input_tokens=10, output_tokens=20, cached_tokens=30, reasoning_tokens=40, cost=1)
    summed = Usage(
        input_tokens=11, output_tokens=22, cached_tokens=33, reasoning_tokens=44, cost=1.5
    )
    assert one + other == summed


def test_an_unknown_price_makes_the_sum_unknown() -> None:
    assert (Usage(cost=1.0) + Usage(cost=None)).cost is None


def test_one_estimated_count_makes_the_sum_an_estimate() -> None:
    assert (Usage() + Usage(estimated=True)).estimated


def test_cached_and_reasoning_tokens_are_not_counted_twice() -> None:
    usage = Usage(input_tokens=10, output_tokens=5, cached_tokens=8, reasoning_tokens=4)
    assert usage.total_tokens == 15


def test_a_message_cannot_be_changed() -> None:
    message = Message(role="user", content="hello")
    with pytest.raises(dataclasses.FrozenInstanceError):
        message.content = "bye"  # type: ignore[misc]


def test_a_completion_that_nobody_counted_costs_nothing() -> None:
    assert Completion(text="hello").usage == Usage()
