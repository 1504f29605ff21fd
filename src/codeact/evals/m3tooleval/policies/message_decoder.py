"""Policies for coded messages."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass

from codeact.actions import ToolCall
from codeact.evals.m3tooleval.policies import Calls, Program, call, printed


@dataclass(frozen=True, slots=True)
class _Question:
    coded: list[str]
    shifts: list[int]
    turned: bool
    length: int

    @classmethod
    def read(cls, ask: str) -> _Question:
        coded = re.findall(r"'([0-9a-f]+)'", ask)
        after = re.search(r"shifts? of ((?:\d+|, | and |and )+)", ask)
        shifts = [int(each) for each in re.findall(r"\d+", after[1] if after else "")]
        length = re.search(r"(?:that is|equal to) (\d+)", ask)
        return cls(
            coded=coded,
            shifts=shifts if len(shifts) > 1 else shifts * len(coded),
            turned=re.search(r"revers|turn", ask) is not None,
            length=int(length[1]) if length else 0,
        )


def calls(name: str, ask: str) -> Calls:
    question = _Question.read(ask)
    decoded = []
    for coded, shift in zip(question.coded, question.shifts, strict=True):
        decoded.append((yield from _decoded(coded, shift, turned=question.turned)))
    match name:
        case "shortest_caesar_decoded_message":
            lengths = yield from _lengths(decoded)
            return (yield call("minimum_value", *lengths))
        case "longest_decoded_string":
            lengths = yield from _lengths(decoded)
            longest = int((yield call("maximum_value", *lengths)))
            return decoded[lengths.index(longest)]
        case "length_based_decoding_puzzle":
            lengths = yield from _lengths(decoded)
            return decoded[lengths.index(question.length)]
        case "maximum_value_decoding":
            return (yield call("maximum_value", *map(int, decoded)))
        case _:
            return decoded[0]


def program(name: str, ask: str) -> Program:
    question = _Question.read(ask)
    wanted = {
        "shortest_caesar_decoded_message": "minimum_value(*map(string_length, decoded))",
        "longest_decoded_string": "max(decoded, key=string_length)",
        "length_based_decoding_puzzle": "next(each for each in decoded "
        f"if string_length(each) == {question.length})",
        "maximum_value_decoding": "maximum_value(*map(int, decoded))",
    }.get(name, "decoded[0]")
    turned = "reverse_string(text)" if question.turned else "text"
    return printed(f"""
decoded = []
for coded, shift in zip({question.coded!r}, {question.shifts!r}):
    text = convert_hex_to_ascii(coded)
    decoded.append(caesar_decode({turned}, shift))
print({wanted})
""")


def _decoded(coded: str, shift: int, *, turned: bool) -> Calls:
    text = yield call("convert_hex_to_ascii", coded)
    if turned:
        text = yield call("reverse_string", text)
    return (yield call("caesar_decode", text, shift))


def _lengths(texts: list[str]) -> Generator[ToolCall, str, list[int]]:
    lengths = []
    for text in texts:
        lengths.append(int((yield call("string_length", text))))
    return lengths
