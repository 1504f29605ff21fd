"""Single calls are written and read back in every format, and code is read without being run."""

from __future__ import annotations

import builtins
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeact.actions import Answer, InvalidAction, ToolCall
from codeact.evals.apibank.one_call import FORMATS, first_call, format_of, spelled

NAMES = st.from_regex(r"[A-Z][a-zA-Z]{0,8}", fullmatch=True).filter(
    lambda name: name not in ("None", "True", "False") and not hasattr(builtins, name)
)
KEYS = st.from_regex(r"[a-z]{3,9}_x", fullmatch=True)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
VALUES = (
    PLAIN
    | st.lists(PLAIN, max_size=3)
    | st.lists(st.dictionaries(KEYS, PLAIN, max_size=2), max_size=2)
)


@pytest.mark.parametrize("format", FORMATS)
@given(name=st.just("Api") | NAMES, kwargs=st.dictionaries(KEYS, VALUES, max_size=4))
def test_any_call_comes_back_as_it_was_written(
    format: str, name: str, kwargs: dict[str, Any]
) -> None:
    chosen = format_of(format)
    call = ToolCall(name=name, kwargs=kwargs)
    back = chosen.parse(*spelled(chosen, call, 1))
    assert isinstance(back, ToolCall)
    assert (back.name, back.args, dict(back.kwargs)) == (name, (), kwargs)


@given(st.text(max_size=60))
def test_any_code_is_read_without_an_error(code: str) -> None:
    assert isinstance(first_call(code), ToolCall | InvalidAction)


@pytest.mark.parametrize("format", FORMATS)
@given(text=st.text(max_size=80))
def test_any_reply_is_read_without_an_error(format: str, text: str) -> None:
    chosen = format_of(format)
    kept = chosen.reply(text)
    assert type(chosen.parse(kept.content, kept.calls)) is type(chosen.parse(text))


@pytest.mark.parametrize(
    ("code", "kwargs"),
    [
        ("GetToken(user='Ann', age=3)", {"user": "Ann", "age": 3}),
        ("print(GetToken(user='A, \\'B\\'')['token'])", {"user": "A, 'B'"}),
        ("who = 'Ann'\ntoken = GetToken(user=who)['token']\nOther(token=token)", {"user": "Ann"}),
        ("Other(token=GetToken(user='Ann')['token'])", {"user": "Ann"}),
        ("import json\n# first\nawait_ = len([1])\nGetToken(user=-1.5)", {"user": -1.5}),
        ("GetToken(user=[1, {'a': None}])", {"user": [1, {"a": None}]}),
        ("def later():\n    Other()\nGetToken()", {}),
    ],
)
def test_the_call_that_code_would_make_first_is_read(code: str, kwargs: dict[str, Any]) -> None:
    assert first_call(code) == ToolCall(name="GetToken", kwargs=kwargs)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("print('hello')", "no_call"),
        ("GetToken(user=", "bad_code"),
        ("GetToken(user=name)", "not_plain"),
        ("GetToken(**arguments)", "not_plain"),
        ("GetToken(user='a' + 'b')", "not_plain"),
        ("x = '\\0'; 1 +", "bad_code"),
        ("(" * 500, "bad_code"),
    ],
)
def test_code_without_a_readable_call_is_invalid(code: str, kind: str) -> None:
    action = first_call(code)
    assert isinstance(action, InvalidAction)
    assert action.kind == kind


def test_positional_arguments_keep_their_order() -> None:
    assert first_call("Add(1, 'b', c=2)") == ToolCall(name="Add", args=(1, "b"), kwargs={"c": 2})


def test_a_reply_in_words_is_an_answer() -> None:
    for name in FORMATS:
        assert format_of(name).parse("Which day?") == Answer(text="Which day?")


def test_native_arguments_are_json_text() -> None:
    text, calls = spelled(format_of("native"), ToolCall(name="Add", kwargs={"a": "é"}), 3)
    assert text == ""
    assert (calls[0].name, json.loads(calls[0].arguments)) == ("Add", {"a": "é"})
