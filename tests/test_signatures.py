"""What the model reads of a function, and what its arguments are checked against."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import functools
import inspect
import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from codeact.signatures import by_position, json_schema, signature_text
from codeact.tools import BadArguments, Toolbox, tool

if TYPE_CHECKING:
    from nowhere import Unknown  # type: ignore[import-not-found]


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Address(BaseModel):
    street: str
    number: int


class Customer(BaseModel):
    name: str
    home: Address


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Socket:
    """Something that pydantic knows nothing about."""


class Half(BaseModel):
    whole: Unknown


def bound(function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, ...]:
    """The values that the function would get, by place and then by name."""
    positional, named = Toolbox.of([function]).bind(function.__name__, args, kwargs)
    return (*positional, *named.values())


def schema(function: Callable[..., Any]) -> Any:
    return json.loads(json_schema(function))


def takes_int(value: int) -> None: ...
def takes_float(value: float) -> None: ...
def takes_date(value: datetime.date) -> None: ...
def takes_colour(value: Colour) -> None: ...
def takes_literal(value: Literal["up", "down"]) -> None: ...
def takes_optional(value: int | None) -> None: ...
def takes_positive(value: Annotated[int, Field(gt=0)]) -> None: ...
def takes_point(value: Point) -> None: ...
def takes_customer(value: Customer) -> None: ...
def takes_points(value: list[Point]) -> None: ...
def takes_sloppy(value: int = None) -> None: ...  # type: ignore[assignment]  # noqa: RUF013
def takes_anything(value: Any) -> None: ...
def takes_untyped(value) -> None: ...  # type: ignore[no-untyped-def]
def takes_unknown(value: Unknown) -> None: ...
def takes_socket(value: Socket) -> None: ...
def takes_half(value: Half) -> None: ...
def takes_call(value: Callable[[int], int]) -> None: ...


def takes_prose(value: str) -> None: ...


takes_prose.__annotations__["value"] = "how many to take"


@pytest.mark.parametrize(
    ("function", "given", "value"),
    [
        (takes_int, "3", 3),
        (takes_float, 3, 3.0),
        (takes_date, "2024-05-01", datetime.date(2024, 5, 1)),
        (takes_colour, "red", Colour.RED),
        (takes_literal, "up", "up"),
        (takes_optional, None, None),
        (takes_optional, "3", 3),
        (takes_positive, 1, 1),
        (takes_point, {"x": "1"}, Point(1)),
        (takes_points, [{"x": 1}, {"x": 2, "y": 3}], [Point(1), Point(2, 3)]),
        (
            takes_customer,
            {"name": "Ada", "home": {"street": "High", "number": "7"}},
            Customer(name="Ada", home=Address(street="High", number=7)),
        ),
    ],
)
def test_an_argument_becomes_the_annotated_type(
    function: Callable[..., Any], given: Any, value: Any
) -> None:
    assert bound(function, given) == (value,)


@pytest.mark.parametrize(
    "function", [takes_anything, takes_untyped, takes_unknown, takes_prose, takes_half]
)
def test_what_cannot_be_judged_is_let_through(function: Callable[..., Any]) -> None:
    assert bound(function, ["as", "it", "is"]) == (["as", "it", "is"],)


def test_a_default_is_accepted_though_its_annotation_forbids_it() -> None:
    assert bound(takes_sloppy, None) == (None,)


def test_an_object_of_an_unknown_class_is_let_through() -> None:
    socket = Socket()
    assert bound(takes_socket, socket) == (socket,)


@pytest.mark.parametrize(
    ("function", "given", "complaint"),
    [
        (
            takes_int,
            "many",
            "takes_int(): bad value for 'value': Input should be a valid integer, unable to parse "
            "string as an integer, got 'many'. Its signature is takes_int(value: int) -> None",
        ),
        (takes_literal, "left", "Input should be 'up' or 'down', got 'left'"),
        (takes_positive, 0, "Input should be greater than 0, got 0"),
        (takes_sloppy, "x", "Input should be a valid integer"),
        (takes_socket, 1, "Input should be an instance of Socket, got 1"),
        (takes_points, [{"x": 1}, {}], "bad value for 'value'[1]['x']: Field required, got {}"),
        (takes_int, "x" * 200, "got '" + "x" * 99 + "…. Its"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(
    function: Callable[..., Any], given: Any, complaint: str
) -> None:
    with pytest.raises(BadArguments) as caught:
        bound(function, given)
    assert complaint in str(caught.value)


def every_kind(a: int, /, b: int = 2, *rest: int, c: int, d: int = 4, **more: int) -> None: ...
def by_place_only(a: int, b: int = 2, c: int = 3, /) -> None: ...
def spread(first: str, *rest: int) -> None: ...


def test_arguments_of_every_kind_are_checked() -> None:
    assert bound(every_kind, "1", "2", "3", c="4", x="5") == (1, 2, 3, 4, 5)


@pytest.mark.parametrize("place", ["a", "b", "rest", "c", "d", "x"])
def test_each_kind_of_parameter_refuses_a_wrong_value(place: str) -> None:
    given: dict[str, Any] = {"a": 1, "b": 1, "rest": [1], "c": 1, "d": 1, "x": 1}
    given[place] = ["no"] if place == "rest" else "no"
    with pytest.raises(BadArguments, match=r"bad value for '(a|b|c|d|rest|more)'"):
        bound(every_kind, **given)


@pytest.mark.parametrize(
    ("function", "named", "placed", "left"),
    [
        (every_kind, {"a": 1, "c": 3}, [1], {"c": 3}),
        (every_kind, {"a": 1, "b": 5, "c": 3}, [1], {"b": 5, "c": 3}),
        (every_kind, {"a": 1, "rest": [7, 8], "c": 3, "x": 9}, [1, 2, 7, 8], {"c": 3, "x": 9}),
        (every_kind, {"rest": [7], "c": 3}, [], {"rest": [7], "c": 3}),
        (every_kind, {"rest": "seven", "c": 3}, [], {"rest": "seven", "c": 3}),
        (by_place_only, {"a": 1, "c": 5}, [1, 2, 5], {}),
        (by_place_only, {"c": 5}, [], {"c": 5}),
        (spread, {"first": "a", "rest": (1, 2)}, ["a", 1, 2], {}),
        (takes_int, {"value": 1}, [], {"value": 1}),
        (takes_int, {}, [], {}),
    ],
)
def test_what_has_no_name_in_python_gets_its_place(
    function: Callable[..., Any], named: dict[str, Any], placed: list[Any], left: dict[str, Any]
) -> None:
    assert by_position(inspect.signature(function), [], dict(named)) == (placed, left)


def test_arguments_that_have_a_place_keep_it() -> None:
    assert by_position(inspect.signature(spread), ["a", 1], {"x": 2}) == (["a", 1], {"x": 2})


@pytest.mark.parametrize(
    ("function", "given"),
    [
        (every_kind, {"a": 1, "b": 5, "rest": [7, 8], "c": 3, "d": 4, "x": 9}),
        (by_place_only, {"a": 1, "b": 2, "c": 3}),
        (spread, {"first": "a", "rest": [1]}),
        (takes_customer, {"value": {"name": "Ada", "home": {"street": "High", "number": 7}}}),
    ],
)
def test_a_call_that_names_every_property_of_the_schema_fits(
    function: Callable[..., Any], given: dict[str, Any]
) -> None:
    assert set(schema(function)["properties"]) <= set(given)
    assert bound(function, **given)


def test_the_schema_of_every_kind_of_parameter() -> None:
    integer = {"type": "integer"}
    assert schema(every_kind) == {
        "type": "object",
        "properties": {
            "a": integer,
            "b": integer | {"default": 2},
            "rest": {"type": "array", "items": integer},
            "c": integer,
            "d": integer | {"default": 4},
        },
        "required": ["a", "c"],
    }


def test_a_schema_without_open_names_is_closed() -> None:
    assert schema(takes_int) == {
        "type": "object",
        "properties": {"value": {"type": "integer"}},
        "required": ["value"],
        "additionalProperties": False,
    }


def test_nested_models_are_defined_where_references_find_them() -> None:
    found = schema(takes_customer)
    assert set(found["$defs"]) == {"Address"}
    assert found["properties"]["value"]["properties"]["home"] == {"$ref": "#/$defs/Address"}


def test_asking_for_a_schema_twice_gives_the_same() -> None:
    assert tool(takes_customer).schema() == tool(takes_customer).schema()


@pytest.mark.parametrize(
    "function", [takes_untyped, takes_unknown, takes_socket, takes_call, takes_half, takes_prose]
)
def test_what_json_schema_cannot_say_is_left_open(function: Callable[..., Any]) -> None:
    assert schema(function)["properties"] == {"value": {}}


def test_untyped_arguments_of_any_number_are_an_array() -> None:
    def gather(*items): ...  # type: ignore[no-untyped-def]

    assert schema(gather)["properties"] == {"items": {"type": "array", "items": {}}}


def test_only_defaults_that_json_can_spell_are_in_the_schema() -> None:
    def many(
        a: float = math.inf, b: float = 0.5, c: Colour = Colour.RED, d: str | None = None
    ) -> None: ...

    kept = {name: each.get("default") for name, each in schema(many)["properties"].items()}
    assert kept == {"a": None, "b": 0.5, "c": None, "d": None}
    assert "default" not in schema(many)["properties"]["a"]
    assert "default" in schema(many)["properties"]["d"]


def plain(a, b=1, *, c="x"): ...  # type: ignore[no-untyped-def]


def precise(a: list[int], b: Literal["x"] | None = None) -> dict[str, Any]:
    return {}


def lengthy(
    a: object = object(),
    b: str = "x" * 200,
    c: object = type("X", (), {"__repr__": lambda _: "two\nlines"})(),
) -> None: ...


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (plain, "(a, b=1, *, c='x')"),
        (precise, "(a: list[int], b: Literal['x'] | None = None) -> dict[str, Any]"),
        (
            every_kind,
            "(a: int, /, b: int = 2, *rest: int, c: int, d: int = 4, **more: int) -> None",
        ),
        (lengthy, "(a: object = ..., b: str = ..., c: object = ...) -> None"),
        (functools.partial(takes_int), "(value: int) -> None"),
    ],
)
def test_a_signature_is_shown_as_python_without_noise(
    function: Callable[..., Any], text: str
) -> None:
    assert signature_text(function) == text


def test_evaluated_annotations_are_shown_like_written_ones() -> None:
    def pick(value: str, count: int) -> None: ...

    pick.__annotations__ = {"value": Literal["a"], "count": int | None, "return": dict[str, Any]}
    assert signature_text(pick) == "(value: Literal['a'], count: int | None) -> dict[str, Any]"
