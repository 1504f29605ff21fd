"""Typed answers: what is accepted, what is sent back, and which types can be asked for."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import enum
import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from codeact.environment import Person
from codeact.errors import ConfigError
from codeact.outputs import OutputType, TypedUser
from tests import nouns

pytestmark = pytest.mark.anyio


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class City(BaseModel):
    name: str
    people: int


@pytest.mark.parametrize(
    ("wanted", "answer", "value"),
    [
        (int, "42", 42),
        (int, " 42\n", 42),
        (int, "```json\n42\n```", 42),
        (int, "```\n42\n```", 42),
        (float, "1e3", 1000.0),
        (bool, "true", True),
        (bool, "True", True),
        (str, "hello there", "hello there"),
        (str, '"hello"', "hello"),
        (str, "42", "42"),
        (str, "```not a fence", "```not a fence"),
        (list[int], "[1, 2]", [1, 2]),
        (int | None, "null", None),
        (Literal["up", "down"], "up", "up"),
        (Colour, "red", Colour.RED),
        (datetime.date, "2024-05-01", datetime.date(2024, 5, 1)),
        (Point, '{"x": 1}', Point(1)),
        (City, '{"name": "Ulm", "people": 128000}', City(name="Ulm", people=128_000)),
        (Annotated[int, Field(gt=0)], "1", 1),
        (Annotated[int, {"no": "hash"}], "1", 1),
    ],
)
def test_an_answer_of_the_right_type_is_read(wanted: Any, answer: str, value: Any) -> None:
    assert OutputType(wanted).read(answer) == value


@pytest.mark.parametrize(
    ("wanted", "answer", "complaint"),
    [
        (
            int,
            "forty-two",
            "the value: Invalid JSON: expected ident at line 1 column 2 (got 'forty",
        ),
        (int, "[1]", "the value: Input should be a valid integer (got [1])."),
        (
            int,
            "",
            "the value: Invalid JSON: EOF while parsing a value at line 1 column 0 (got '').",
        ),
        (int, "\ud800", "the value: "),
        (list[int], "[" * 5_000, "the value: Invalid JSON: recursion limit exceeded"),
        (
            list[int],
            '["x"]',
            "0: Input should be a valid integer, unable to parse string as an inte",
        ),
        (
            City,
            '{"name": 1}',
            "name: Input should be a valid string (got 1). people: Field required",
        ),
    ],
)
def test_an_answer_of_another_type_is_explained(wanted: Any, answer: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r"\(got ") as caught:
        OutputType(wanted).read(answer)
    assert str(caught.value).startswith(complaint)


def test_a_long_wrong_value_and_many_complaints_are_cut() -> None:
    with pytest.raises(ValueError, match=r"\(got ") as caught:
        OutputType(list[int]).read(json.dumps(["x" * 1_000] * 100))
    assert str(caught.value).count("Input should be") == 5
    assert len(str(caught.value)) < 1_000


@given(nouns.texts)
def test_any_text_is_a_text_answer(answer: str) -> None:
    assert isinstance(OutputType(str).read(answer), str)


@given(st.text())
def test_an_answer_is_read_or_refused_whatever_it_says(answer: str) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(OutputType(City).read(answer), City)


@given(st.builds(City, name=st.text(), people=st.integers()))
def test_an_answer_written_as_the_schema_says_is_read_back(city: City) -> None:
    assert OutputType(City).read(city.model_dump_json()) == city


def test_the_schema_is_json_schema_text() -> None:
    assert json.loads(OutputType(list[int]).schema) == {
        "type": "array",
        "items": {"type": "integer"},
    }


class Socket:
    """No JSON."""


@pytest.mark.parametrize("wanted", [Socket, Callable[[], int], "Unknown", 5])
def test_a_type_that_json_cannot_spell_is_refused(wanted: Any) -> None:
    with pytest.raises(ConfigError, match=r"cannot be asked of a model .*Use a type that JSON can"):
        OutputType(wanted)


async def test_a_right_answer_reaches_the_user_behind() -> None:
    heard = await TypedUser(Person(), OutputType(int)).hear("42")
    assert (heard.done, heard.ok) == (True, True)


async def test_a_wrong_answer_is_sent_back_with_the_schema() -> None:
    heard = await TypedUser(Person(), OutputType(int)).hear("many")
    assert (heard.done, heard.ok, heard.error, heard.source) == (False, False, "WrongType", "user")
    assert heard.text == (
        "Your answer does not fit the required type. the value: Invalid JSON: expected value at "
        "line 1 column 1 (got 'many').\nAnswer again with one JSON value that matches this JSON "
        'Schema, and nothing else:\n{"type":"integer"}'
    )
