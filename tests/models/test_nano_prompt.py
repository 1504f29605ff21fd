"""What the small model reads of a conversation, and how that becomes tokens and text again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeact.formats import by_name
from codeact.messages import Message
from codeact.models.nano_prompt import END, MARKS, Part, Piece, pieces
from codeact.models.nano_tokens import Vocabulary
from codeact.prompt import system_prompt
from codeact.tools import Toolbox
from tests import tiny


def price(item: str) -> float:
    """The price of an item in euros.

    In the shop around the corner.
    """
    return len(item)


def stock(item: str, *, where: str = "Paris") -> int:
    return len(item + where)


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    return Vocabulary.load(tiny.tokenizer(tmp_path_factory.mktemp("tokenizer")))


def user(text: str) -> Message:
    return Message(role="user", content=text)


def test_the_tools_of_the_system_prompt_are_kept_and_nothing_else() -> None:
    toolbox = Toolbox.of([price, stock])
    found = pieces([system_prompt(by_name("code"), toolbox), user("Hi")])
    assert found == [
        Piece(
            "tools",
            "price(item: str) -> float  # The price of an item in euros.\n"
            "stock(item: str, *, where: str = 'Paris') -> int",
        ),
        Piece("user", "Hi"),
    ]


def test_without_tools_the_system_prompt_leaves_no_trace() -> None:
    prompt = system_prompt(by_name("code"), Toolbox())
    assert pieces([prompt, user("Hi")]) == [Piece("user", "Hi")]


def test_of_a_traceback_the_failing_line_and_the_error_are_kept() -> None:
    text = (
        "[Error: KeyError]\nTraceback (most recent call last):\n"
        '  File "<cell 1>", line 2, in <module>\n    print(price("te"))\n'
        "          ^^^^^^^^^^^\nKeyError: 'te'\n"
    )
    assert pieces([user(text)]) == [Piece("error", "print(price(\"te\"))\nKeyError: 'te'")]


def test_of_a_syntax_error_the_line_and_the_message_are_kept() -> None:
    text = (
        '[Error: SyntaxError]\n  File "<cell 4>", line 1\n    for i in range(3)\n'
        "                     ^\nSyntaxError: expected ':'\n"
    )
    assert pieces([user(text)]) == [
        Piece("error", "for i in range(3)\nSyntaxError: expected ':'"),
    ]


def test_hints_below_an_error_stay_and_shown_values_go() -> None:
    text = (
        "[Error: NameError]\nTraceback (most recent call last):\n"
        '  File "<cell 1>", line 2, in <module>\n--> print(sum(nubers))\n'
        "              ^^^^^^\n    where numbers = list of 3 [1, 2, 3]\n"
        "NameError: name 'nubers' is not defined\nDid you mean 'numbers'?\n"
    )
    said = "NameError: name 'nubers' is not defined\nDid you mean 'numbers'?"
    assert pieces([user(text)]) == [Piece("error", f"print(sum(nubers))\n{said}")]


def test_what_is_said_of_every_syntax_error_goes() -> None:
    text = (
        '[Error: SyntaxError]\n  File "<cell 1>", line 1\n    print((21 + 35) // 8\n'
        "                        ^\nSyntaxError: incomplete input\n"
        "[Nothing of this cell was run: it is not valid Python. Correct it and run it all.]\n"
    )
    said = "print((21 + 35) // 8\nSyntaxError: incomplete input"
    assert pieces([user(text)]) == [Piece("error", said)]


def test_an_error_without_a_traceback_stays_as_it_is() -> None:
    text = "There is no tool named 'x'.\nThe tools are: y."
    assert pieces([user(f"[Error]\n{text}")]) == [Piece("error", text)]


def test_an_output_stands_without_its_header() -> None:
    assert pieces([user("[Output]\n42\n")]) == [Piece("output", "42")]


def test_a_long_output_keeps_its_beginning_and_its_end() -> None:
    (found,) = pieces([user("[Output]\n" + "a" * 1000 + "b" * 1000)])
    assert found.text.startswith("aaa")
    assert found.text.endswith("bbb")
    assert len(found.text) < 500


@given(texts=st.lists(st.tuples(st.sampled_from(sorted(MARKS)), st.text(max_size=40)), max_size=6))
@settings(max_examples=60, deadline=None)
def test_a_conversation_can_be_read_back_from_its_tokens(
    vocabulary: Vocabulary, texts: list[tuple[Part, str]]
) -> None:
    given = [Piece(part, text) for part, text in texts]
    ids = [token for piece in given for token in vocabulary.piece(piece)]
    assert _read_back(vocabulary, ids) == given


@given(mark=st.sampled_from([*MARKS.values(), END]), around=st.text(max_size=10))
@settings(max_examples=40, deadline=None)
def test_a_mark_in_a_text_never_becomes_a_mark(
    vocabulary: Vocabulary, mark: str, around: str
) -> None:
    marks = {*vocabulary.marks.values(), vocabulary.end, vocabulary.pad}
    assert not marks & set(vocabulary.encode(around + mark + around))


def test_a_prompt_ends_where_the_model_begins_to_write(vocabulary: Vocabulary) -> None:
    assert vocabulary.prompt([Piece("user", "Hi")])[-1] == vocabulary.marks["assistant"]


def test_digits_and_spaces_are_tokens_of_their_own(vocabulary: Vocabulary) -> None:
    shown = [vocabulary.decode([token]) for token in vocabulary.encode("is 123")]
    assert shown[-4:] == [" ", "1", "2", "3"]


def test_a_tokenizer_without_our_marks_is_refused(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models

    path = tmp_path / "tokenizer.json"
    path.write_text(Tokenizer(models.BPE()).to_str(), encoding="utf-8")
    with pytest.raises(ValueError, match=r"no token '<\|tools\|>'"):
        Vocabulary.load(path)


def _read_back(vocabulary: Vocabulary, ids: list[int]) -> list[Piece]:
    parts = {token: part for part, token in vocabulary.marks.items()}
    found: list[tuple[Part, list[int]]] = []
    for token in ids:
        if token in parts:
            found.append((parts[token], []))
        elif token != vocabulary.end:
            found[-1][1].append(token)
    return [Piece(part, vocabulary.decode(tokens)) for part, tokens in found]
