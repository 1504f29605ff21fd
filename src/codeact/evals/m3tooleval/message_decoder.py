"""Messages hidden by hexadecimal, reversal and a Caesar cipher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from codeact.evals.m3tooleval.exercise import Exercise
from codeact.tools import Toolbox


def convert_hex_to_ascii(hex_string: str | int) -> str:
    """Turn pairs of hexadecimal digits into the text that they stand for."""
    return bytes.fromhex(str(hex_string)).decode("utf-8")


def reverse_string(string: str | int) -> str:
    """Turn a text round, last character first."""
    return str(string)[::-1]


def caesar_decode(message: str | int, shift: int) -> str:
    """Undo a Caesar cipher: move each letter back by `shift` places, keep all other characters."""
    return "".join(_moved_back(character, shift) for character in str(message))


def string_length(string: str | int) -> int:
    """How many characters a text has."""
    return len(str(string))


def minimum_value(*args: Any) -> Any:
    """The smallest of all arguments."""
    return min(args)


def maximum_value(*args: Any) -> Any:
    """The largest of all arguments."""
    return max(args)


def _moved_back(character: str, shift: int) -> str:
    for first in "aA":
        if character.isascii() and 0 <= ord(character) - ord(first) < 26:
            return chr((ord(character) - ord(first) - shift) % 26 + ord(first))
    return character


@dataclass(frozen=True, slots=True, kw_only=True)
class Puzzle:
    """Coded messages, how far each is shifted, and the question with both left open."""

    name: str
    text: str
    coded: tuple[str, ...]
    shifts: tuple[int, ...]
    reverse: bool = True
    length: int = 0

    @property
    def instruction(self) -> str:
        shift = " and ".join([", ".join(map(str, self.shifts[:-1])), str(self.shifts[-1])])
        return self.text.format(
            one=self.coded[0],
            many=list(self.coded),
            shift=shift.removeprefix(" and "),
            length=self.length,
        )

    def decoded(self) -> list[str]:
        shifts = self.shifts if len(self.shifts) > 1 else self.shifts * len(self.coded)
        plain = [convert_hex_to_ascii(each) for each in self.coded]
        if self.reverse:
            plain = [reverse_string(each) for each in plain]
        return [caesar_decode(each, shift) for each, shift in zip(plain, shifts, strict=True)]


PUZZLES: tuple[Puzzle, ...] = (
    Puzzle(
        name="full_alien_message_decoding",
        text="Aliens hide a message in three steps: they encode it in ASCII, they turn it round, "
        "and at last they apply a Caesar cipher with a shift of {shift}. Recover the message from "
        "the hexadecimal string '{one}'.",
        coded=("7a686b7a686d666d686b",),
        shifts=(5,),
    ),
    Puzzle(
        name="shortest_caesar_decoded_message",
        text="Here is a list of strings in hexadecimal. Convert each to ASCII, turn it round, and "
        "decode it with a Caesar shift of {shift}. How long is the shortest message that comes "
        "out? The strings are {many}.",
        coded=("636261", "686766", "6365646362", "6867666865"),
        shifts=(4,),
    ),
    Puzzle(
        name="longest_decoded_string",
        text="Several messages have to be decoded. Each goes from hexadecimal to ASCII, is turned "
        "round, and is decoded by Caesar shifts of {shift} respectively. Find the longest of the "
        "decoded messages. In hexadecimal they are {many}.",
        coded=("4a656d", "4b6867", "4c696f"),
        shifts=(2, 3, 5),
    ),
    Puzzle(
        name="specific_decoded_character",
        text="Take the hexadecimal string '{one}', convert it to ASCII, turn it round, and decode "
        "it with a Caesar shift of {shift}.",
        coded=("576562546563686e6f6c6f6779",),
        shifts=(7,),
    ),
    Puzzle(
        name="hex_caesar_combined_decoding",
        text="A message was written in hexadecimal and hidden by a Caesar cipher with a shift of "
        "{shift}. Decode it; what arrived, in hexadecimal and still shifted, is '{one}'.",
        coded=("4d4f5252",),
        shifts=(2,),
        reverse=False,
    ),
    Puzzle(
        name="multi_step_decoding_challenge",
        text="A message was hidden in three steps: a Caesar cipher with a shift of {shift}, then "
        "turned round, then written in hexadecimal. Recover it from the hexadecimal '{one}'.",
        coded=("726f77746e6153794d",),
        shifts=(3,),
    ),
    Puzzle(
        name="length_based_decoding_puzzle",
        text="Three messages are given in hexadecimal. Decode each with a Caesar shift of "
        "{shift} and find the one that is {length} characters long once it is decoded. The "
        "messages are {many}.",
        coded=("646566", "6a6b6c6d", "68696a6b6c"),
        shifts=(6,),
        reverse=False,
        length=5,
    ),
    Puzzle(
        name="maximum_value_decoding",
        text="Decode each message of a hexadecimal list with a Caesar shift of {shift} and turn it "
        "round. Read the results as whole numbers: which is the largest? The messages are {many}.",
        coded=("313233", "343536", "373839"),
        shifts=(4,),
    ),
)

_WANTED: dict[str, Callable[[Puzzle], Any]] = {
    "shortest_caesar_decoded_message": lambda puzzle: min(map(len, puzzle.decoded())),
    "longest_decoded_string": lambda puzzle: min(map(len, puzzle.decoded())),
    "length_based_decoding_puzzle": lambda puzzle: next(
        each for each in puzzle.decoded() if len(each) == puzzle.length
    ),
    "maximum_value_decoding": lambda puzzle: max(int(each) for each in puzzle.decoded()),
}
_ISSUES = {
    "longest_decoded_string": (
        "the longest message is asked for, the minimum length is expected; all are equally long",
    ),
    "specific_decoded_character": (
        "by its name it is about one character, the whole decoded string is expected",
    ),
    "maximum_value_decoding": (
        "the cipher leaves digits as they are, so decoding changes nothing",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDecoder:
    """Eight puzzles."""

    puzzles: tuple[Puzzle, ...] = PUZZLES

    @property
    def name(self) -> str:
        return "message_decoder"

    def exercises(self) -> tuple[Exercise, ...]:
        return tuple(_exercise(self.name, puzzle) for puzzle in self.puzzles)

    def toolbox(self) -> Toolbox:
        return Toolbox.of(
            [
                convert_hex_to_ascii,
                reverse_string,
                caesar_decode,
                string_length,
                minimum_value,
                maximum_value,
            ]
        )


def _exercise(domain: str, puzzle: Puzzle) -> Exercise:
    wanted = _WANTED.get(puzzle.name)
    decoded = puzzle.decoded()
    also: tuple[Any, ...] = ()
    remedy = ""
    if puzzle.name == "longest_decoded_string":
        longest = max(map(len, decoded))
        also = (longest, *(each for each in decoded if len(each) == longest))
        remedy = "any of the longest decoded messages is right, and so is their length"
    return Exercise(
        domain=domain,
        name=puzzle.name,
        instruction=puzzle.instruction,
        answer=decoded[0] if wanted is None else wanted(puzzle),
        also=also,
        remedy=remedy,
        issues=_ISSUES.get(puzzle.name, ()),
    )
