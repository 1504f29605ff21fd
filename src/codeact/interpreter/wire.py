"""Frames between host and kernel: plain data as bytes and back, without I/O.

One frame is `u32 length of the rest | u32 length of the JSON | JSON | buffers`, big-endian. The
JSON is `[head, [values]]`: the head is JSON's own data, the values are tagged so that Python's
plain types survive. Bytes, arrays and columns lie behind the JSON and are referred to by offset.
Nothing is ever pickled.
"""

from __future__ import annotations

import dataclasses
import json
import struct
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

MAX_FRAME = 64 * 1024 * 1024
"""Bytes of one frame, both ways."""
MAX_JSON = 32 * 1024 * 1024
"""Bytes of a frame's JSON: what parsing may cost the reader is several times this."""
MAX_DEPTH = 100
"""Levels of nesting, both ways."""

TAG = "$"
_PREFIX = struct.Struct(">II")
_SCALARS = frozenset({type(None), bool, int, float, str})
_BIG = 1 << 63


def _json_writer() -> Callable[[Any, int], Iterable[str]]:
    """Compact JSON in pieces, by the machinery that `JSONEncoder` sets up anew for each value."""
    encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
    module: Any = json.encoder
    if module.c_make_encoder is None:  # pragma: no cover - a Python without its C accelerators
        return lambda value, level: encoder.iterencode(value)
    text = module.encode_basestring
    made: Callable[[Any, int], Iterable[str]] = module.c_make_encoder(
        None, encoder.default, text, None, ":", ",", False, False, True
    )
    return made


_written_json = _json_writer()
_read_json: Callable[[str, int], tuple[Any, int]] = vars(json.JSONDecoder())["scan_once"]

TOO_DEEP = f"the value is nested deeper than {MAX_DEPTH} levels, or contains itself"
TOO_LARGE = (
    "the value takes {size:.0f} MB and at most {limit:.0f} MB can cross between the code and a "
    "tool. Write it to a file in the working folder and pass the file's path"
)
CANNOT_CROSS = (
    "a value of type {type} cannot cross between the code and a tool. Pass plain data instead "
    "(numbers, text, lists, dicts, arrays, data frames){advice}"
)
ADVICE = {
    "generator": ", here list(...)",
    "map": ", here list(...)",
    "filter": ", here list(...)",
    "zip": ", here list(...)",
    "dict_keys": ", here list(...)",
    "dict_values": ", here list(...)",
    "dict_items": ", here list(...)",
    "function": ", here the function's result",
    "method": ", here the method's result",
    "coroutine": ", here the awaited result",
    "module": ", here a value of the module",
}


class WireError(ValueError):
    """Bytes that are not a frame, or a frame that is not what it should be."""


@dataclasses.dataclass(slots=True)
class Buffers:
    """The part of a frame behind its JSON, as it is written."""

    parts: list[bytes] = dataclasses.field(default_factory=list)
    size: int = 0

    def add(self, data: bytes) -> list[int]:
        """Where the data lies: [offset, length]."""
        where = [self.size, len(data)]
        self.parts.append(data)
        self.size += len(data)
        if self.size > MAX_FRAME:
            raise TypeError(_too_large(self.size, MAX_FRAME))
        return where


@dataclasses.dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it came: a head of JSON data, and values that are unpacked when asked for."""

    head: dict[str, Any]
    packed: list[Any]
    data: memoryview

    def values(self) -> list[Any]:
        """The values. Raises WireError where one is not what `pack` writes."""
        return [unpack(each, self.data) for each in self.packed]


def encode(head: Mapping[str, Any], *values: Any) -> bytes:
    """A frame. Raises TypeError, written for the author of the code, where a value cannot cross."""
    buffers = Buffers()
    packed = [pack(each, buffers) for each in values]
    text = "".join(_written_json([head, packed], 0)).encode("utf-8", "surrogatepass")
    if len(text) > MAX_JSON:
        raise TypeError(_too_large(len(text), MAX_JSON))
    size = 4 + len(text) + buffers.size
    if size > MAX_FRAME:
        raise TypeError(_too_large(size, MAX_FRAME))
    return b"".join((_PREFIX.pack(size, len(text)), text, *buffers.parts))


class Decoder:
    """Bytes in any split, whole frames out."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete now. Raises WireError; the stream is then useless."""
        self._pending += data
        frames = []
        start = 0
        while len(self._pending) - start >= _PREFIX.size:
            size, text_size = _PREFIX.unpack_from(self._pending, start)
            if size > MAX_FRAME or text_size > min(MAX_JSON, size - 4):
                raise WireError(f"A frame of {size} bytes with {text_size} bytes of JSON.")
            end = start + 4 + size
            if len(self._pending) < end:
                break
            body = bytes(memoryview(self._pending)[start + 8 : end])
            frames.append(_frame(body, text_size))
            start = end
        del self._pending[:start]
        return frames


def _frame(body: bytes, text_size: int) -> Frame:
    try:
        text = str(body[:text_size], "utf-8", "surrogatepass")
        tree, end = _read_json(text, 0)
    except (ValueError, RecursionError, StopIteration) as error:
        raise WireError(f"The JSON of a frame cannot be read: {error}") from None
    if end != len(text):
        raise WireError("There is something behind the JSON of a frame.")
    match tree:
        case [dict() as head, list() as packed]:
            return Frame(head, packed, memoryview(body)[text_size:])
    raise WireError("The JSON of a frame is not [head, values].")


def _too_large(size: int, limit: int) -> str:
    return TOO_LARGE.format(size=size / 1e6, limit=limit / 1e6)


def pack(value: Any, buffers: Buffers, depth: int = 0) -> Any:
    """JSON data that stands for the value. Raises TypeError where it cannot cross."""
    kind = type(value)
    if kind is int:
        return value if -_BIG < value < _BIG else {TAG: "int", "v": hex(value)}
    if kind in _SCALARS:
        return value
    if depth >= MAX_DEPTH:
        raise TypeError(TOO_DEEP)
    if kind is list:
        return _pack_items(value, buffers, depth)
    if kind is dict:
        if TAG not in value and all(type(key) is str for key in value):
            return {key: pack(each, buffers, depth + 1) for key, each in value.items()}
        return _pack_pairs(value, buffers, depth)
    for base, packer in _PACKERS:
        if isinstance(value, base):
            return packer(value, buffers, depth)
    return _pack_foreign(value, buffers, depth)


def _pack_items(value: Sequence[Any], buffers: Buffers, depth: int) -> list[Any]:
    kinds = set(map(type, value))
    if kinds <= _SCALARS and (
        int not in kinds or (len(kinds) == 1 and -_BIG < min(value) <= max(value) < _BIG)
    ):
        return list(value)
    return [pack(each, buffers, depth + 1) for each in value]


def _pack_pairs(value: Mapping[Any, Any], buffers: Buffers, depth: int) -> Any:
    pairs = [
        [pack(key, buffers, depth + 1), pack(each, buffers, depth + 1)]
        for key, each in value.items()
    ]
    return {TAG: "dict", "v": pairs}


def _tagged(tag: str) -> Callable[[Any, Buffers, int], Any]:
    return lambda value, buffers, depth: {TAG: tag, "v": _pack_items(list(value), buffers, depth)}


def _text(tag: str) -> Callable[[Any, Buffers, int], Any]:
    return lambda value, buffers, depth: {TAG: tag, "v": str(value)}


def _pack_moment(value: Any, buffers: Buffers, depth: int) -> Any:
    if value != value:  # pandas' NaT is a datetime that equals nothing
        return None
    zone = getattr(value.tzinfo, "key", None)
    if isinstance(zone, str):
        value = value.replace(tzinfo=None)
    tag = "datetime" if isinstance(value, datetime) else "time"
    text = value.isoformat()
    if isinstance(value, datetime):
        text = datetime.isoformat(value)
    return {TAG: tag, "v": text, "zone": zone, "fold": value.fold}


def _pack_mapping(value: Mapping[Any, Any], buffers: Buffers, depth: int) -> Any:
    return pack(dict(value.items()), buffers, depth)


_PACKERS: tuple[tuple[Any, Callable[[Any, Buffers, int], Any]], ...] = (
    (Enum, lambda value, buffers, depth: pack(value.value, buffers, depth + 1)),
    (bool, lambda value, buffers, depth: bool(value)),
    (int, lambda value, buffers, depth: pack(int(value), buffers, depth)),
    (float, lambda value, buffers, depth: float(value)),
    (str, lambda value, buffers, depth: str.__str__(value)),
    (
        (bytes, bytearray, memoryview),
        lambda value, buffers, depth: {TAG: "bytes", "v": buffers.add(bytes(value))},
    ),
    (tuple, _tagged("tuple")),
    (list, lambda value, buffers, depth: _pack_items(list(value), buffers, depth)),
    (dict, _pack_mapping),
    (set, _tagged("set")),
    (frozenset, _tagged("frozenset")),
    (complex, lambda value, buffers, depth: {TAG: "complex", "v": [value.real, value.imag]}),
    ((datetime, time), _pack_moment),
    (date, lambda value, buffers, depth: {TAG: "date", "v": date.isoformat(value)}),
    (
        timedelta,
        lambda value, buffers, depth: {
            TAG: "timedelta",
            "v": [value.days, value.seconds, value.microseconds],
        },
    ),
    (Decimal, _text("Decimal")),
    (
        Fraction,
        lambda value, buffers, depth: {
            TAG: "Fraction",
            "v": [hex(value.numerator), hex(value.denominator)],
        },
    ),
    (UUID, _text("UUID")),
    (PurePath, _text("Path")),
    (
        range,
        lambda value, buffers, depth: {
            TAG: "range",
            "v": [hex(value.start), hex(value.stop), hex(value.step)],
        },
    ),
)


def _pack_foreign(value: Any, buffers: Buffers, depth: int) -> Any:
    kind = type(value)
    if callable(getattr(kind, "model_dump", None)):
        return pack(value.model_dump(), buffers, depth + 1)
    if dataclasses.is_dataclass(kind):
        fields = {each.name: getattr(value, each.name) for each in dataclasses.fields(kind)}
        return pack(fields, buffers, depth + 1)
    if "numpy" in sys.modules:
        from codeact.interpreter import wire_arrays

        found = wire_arrays.pack(value, buffers, depth)
        if found is not None:
            return found
    if isinstance(value, Mapping):
        return _pack_mapping(value, buffers, depth)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = f"{kind.__module__}.{name}"
    raise TypeError(CANNOT_CROSS.format(type=name, advice=ADVICE.get(kind.__name__, "")))


def unpack(tree: Any, data: memoryview, depth: int = 0) -> Any:
    """The value that JSON data stands for. Raises WireError, nothing else, on any JSON data."""
    kind = type(tree)
    if kind in _SCALARS:
        return tree
    if depth > MAX_DEPTH + 2:
        raise WireError(f"A value is nested deeper than {MAX_DEPTH} levels.")
    if kind is list:
        if set(map(type, tree)) <= _SCALARS:
            return tree
        return [unpack(each, data, depth + 1) for each in tree]
    if TAG not in tree:
        return {key: unpack(each, data, depth + 1) for key, each in tree.items()}
    try:
        return _UNPACKERS[tree[TAG]](tree, data, depth + 1)
    except WireError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever untrusted data make a constructor raise
        raise WireError(f"A value cannot be read: {type(error).__name__}: {error}") from None


def buffer(where: Any, data: memoryview) -> memoryview:
    """The bytes that `Buffers.add` put there."""
    offset, length = where
    if type(offset) is not int or type(length) is not int:
        raise WireError("A buffer's place is not two integers.")
    if not 0 <= offset <= offset + length <= len(data):
        raise WireError("A buffer lies outside of its frame.")
    return data[offset : offset + length]


def _items(tree: Any, data: memoryview, depth: int) -> list[Any]:
    if type(tree["v"]) is not list:
        raise WireError("A collection is not a list.")
    return [unpack(each, data, depth) for each in tree["v"]]


def _unpack_moment(kind: type[datetime] | type[time]) -> Callable[[Any, memoryview, int], Any]:
    def read(tree: Any, data: memoryview, depth: int) -> Any:
        value = kind.fromisoformat(tree["v"])
        if tree["zone"] is not None:
            value = value.replace(tzinfo=ZoneInfo(tree["zone"]))
        elif value.tzinfo is not None and not value.utcoffset():
            value = value.replace(tzinfo=UTC)
        return value.replace(fold=tree["fold"])

    return read


def _integers(tree: Any) -> list[int]:
    return [int(each, 16) for each in tree["v"]]


def _unpack_array(tree: Any, data: memoryview, depth: int) -> Any:
    from codeact.interpreter import wire_arrays

    return wire_arrays.unpack(tree, data, depth)


_UNPACKERS: dict[str, Callable[[Any, memoryview, int], Any]] = {
    "int": lambda tree, data, depth: int(tree["v"], 16),
    "dict": lambda tree, data, depth: {
        unpack(key, data, depth): unpack(each, data, depth) for key, each in tree["v"]
    },
    "bytes": lambda tree, data, depth: bytes(buffer(tree["v"], data)),
    "tuple": lambda tree, data, depth: tuple(_items(tree, data, depth)),
    "set": lambda tree, data, depth: set(_items(tree, data, depth)),
    "frozenset": lambda tree, data, depth: frozenset(_items(tree, data, depth)),
    "complex": lambda tree, data, depth: complex(*tree["v"]),
    "datetime": _unpack_moment(datetime),
    "time": _unpack_moment(time),
    "date": lambda tree, data, depth: date.fromisoformat(tree["v"]),
    "timedelta": lambda tree, data, depth: timedelta(*tree["v"]),
    "Decimal": lambda tree, data, depth: Decimal(tree["v"]),
    "Fraction": lambda tree, data, depth: Fraction(*_integers(tree)),
    "UUID": lambda tree, data, depth: UUID(tree["v"]),
    "Path": lambda tree, data, depth: Path(tree["v"]),
    "range": lambda tree, data, depth: range(*_integers(tree)),
    **dict.fromkeys(("ndarray", "scalar", "NA", "Series", "Index", "DataFrame"), _unpack_array),
}
