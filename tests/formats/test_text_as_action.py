"""Text as the action: the grammar of a call on one line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeact.actions import Answer, InvalidAction, ToolCall
from codeact.formats.text_as_action import TextAsAction

LINE = TextAsAction()
M3 = TextAsAction(dialect="m3")
PAPER = TextAsAction(dialect="m3", commas="paper")


def call(text: str, spelling: TextAsAction = LINE) -> ToolCall:
    action = spelling.parse(text)
    assert isinstance(action, ToolCall), action
    return action


def invalid(text: str, spelling: TextAsAction = LINE) -> InvalidAction:
    action = spelling.parse(text)
    assert isinstance(action, InvalidAction), action
    return action


def test_a_line_names_the_tool_and_its_arguments() -> None:
    assert call("I look.\nAction: search, Paris, 3") == ToolCall(name="search", args=("Paris", 3))


def test_a_tool_without_arguments_is_its_name_alone() -> None:
    assert call("Action: scroll_down\r\n") == ToolCall(name="scroll_down")


@pytest.mark.parametrize(
    "answer", ["It is 4.", "The Action: none.", "```yaml\nAction: s3:GetObject\n```", "action: x"]
)
def test_a_reply_without_an_action_line_is_an_answer(answer: str) -> None:
    assert LINE.parse(answer) == Answer(text=answer)


def test_an_action_line_after_a_shown_one_is_found() -> None:
    assert call("```yaml\nAction: a\n```\n```\nAction: b\n```").name == "b"


@pytest.mark.parametrize(
    ("spelled", "value"),
    [
        *(("1", 1), ("-1", -1), ("0", 0), ("1.5", 1.5), ("1e3", 1000.0), ("-0.5E-1", -0.05)),
        *(("true", True), ("False", False), ("null", None), ("None", None)),
        *(("007", "007"), ("+49", "+49"), ("1_000", "1_000"), (".5", ".5"), ("nan", "nan")),
        *(("٣", "٣"), ("a b", "a b"), ("3 * 4", "3 * 4"), ("it's", "it's"), ("x == 3", "x == 3")),
        *(('"a, b"', "a, b"), ("'a, b'", "a, b"), ('""', ""), ('"3"', "3"), ("'true'", "true")),
        *(('"a\\"b"', 'a"b'), ("'a\\'b'", "a'b"), ('"a\\nb\\tc"', "a\nb\tc"), ('"\\\\n"', "\\n")),
        *(('"\\u00e9"', "é"), ('"\\ud83d\\ude00"', "😀"), ('"C:\\dir"', "C:\\dir"), ('"\\/"', "/")),
        *(("[]", []), ("[1, 'a, b', [true]]", [1, "a, b", [True]]), ("[a b, c]", ["a b", "c"])),
        *(("{}", {}), ('{"a": 1, b: [2]}', {"a": 1, "b": [2]}), ("{ 'a' : x }", {"a": "x"})),
        ("9" * 5_000, "9" * 5_000),
    ],
    ids=lambda value: str(value)[:20],
)
def test_an_argument_is_read_by_the_grammar(spelled: str, value: Any) -> None:
    args = call(f"Action: f, {spelled} , 0").args
    assert args == (value, 0)
    assert type(args[0]) is type(value)


def test_named_arguments_are_keys_with_an_equals_sign() -> None:
    wanted = ToolCall(name="f", args=(1,), kwargs={"city": "Rome, Italy", "days": 2})
    assert call('Action: f, 1, city = "Rome, Italy", days=2') == wanted


def test_a_quoted_text_that_looks_like_a_named_argument_is_a_text() -> None:
    assert call('Action: f, "city=Rome"').args == ("city=Rome",)


@pytest.mark.parametrize(
    ("spelled", "said"),
    [
        ("call the doctor", "It does not begin with a tool's name followed by a comma or nothing:"),
        ("f(1, 2)", "followed by a comma or nothing: 'f(1, 2)'."),
        ("f, ", 'An argument is empty; write "" for an empty string.'),
        ("f, 1,, 2", "An argument is empty"),
        ('f, "a', "A quote is not closed: '\"a'."),
        ('f, "a" and "b"', "A comma is missing before 'and \"b\"'; quote an argument"),
        ("f, [1, 2", "A bracket is not closed: '[1, 2'."),
        ("f, [1}", "A comma is missing before '}'"),
        ("f, {a}", "A colon is missing after the key before '}'."),
        ("f, {'a': }", "An argument is empty"),
        ("f, [1, ]", "An argument is empty"),
        ("f, " + "[" * 41, "Brackets nest deeper than 40 levels."),
        ("f, x=1, x=2", "The argument x is given twice."),
        ('f, "\\ud800"', "An argument cannot be used: it holds half of a surrogate pair"),
        ("f " + "a" * 99, "…'."),
    ],
    ids=lambda text: text[:20],
)
def test_a_call_outside_the_grammar_is_told_why(spelled: str, said: str) -> None:
    action = invalid(f"Action: {spelled}")
    assert action.kind == "bad_call"
    assert said in action.reason
    assert 'Action: name_of_tool, "first argument", 2, option=true' in action.reason


def test_an_action_line_without_a_call_is_invalid() -> None:
    assert invalid("Action:\nf, 1").kind == "empty"


def test_generation_ends_with_the_line() -> None:
    assert not LINE.ended("So:\nAction: f, 1")
    assert LINE.ended("So:\nAction: f, 1\n")


def test_the_first_of_several_calls_wins_and_the_model_is_told() -> None:
    text = "Action: f\nAction: g\n"
    assert call(text).name == "f"
    assert call(text).note.startswith("Only the first action")
    assert LINE.reply(text).content == "Action: f"


def test_a_made_up_result_is_dropped_and_the_model_is_told() -> None:
    assert call("Action: f\nObservation: 4").note.startswith("What you wrote after")


def test_a_call_is_written_with_quoted_strings() -> None:
    action = ToolCall(name="f", args=(1, "a, b", ["x"]), kwargs={"deep": None})
    assert LINE.write(action) == 'Action: f, 1, "a, b", ["x"], deep=null'


@given(spelled=st.text(st.sampled_from("fa1,=\"'\\[]{}: \n"), max_size=12))
def test_every_spelling_is_read_or_told_why(spelled: str) -> None:
    action = M3.parse(f"Action: f, {spelled}\nEnd Action")
    assert isinstance(action, ToolCall | InvalidAction)


# The dialect of M3ToolEval.


def test_a_call_stands_between_the_markers() -> None:
    wanted = ToolCall(name="f", args=(1, "a, b"))
    assert call('Thought: so\nAction: f, 1,\n "a, b"\nEnd Action', M3) == wanted


def test_two_calls_between_the_markers_are_told_apart() -> None:
    action = invalid("Action:\nf, 1\ng, 2\nEnd Action", M3)
    assert "An argument without quotes spans lines: '1\\ng'" in action.reason


def test_the_papers_commas_part_even_quoted_texts() -> None:
    wanted = ToolCall(name="f", args=(1, 2.5, '"a', 'b"', "true"))
    assert call('Action: f, 1, 2.5, "a, b", true\nEnd Action', PAPER) == wanted


def test_the_papers_call_needs_a_name() -> None:
    assert invalid("Action: , 1\nEnd Action", PAPER).kind == "bad_call"
