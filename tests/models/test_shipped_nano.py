"""The model in this package: it is whole, it may be measured, and it does a newcomer's tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

import codeact
from codeact.evals.nano import check_sides
from codeact.events import Event, TextDelta
from codeact.messages import Message
from codeact.models.embedded import EmbeddedModel

pytestmark = pytest.mark.anyio

LIMIT = 25_000_000


def price(item: str) -> int:
    """The price of an item in cents."""
    return {"tea": 350, "cake": 420}[item]


def test_its_weights_are_small_enough_for_the_package() -> None:
    folder = EmbeddedModel().folder
    assert sum(path.stat().st_size for path in folder.iterdir()) < LIMIT


def test_it_may_be_measured_on_what_is_held_out_here() -> None:
    check_sides(EmbeddedModel().card)


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        ("What is the sum of the first 100 prime numbers?", "24133"),
        ("What is the factorial of 20?", "2432902008176640000"),
        ("What is the average of 4, 8, 15, 16, 23 and 42?", "18"),
        ('How many vowels does "encyclopedia" have?', "5"),
        pytest.param(
            *("How many vowels are in the word encyclopedia?", "5"),
            marks=pytest.mark.xfail(strict=True, reason="docs/nano.md: it says that it cannot"),
        ),
        ("What is 15% of 240?", "36"),
    ],
)
async def test_it_solves_a_newcomers_task_by_running_code(
    task: str, answer: str, tmp_path: Path
) -> None:
    result = await codeact.ask(task, model="nano", workspace=tmp_path, max_steps=4)
    assert answer in (result.answer or "")
    assert len(result.trajectory.steps) == 2


async def test_it_calls_a_function_that_it_never_saw(tmp_path: Path) -> None:
    result = await codeact.ask(
        "What is the price of tea?", model="nano", tools=[price], workspace=tmp_path, max_steps=4
    )
    assert "350" in (result.answer or "")


async def test_what_may_be_the_beginning_of_a_stop_sequence_waits() -> None:
    told: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, TextDelta):
            told.append(event.text)

    asked = [Message(role="user", content="What is the factorial of 20?")]
    reply = await EmbeddedModel().complete(asked, stop=["factorial no more", "(20)"], emit=hear)
    assert reply.text.endswith("factorial")
    assert "".join(told) == reply.text
