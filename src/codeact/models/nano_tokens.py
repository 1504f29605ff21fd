"""Token ids of a conversation for the small model, and text from ids."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codeact.models.nano_prompt import END, MARKS, PAD, Part, Piece

if TYPE_CHECKING:
    from tokenizers import Tokenizer


class Vocabulary:
    """A tokenizer with the marks of turns. What people and programs write never becomes a mark."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.encode_special_tokens = True  # in texts a mark is spelt like any other word
        self.tokenizer = tokenizer
        self.size = tokenizer.get_vocab_size()
        self.marks: dict[Part, int] = {part: self._id(mark) for part, mark in MARKS.items()}
        self.end = self._id(END)
        self.pad = self._id(PAD)

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        from tokenizers import Tokenizer

        return cls(Tokenizer.from_str(path.read_text(encoding="utf-8")))

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids between marks; bytes that end amid a character read as U+FFFD."""
        text: str = self.tokenizer.decode(list(ids), skip_special_tokens=False)
        return text

    def piece(self, piece: Piece) -> list[int]:
        """A mark and the text; a reply ends with a mark of its own."""
        closing = [self.end] if piece.part == "assistant" else []
        return [self.marks[piece.part], *self.encode(piece.text), *closing]

    def prompt(self, pieces: Sequence[Piece]) -> list[int]:
        """The conversation so far and the mark after which the model writes."""
        ids = [token for piece in pieces for token in self.piece(piece)]
        return [*ids, self.marks["assistant"]]

    def _id(self, mark: str) -> int:
        found = self.tokenizer.token_to_id(mark)
        if found is None:
            raise ValueError(f"The tokenizer has no token {mark!r}.")
        return int(found)
