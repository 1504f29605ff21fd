"""JSON as the action: which object is the call, and what is said about one that is none."""

from __future__ import annotations

import math

import pytest

from codeact.actions import Answer, InvalidAction, ToolCall
from codeact.formats.json_as_action import JsonAsAction

OBJECT = JsonAsAction()
M3 = JsonAsAction(dialect="m3")


def call(text: str, spelling: JsonAsAction = OBJECT) -> ToolCall:
    action = spelling.parse(text)
    assert isinstance(action, ToolCall), action
    return action


def reason(text: str, spelling: JsonAsAction = OBJECT) -> str:
    action = spelling.parse(text)
    assert isinstance(action, InvalidAction), action
    assert action.kind == "bad_json"
    assert '{"tool": "name_of_tool"' in action.reason
    return action.reason


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"tool": "f", "args": [1, "a"]}', ToolCall(name="f", args=(1, "a"))),
        ('{"tool": "f", "kwargs": {"x": 1}}', ToolCall(name="f", kwargs={"x": 1})),
        ('{"tool": "f", "args": {"x": 1}}', ToolCall(name="f", kwargs={"x": 1})),
        (
            '{"args": [1], "kwargs": {"x": null}, "tool": "f"}',
            ToolCall(name="f", args=(1,), kwargs={"x": None}),
        ),
        ('{"tool": "f"}', ToolCall(name="f")),
        ('I look.\n```json\n{"tool": "f"}\n```', ToolCall(name="f")),
        ('```\n{"tool": "f"}\n```', ToolCall(name="f")),
        ('{\n  "tool":\n  "f"\n}', ToolCall(name="f")),
        ('{"tool": "f", "tool": "g"}', ToolCall(name="g")),
    ],
)
def test_the_first_object_with_a_tool_is_the_call(text: str, wanted: ToolCall) -> None:
    assert call(text) == wanted
    assert OBJECT.ended(text)


@pytest.mark.parametrize(
    "prose",
    [
        "The set {1, 2} and {x}: ",
        'An object {"a": 1}, then: ',
        'A broken {"a": oops} one: ',
        "An {} empty one: ",
        'A list in {"a": [1, 2}: ',
        "{",
    ],
)
def test_braces_that_are_no_call_are_passed_over(prose: str) -> None:
    assert call(prose + '{"tool": "f"}') == ToolCall(name="f")


@pytest.mark.parametrize(
    "answer",
    [
        "It is 4.",
        '{"answer": 4}',
        '```json\n{"answer": 4}\n```',
        '```python\nx = {"tool": "f"}\n```',
        '{"action": {"tool": "f"}}',
        "```json\n```",
        '{"' + '":{"'.join("a" * 60_000) + '":1',
    ],
    ids=lambda text: text[:30],
)
def test_a_reply_without_a_call_is_an_answer(answer: str) -> None:
    assert OBJECT.parse(answer) == Answer(text=answer)
    assert not OBJECT.ended(answer)


def test_a_call_after_very_deep_braces_is_found() -> None:
    deep = '{"a":' * 5_000
    assert call(deep + 'oops {"tool": "f"}') == ToolCall(name="f")


def test_a_call_that_is_still_being_written_has_not_ended() -> None:
    assert not OBJECT.ended('{"tool": "f", "args": [{}')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"tool": "f", "args": [1,}', "The call is not valid JSON: Expecting value (line 1, "),
        ('{"tool": "f", "args": ["a', "Unterminated string starting at (line 1, column 24, near"),
        ('{"tool": "f"', "Expecting ',' delimiter (line 1, column 13, at its end)"),
        ("{'tool': 'f', 'args': []}", "Expecting property name enclosed in double quotes"),
        ("{tool: 'f'}", "Expecting property name enclosed in double quotes"),
        ('{"args": [], "tool": f}', "Expecting value (line 1, column 22, near 'f}')"),
        ("```json\n{a: 1}\n```", "Expecting property name enclosed in double quotes"),
        ("```json\ntool f", "Expecting value (line 1, column 1, near 'tool f')"),
        ('{"tool": "f", "args": ' + '{"a":' * 50_000, "Nested too deeply (line 1, column "),
    ],
    ids=lambda text: text[:30],
)
def test_a_call_that_is_no_json_is_told_where(text: str, said: str) -> None:
    assert said in reason(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"tool": 5}', '"tool" must be the name of a tool as a string, not 5.'),
        ('{"tool": " "}', '"tool" must be the name of a tool as a string, not " ".'),
        ('{"tool": "f", "args": 1}', '"args" must be a list of arguments, or an object of named '),
        ('{"tool": "f", "args": "' + "a" * 99 + '"}', f'not "{"a" * 59}….'),
        ('{"tool": "f", "kwargs": [1]}', '"kwargs" must be an object of named arguments, not [1].'),
        ('{"tool": "f", "args": {"a": 1}, "kwargs": {"b": 1}}', "put all of them into one"),
        ('{"tool": "f", "city": "Rome"}', 'the keys "tool", "args" and "kwargs"; "city" is none'),
        ('{"tool": "f", "args": ' + "[" * 50 + "]" * 50 + "}", "it nests deeper than 40 levels"),
        ('{"tool": "f", "args": [' + "9" * 5_000 + "]}", "a number with too many digits"),
        ('{"tool": "f", "args": ["\\ud800"]}', "it holds half of a surrogate pair"),
    ],
    ids=lambda text: text[:30],
)
def test_a_call_that_cannot_be_used_is_told_why(text: str, said: str) -> None:
    assert said in reason(text)
    assert OBJECT.ended(text)


def test_numbers_beyond_json_are_read() -> None:
    args = call('{"tool": "f", "args": [NaN, -Infinity, 1e999]}').args
    assert math.isnan(args[0])
    assert args[1:] == (-math.inf, math.inf)


def test_the_first_of_several_calls_wins_and_the_model_is_told() -> None:
    text = '{"tool": "f"}\n{"tool": "g"}'
    assert call(text).name == "f"
    assert call(text).note.startswith("Only the first action")
    assert OBJECT.reply(text).content == '{"tool": "f"}'


def test_a_made_up_result_is_dropped_and_the_model_is_told() -> None:
    assert call('{"tool": "f"}\nResult: 4').note.startswith("What you wrote after")


def test_a_fence_around_the_call_is_closed_again() -> None:
    text = '```json\n{"tool": "f"}\n```\nResult: 4'
    assert OBJECT.reply(text).content == '```json\n{"tool": "f"}\n```'


def test_a_call_is_written_with_what_it_has() -> None:
    assert OBJECT.write(ToolCall(name="f")) == '{"tool": "f", "args": []}'
    assert OBJECT.write(ToolCall(name="f", kwargs={"x": "é"})) == (
        '{"tool": "f", "kwargs": {"x": "é"}}'
    )


# The dialect of M3ToolEval.


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"tool": "f", "args": [1]}', ToolCall(name="f", args=(1,))),
        ('{"tool": "f", "args": "a"}', ToolCall(name="f", args=("a",))),
        ('{"tool": "f", "args": {"a": 1}}', ToolCall(name="f", args=({"a": 1},))),
        ('{"tool": "f", "why": "so"}', ToolCall(name="f")),
        ('```json\n{"tool": "f"}\n```', ToolCall(name="f")),
    ],
)
def test_an_object_between_the_markers_is_the_call(text: str, wanted: ToolCall) -> None:
    assert call(f"Thought: I look.\nAction: {text}\nEnd Action", M3) == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"tool": "f"} {"tool": "g"}', "Something follows the call (line 1, column 14"),
        ("[1]", "it is no object"),
        ("f, 1", "Expecting value"),
        ('{"name": "f"}', '"tool" must be the name of a tool as a string, not null.'),
        ('```json\n{"tool": "f"}\n```\nand', "Expecting value"),
    ],
)
def test_anything_else_between_the_markers_is_told_why(text: str, said: str) -> None:
    assert said in reason(f"Action: {text}\nEnd Action", M3)


def test_a_value_that_mentions_a_marker_is_written_with_escapes() -> None:
    written = M3.write(ToolCall(name="f", args=("Action: Answer: End Action",)))
    assert written.count("Action:") == 1
    assert call(written, M3).args == ("Action: Answer: End Action",)
