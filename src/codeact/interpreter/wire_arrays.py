"""How numpy arrays and pandas frames cross the wire: by their buffers, column for column."""

from __future__ import annotations

import sys
from typing import Any

from codeact.interpreter.wire import TAG, Buffers, WireError, buffer
from codeact.interpreter.wire import pack as pack_plain
from codeact.interpreter.wire import unpack as unpack_plain

_BY_BUFFER = "biufcSUmM"
"""numpy's kinds whose memory is their value."""

STRUCTURED = "a structured numpy array cannot cross between the code and a tool. Pass .tolist()"


def pack(value: Any, buffers: Buffers, depth: int) -> dict[str, Any] | None:
    """JSON data for an array, a scalar or a frame, None where the value is none of them."""
    numpy = sys.modules["numpy"]
    if isinstance(value, numpy.ndarray):
        return {TAG: "ndarray", **_pack_array(value, buffers, depth)}
    if isinstance(value, numpy.generic):
        return {TAG: "scalar", **_pack_array(numpy.asarray(value), buffers, depth)}
    pandas = sys.modules.get("pandas")
    return None if pandas is None else _pack_frame(pandas, value, buffers, depth)


def _pack_frame(pandas: Any, value: Any, buffers: Buffers, depth: int) -> dict[str, Any] | None:
    if value is pandas.NA:
        return {TAG: "NA"}
    if isinstance(value, pandas.DataFrame):
        columns = [value.iloc[:, place] for place in range(value.shape[1])]
        return {
            TAG: "DataFrame",
            "columns": _pack_index(value.columns, buffers, depth),
            "index": _pack_index(value.index, buffers, depth),
            "v": [_pack_column(each, buffers, depth) for each in columns],
        }
    if isinstance(value, pandas.Series):
        return {
            TAG: "Series",
            "name": pack_plain(value.name, buffers, depth + 1),
            "index": _pack_index(value.index, buffers, depth),
            "v": _pack_column(value, buffers, depth),
        }
    if isinstance(value, pandas.Index):
        return {TAG: "Index", "index": _pack_index(value, buffers, depth)}
    return None


def _pack_array(value: Any, buffers: Buffers, depth: int) -> dict[str, Any]:
    shape = list(value.shape)
    if value.dtype.kind in _BY_BUFFER:
        return {"dtype": value.dtype.str, "shape": shape, "b": buffers.add(value.tobytes())}
    if value.dtype.kind != "O":
        raise TypeError(STRUCTURED)
    return {"dtype": "O", "shape": shape, "v": pack_plain(value.ravel().tolist(), buffers, depth)}


def _pack_column(value: Any, buffers: Buffers, depth: int) -> dict[str, Any]:
    """A Series' or an Index' values; pandas' own types (categories, zones, text) as their items."""
    if getattr(value.dtype, "kind", "O") in _BY_BUFFER and hasattr(value.dtype, "str"):
        array = value.to_numpy()
        if array.dtype == value.dtype:
            return _pack_array(array, buffers, depth)
    if isinstance(value.dtype, sys.modules["pandas"].CategoricalDtype):
        values = value.array
        return {
            "codes": _pack_array(values.codes, buffers, depth),
            "categories": _pack_index(values.categories, buffers, depth),
            "ordered": bool(values.ordered),
        }
    items = value.astype(object).tolist()
    return {"dtype": str(value.dtype), "v": pack_plain(items, buffers, depth + 1)}


def _pack_index(value: Any, buffers: Buffers, depth: int) -> dict[str, Any]:
    pandas = sys.modules["pandas"]
    names = pack_plain(list(value.names), buffers, depth + 1)
    if isinstance(value, pandas.RangeIndex):
        return {"names": names, "range": [value.start, value.stop, value.step]}
    if isinstance(value, pandas.MultiIndex):
        return {"names": names, "tuples": pack_plain(value.tolist(), buffers, depth + 1)}
    return {"names": names, "column": _pack_column(value, buffers, depth)}


def unpack(tree: dict[str, Any], data: memoryview, depth: int) -> Any:
    """The value again; it is the reader's own library that makes it."""
    match tree[TAG]:
        case "ndarray":
            return _unpack_array(tree, data, depth)
        case "scalar":
            return _unpack_array(tree, data, depth)[()]
    import pandas

    match tree[TAG]:
        case "NA":
            return pandas.NA
        case "Index":
            return _unpack_index(tree["index"], data, depth)
        case "Series":
            index = _unpack_index(tree["index"], data, depth)
            name = unpack_plain(tree["name"], data, depth)
            return pandas.Series(_unpack_column(tree["v"], data, depth), index=index, name=name)
    index = _unpack_index(tree["index"], data, depth)
    columns = [pandas.Series(_unpack_column(each, data, depth), index=index) for each in tree["v"]]
    frame = pandas.concat(columns, axis=1) if columns else pandas.DataFrame(index=index)
    frame.columns = _unpack_index(tree["columns"], data, depth)
    return frame


def _unpack_array(tree: dict[str, Any], data: memoryview, depth: int) -> Any:
    import numpy

    dtype = numpy.dtype(str(tree["dtype"]))
    shape = tuple(tree["shape"])
    if "v" in tree:
        items = unpack_plain(tree["v"], data, depth)
        array = numpy.empty(len(items), dtype=object)
        for place, item in enumerate(items):
            array[place] = item
        return array.reshape(shape)
    if dtype.kind not in _BY_BUFFER:
        raise WireError(f"An array of {dtype} does not cross as a buffer.")
    raw = bytearray(buffer(tree["b"], data))
    if not raw:
        return numpy.empty(0, dtype).reshape(shape)
    return numpy.frombuffer(raw, dtype).reshape(shape)


def _unpack_column(tree: dict[str, Any], data: memoryview, depth: int) -> Any:
    import pandas

    if "shape" in tree:
        return _unpack_array(tree, data, depth)
    if "codes" in tree:
        codes = _unpack_array(tree["codes"], data, depth)
        categories = _unpack_index(tree["categories"], data, depth)
        return pandas.Categorical.from_codes(codes, categories, ordered=tree["ordered"])
    items = unpack_plain(tree["v"], data, depth)
    return pandas.Series(items, dtype=str(tree["dtype"])).array


def _unpack_index(tree: dict[str, Any], data: memoryview, depth: int) -> Any:
    import pandas

    names = unpack_plain(tree["names"], data, depth)
    if "range" in tree:
        index: Any = pandas.RangeIndex(*tree["range"])
    elif "tuples" in tree:
        index = pandas.MultiIndex.from_tuples(unpack_plain(tree["tuples"], data, depth))
    else:
        index = pandas.Index(_unpack_column(tree["column"], data, depth))
    return index.set_names(names)
