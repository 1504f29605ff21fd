"""Frames: every plain value survives, any split of the bytes does, and nonsense is a WireError."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import math
import struct
import subprocess
import sys
import zoneinfo
from collections import Counter, OrderedDict, UserDict, namedtuple
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeact.interpreter import wire
from codeact.interpreter.wire import Decoder, WireError, encode

TEXT = st.text(st.characters(exclude_categories=()))
OFFSETS = st.integers(-23 * 3600, 23 * 3600).map(
    lambda seconds: timezone(timedelta(seconds=seconds))
)
"""Whole seconds: Python 3.11 reads an offset of less than one as UTC."""
HASHABLE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    TEXT,
    st.binary(),
    st.dates(),
    st.datetimes(timezones=st.none() | OFFSETS | st.timezones(), allow_imaginary=False),
    st.times(timezones=st.none() | OFFSETS),
    st.timedeltas(),
    st.decimals(allow_nan=False),
    st.fractions(),
    st.uuids(),
    st.complex_numbers(allow_nan=False),
    st.builds(range, st.integers(), st.integers(), st.integers(1, 9)),
    TEXT.filter(lambda text: "\0" not in text).map(Path),
)
VALUES = st.recursive(
    HASHABLE | st.sets(HASHABLE) | st.frozensets(HASHABLE),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(HASHABLE | st.just("$"), inner)
        | st.dictionaries(TEXT, inner)
    ),
    max_leaves=20,
)


def crossed(value: Any) -> Any:
    (frame,) = Decoder().feed(encode({"op": "test"}, value))
    return frame.values()[0]


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        pairs = zip(one.items(), other.items(), strict=True)
        return len(one) == len(other) and all(same([*a], [*b]) for a, b in pairs)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@given(VALUES)
def test_a_plain_value_comes_out_as_it_went_in(value: Any) -> None:
    assert same(crossed(value), value)


@given(st.lists(VALUES, max_size=4), st.lists(st.integers(0, 2000), max_size=6))
def test_frames_survive_any_split_of_their_bytes(values: list[Any], cuts: list[int]) -> None:
    data = b"".join(encode({"n": at}, each) for at, each in enumerate(values))
    decoder, seen = Decoder(), []
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in itertools.pairwise(places):
        seen += decoder.feed(data[start:end])
    assert [frame.head for frame in seen] == [{"n": at} for at in range(len(values))]
    assert same([frame.values()[0] for frame in seen], values)


@given(st.binary(max_size=200))
def test_random_bytes_raise_nothing_but_a_wire_error(data: bytes) -> None:
    try:
        for frame in Decoder().feed(data):
            frame.values()
    except WireError:
        pass


JSON = st.recursive(
    st.none() | st.integers(-3, 300) | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "$",
                    "v",
                    "b",
                    "zone",
                    "fold",
                    "dtype",
                    "shape",
                    "index",
                    "column",
                    "name",
                    "names",
                    "range",
                    "tuples",
                    "columns",
                ]
            ),
            inner | st.sampled_from([*wire._UNPACKERS, "<f8", "O", "M8[us]", "category", "str"]),
            max_size=6,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=300)
@given(JSON, st.sampled_from(sorted(wire._UNPACKERS)), st.binary(max_size=32))
def test_any_json_in_place_of_a_value_raises_nothing_but_a_wire_error(
    tree: Any, tag: str, data: bytes
) -> None:
    forged = {**tree, "$": tag} if isinstance(tree, dict) else {"$": tag, "v": tree}
    with contextlib.suppress(WireError):
        wire.unpack(forged, memoryview(data))


def test_not_a_number_stays_not_a_number() -> None:
    assert math.isnan(crossed(float("nan")))
    assert math.isnan(crossed(Decimal("nan")))


def test_an_integer_of_ten_thousand_digits_crosses() -> None:
    assert crossed([10**10_000, 1]) == [10**10_000, 1]


def test_two_lone_surrogates_stay_two() -> None:
    assert crossed("\ud83d\ude00") == "\ud83d\ude00"


def test_a_moment_keeps_its_zone_and_its_fold() -> None:
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    moment = crossed(datetime(2020, 10, 25, 2, 30, fold=1, tzinfo=berlin))
    assert moment.tzinfo is berlin
    assert moment.fold == 1
    assert crossed(datetime(2020, 1, 1, tzinfo=UTC)).tzinfo is UTC


class Colour(Enum):
    RED = "red"


class Size(IntEnum):
    BIG = 3


class Model(pydantic.BaseModel):
    name: str
    colour: Colour = Colour.RED


@dataclasses.dataclass
class Point:
    x: int
    inner: Any = None


class Name(str):
    pass


Pair = namedtuple("Pair", "left right")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Model(name="a"), {"name": "a", "colour": "red"}),
        (Point(1, Point(2)), {"x": 1, "inner": {"x": 2, "inner": None}}),
        (Pair(1, [2]), (1, [2])),
        (Colour.RED, "red"),
        (Size.BIG, 3),
        (Name("n"), "n"),
        (np.float64(1.5), 1.5),
        (np.str_("x"), "x"),
        (bytearray(b"x"), b"x"),
        (memoryview(b"x"), b"x"),
        (OrderedDict(a=1), {"a": 1}),
        (Counter("aa"), {"a": 2}),
        (UserDict({1: 2}), {1: 2}),
        (pd.Timestamp("2020-01-01"), datetime(2020, 1, 1)),  # noqa: DTZ001 - naive is meant
        (pd.Timedelta("1h"), timedelta(hours=1)),
        (pd.NaT, None),
        (type("Items", (list,), {})([1]), [1]),
        (type("Int", (int,), {})(7), 7),
    ],
)
def test_a_value_of_a_richer_type_crosses_as_its_plain_form(value: Any, plain: Any) -> None:
    assert same(crossed(value), plain)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([True, False]),
        np.zeros((0, 3)),
        np.array("text"),
        np.array([[1, "a"], [None, 2.5]], dtype=object),
        np.array(["2020-01-01", "NaT"], dtype="M8[D]"),
        np.array([1 + 2j]),
        np.int64(7),
        np.datetime64("2020-01-01"),
    ],
)
def test_an_array_crosses_with_its_type_and_shape(array: Any) -> None:
    other = crossed(array)
    assert (type(other), other.dtype, other.shape) == (type(array), array.dtype, array.shape)
    np.testing.assert_array_equal(other, array)


def test_an_array_that_has_crossed_can_be_written_to() -> None:
    array = crossed(np.zeros(2))
    array[0] = 1
    assert array.tolist() == [1, 0]


FRAME = pd.DataFrame(
    {
        "whole": [1, 2],
        "part": [1.5, np.nan],
        "text": ["x", None],
        "day": pd.to_datetime(["2020-01-01", "NaT"]),
        "zoned": pd.to_datetime(["2020-01-01", "2021-06-01"]).tz_localize("Europe/Berlin"),
        "kind": pd.Categorical(["u", "v"]),
        "maybe": pd.array([1, None], dtype="Int64"),
        "any": [[1], {"a": 2}],
    },
    index=["r", "s"],
)


@pytest.mark.parametrize(
    "frame",
    [
        FRAME,
        FRAME.iloc[:0],
        pd.DataFrame(),
        pd.DataFrame([[1, 2]], columns=["same", "same"]),
        FRAME.groupby(["whole", "text"]).sum(numeric_only=True),
    ],
)
def test_a_data_frame_crosses_with_its_types_and_labels(frame: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(crossed(frame), frame)


def test_a_series_crosses_with_its_name_and_index() -> None:
    series = pd.Series([1, 2], name="n", index=pd.Index([5, 6], name="i"))
    pd.testing.assert_series_equal(crossed(series), series)


def test_an_index_and_a_missing_value_cross() -> None:
    assert crossed(pd.NA) is pd.NA
    assert crossed(pd.RangeIndex(3)).equals(pd.RangeIndex(3))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (object(), "type object"),
        ((each for each in ""), r"type generator .*here list\("),
        ({}.keys(), r"type dict_keys .*here list\("),
        (print, "type builtin_function_or_method"),
        (Path, "type type"),
        (np.zeros(2, dtype=[("a", "i4")]), r"structured numpy array .*\.tolist\(\)"),
        (b"x" * (wire.MAX_FRAME + 1), "67 MB can cross .*pass the file's path"),
        (b"x" * wire.MAX_FRAME, "67 MB can cross .*pass the file's path"),
        ("x" * (wire.MAX_JSON + 1), "34 MB can cross .*pass the file's path"),
    ],
    ids=range(9),
)
def test_a_value_that_cannot_cross_says_what_to_pass_instead(value: Any, told: str) -> None:
    with pytest.raises(TypeError, match=told):
        encode({}, value)


def test_the_type_of_a_value_that_cannot_cross_is_named_with_its_module() -> None:
    with pytest.raises(TypeError, match=r"type threading\.Event cannot cross"):
        encode({}, __import__("threading").Event())


def test_a_value_that_contains_itself_cannot_cross() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(TypeError, match="contains itself"):
        encode({}, loop)


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_a_value_of_a_hundred_levels_crosses_and_one_more_does_not() -> None:
    assert crossed(nested(100)) == nested(100)
    with pytest.raises(TypeError, match="deeper than 100 levels"):
        crossed(nested(101))


def body(text: bytes) -> bytes:
    return struct.pack(">II", 4 + len(text), len(text)) + text


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">II", wire.MAX_FRAME + 1, 0),
        struct.pack(">II", 10, 7),
        struct.pack(">II", 3, 0),
        body(b"{"),
        body(b"[[], []]"),
        body(b"[{}, []] "),
        body(b""),
        body(b"\xff\xff"),
        body(b"[" * 100_000 + b"]" * 100_000),
        body(json.dumps([{}, [nested(150)]]).encode()),
        body(b'[{}, [{"$": "bytes", "v": [0, 1]}]]'),
        body(b'[{}, [{"$": "bytes", "v": [0.0, 1]}]]'),
        body(b'[{}, [{"$": "tuple", "v": {}}]]'),
        body(b'[{}, [{"$": "nonsense"}]]'),
        body(b'[{}, [{"$": "ndarray", "dtype": "O", "shape": [1], "b": [0, 0]}]]'),
        body(b'[{}, [{"$": "ndarray", "dtype": "f8", "shape": [1000000000], "b": [0, 0]}]]'),
    ],
    ids=range(16),
)
def test_a_forged_frame_is_a_wire_error(data: bytes) -> None:
    with pytest.raises(WireError):
        [frame.values() for frame in Decoder().feed(data)]


def test_arrays_cross_only_where_numpy_is_loaded_and_plain_data_need_neither() -> None:
    program = (
        "import sys; from codeact.interpreter.wire import encode, Decoder, unpack\n"
        "assert 'numpy' not in sys.modules and 'pandas' not in sys.modules\n"
        "frame, = Decoder().feed(encode({}, [1, {'a': (2,)}])); frame.values()\n"
        "try: encode({}, object())\n"
        "except TypeError as error: print('numpy' in sys.modules, error)\n"
        "import numpy; print(Decoder().feed(encode({}, numpy.arange(2)))[0].values())\n"
        "try: encode({}, object())\n"
        "except TypeError: print('pandas' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines()[0].startswith("False a value of type object")
    assert done.stdout.splitlines()[1:] == ["[array([0, 1])]", "False"]
    assert done.stderr == ""


def test_plain_ids_are_what_they_were() -> None:
    values = [UUID(int=5), Fraction(1, 3), date(2020, 1, 1), time(1, 2, 3)]
    assert crossed(values) == values
