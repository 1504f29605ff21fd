"""What of a text is shown, and where a reply's action begins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeact.actions import Action, Answer, CodeAction, InvalidAction, ToolCall
from codeact.cli.folding import fold, fold_error, streamed, thought
from codeact.formats import by_name

CODE = CodeAction(code="print(1)")
CALL = ToolCall(name="price", args=("tea",))


@pytest.mark.parametrize(
    ("text", "action", "said"),
    [
        ("I print.\n<execute>\nprint(1)\n</execute>", CODE, "I print."),
        ("I print.\n```python\nprint(1)\n```", CODE, "I print."),
        ("Thought: I print.\nAction:\nprint(1)\nEnd Action", CODE, "I print."),
        ("<execute>print(1)</execute>", CODE, ""),
        ("With print(1) I print.\n<execute>\nprint(1)\n</execute>", CODE, "With print(1) I print."),
        ("I print.\n<execute>\n```python\nprint(1)\n```\n</execute>", CODE, "I print."),
        ("See <execute>.\n<execute>\nprint(1)\n</execute>", CODE, "See <execute>."),
        ('I ask.\n{"tool": "price", "args": ["tea"]}', CALL, "I ask."),
        ('I ask.\n```json\n{"tool": "price"}\n```', CALL, "I ask."),
        ("I ask.\nAction: price, tea\nEnd Action", CALL, "I ask."),
        ("I ask.\nprice, tea", CALL, "I ask."),
        ("Just text.", Answer(text="Just text."), "Just text."),
        ("What?", InvalidAction(reason="No.", kind="no_marker"), "What?"),
    ],
)
def test_the_thought_is_what_comes_before_the_action(text: str, action: Action, said: str) -> None:
    assert thought(text, action) == said


@pytest.mark.parametrize(
    ("text", "said", "code"),
    [
        ("I pri", "I pri", ""),
        ("I print.\n<execute>\nprint(", "I print.", "print("),
        ("I print.\n```python\nprint(1)\n```", "I print.", "print(1)"),
        ("<execute>\nprint(1)\n</execute>\nmore", "", "print(1)"),
    ],
)
def test_a_growing_reply_is_split_where_its_action_opens(text: str, said: str, code: str) -> None:
    assert streamed(text) == (said, code)


@given(st.text(), st.sampled_from(["code", "code-fence", "json", "text", "m3-code"]))
def test_any_reply_has_a_thought_that_is_part_of_it(text: str, name: str) -> None:
    assert thought(text, by_name(name).parse(text)) in text
    assert streamed(text)[0] in text


def test_a_long_output_shows_its_head() -> None:
    folded = fold("\n".join(map(str, range(100))))
    assert folded.lines[-1] == "10"
    assert folded.remark == "… 89 more lines"


def test_a_long_error_shows_its_tail() -> None:
    folded = fold_error("\n".join(map(str, range(100))))
    assert folded.lines[0] == "95"
    assert folded.remark == "… 95 earlier lines"


@given(st.text())
def test_no_line_is_hidden_without_being_counted(text: str) -> None:
    whole = text.rstrip().count("\n") + 1 if text.strip() else 0
    for folded in (fold(text), fold_error(text)):
        assert len(folded.lines) + folded.hidden == whole


def test_an_endless_line_is_cut() -> None:
    (line,) = fold("x" * 5000).lines
    assert len(line) < 500
