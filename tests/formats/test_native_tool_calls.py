"""Native tool calling: the first call is the action and its id finds the way back."""

from __future__ import annotations

import pytest

from codeact.actions import Answer, InvalidAction, ToolCall
from codeact.formats.native_tool_calls import NativeToolCalls
from codeact.messages import NativeCall
from codeact.observations import Observation

NATIVE = NativeToolCalls()


def native(arguments: str, id: str = "call_1") -> NativeCall:
    return NativeCall(id=id, name="f", arguments=arguments)


def test_a_call_becomes_named_arguments_with_its_id() -> None:
    wanted = ToolCall(name="f", kwargs={"x": [1]}, id="call_1")
    assert NATIVE.parse("I look.", [native('{"x": [1]}')]) == wanted


@pytest.mark.parametrize("arguments", ["", " ", "{}"])
def test_a_call_may_have_no_arguments(arguments: str) -> None:
    assert NATIVE.parse("", [native(arguments)]) == ToolCall(name="f", id="call_1")


def test_text_without_calls_is_an_answer() -> None:
    assert NATIVE.parse(" It is 4. ") == Answer(text="It is 4.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ('{"x": ', "Expecting value (line 1, column 6, at its end)"),
        ('{"x": 1} 2', "Something follows the object (line 1, column 9, near ' 2')"),
        ("[1]", "they are no JSON object"),
        ('{"x": "\\udc00"}', "it holds half of a surrogate pair"),
    ],
)
def test_arguments_that_cannot_be_used_are_answered_by_id(arguments: str, said: str) -> None:
    action = NATIVE.parse("", [native(arguments)])
    assert isinstance(action, InvalidAction)
    assert (action.kind, action.id) == ("bad_json", "call_1")
    assert action.reason.startswith("The arguments of f cannot be used: ")
    assert said in action.reason


def test_the_first_of_several_calls_is_made_and_the_model_is_told() -> None:
    calls = [native("{}"), native("{}", id="call_2"), native("{}", id="call_3")]
    action = NATIVE.parse("", calls)
    assert isinstance(action, ToolCall)
    assert action.id == "call_1"
    assert action.note.startswith("Only the first of your 3 tool calls was made")


def test_the_reply_kept_holds_the_first_call_alone() -> None:
    kept = NATIVE.reply("So: ", [native("{}"), native("{}", id="call_2")])
    assert (kept.content, kept.calls) == ("So: ", (native("{}"),))


@pytest.mark.parametrize(
    "action",
    [ToolCall(name="f", id="call_1"), InvalidAction(reason="", kind="bad_json", id="call_1")],
)
def test_the_observation_answers_the_call_by_its_id(action: ToolCall | InvalidAction) -> None:
    message = NATIVE.render(action, Observation(text="4", source="tool"))
    assert (message.role, message.call_id, message.content) == ("tool", "call_1", "[Output]\n4")


@pytest.mark.parametrize("action", [Answer(text="4"), InvalidAction(reason="", kind="empty")])
def test_what_answers_no_call_comes_from_the_user(action: Answer | InvalidAction) -> None:
    message = NATIVE.render(action, Observation(text="No.", source="user"))
    assert (message.role, message.call_id, message.content) == ("user", None, "No.")


def test_text_alone_never_ends_a_reply() -> None:
    assert not NATIVE.ended('{"tool": "f"}')


def test_a_call_is_written_as_the_json_format_writes_it() -> None:
    call = ToolCall(name="f", kwargs={"x": 1}, id="call_1")
    assert NATIVE.write(call) == '{"tool": "f", "kwargs": {"x": 1}}'
