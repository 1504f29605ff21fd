"""What every action format keeps: it is total, settles for good and reads what it writes."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codeact.actions import Action, Answer, CodeAction, InvalidAction, ToolCall
from codeact.errors import ConfigError
from codeact.formats import NAMES, ActionFormat, by_name
from codeact.formats.text_as_action import TextAsAction
from codeact.messages import Media, NativeCall
from codeact.observations import Observation
from codeact.tools import EMPTY, Toolbox

FORMATS: list[ActionFormat] = [*map(by_name, NAMES), TextAsAction(dialect="m3", commas="paper")]
CALLING = [each for each in FORMATS if "code" not in each.name and not each.native]

every_format = pytest.mark.parametrize(
    "spelling", FORMATS, ids=[*NAMES, "m3-text with the paper's commas"]
)

_FRAGMENTS = [
    *("<execute>", "</execute>", "</execute", "<EXECUTE>", "</Execute>", "</ex", "<execute"),
    *("```", "```python", "```py\n", "```bash\n", "```json\n", "~~~", "~~~python\n", "````", "`"),
    *('"', "'", '"""', "'''", "\\", '\\"', "\\u00e9", "\\ud800", "#", "f'", 'r"', "- ", "1. "),
    *("{", "}", "[", "]", ":", ",", "=", '{"tool": "f"', '"tool"', ', "args": [1, "a"]}', "{}"),
    *('{"tool": "f", "args": {"a": 1}}', "{'tool': 'f'}", '"kwargs": {}', "NaN", "1e999", "007"),
    *("Action:", "Answer:", "End Action", "Thought:", "Action: f, 1\n", 'Action: f, "a, b"\n'),
    *("Output: 3", "[Output]", "print(1)", "x = 1\n", "!echo don't", "%%bash\n", "    ", "\t"),
    *("\n", "\n\n", "\r\n", " ", "prose", "a `b` c", "\x85", "\u2028", "\x00", "é", "\ud800"),
]
biased = st.lists(st.sampled_from(_FRAGMENTS) | st.text(max_size=3), max_size=14).map("".join)
replies = biased | st.text()
native_calls = st.lists(
    st.builds(
        NativeCall, id=st.sampled_from(["", "call_1"]), name=st.text(max_size=3), arguments=replies
    ),
    max_size=2,
).map(tuple)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(_FRAGMENTS).filter(lambda text: "\ud800" not in text),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True)
tool_calls = st.builds(
    ToolCall,
    name=names,
    args=st.lists(json_values, max_size=3).map(tuple),
    kwargs=st.dictionaries(names, json_values, max_size=2),
)
_MARKS = ("<execute>", "```", "~~~", "tool", "Action:", "Answer:", "End Action", "Thought:")
answers = (
    st.text(min_size=1)
    .map(str.strip)
    .filter(lambda text: text and not any(mark in text.lower() for mark in map(str.lower, _MARKS)))
)


def asked(action: Action) -> str:
    """What an action asks for, its note left out; as text, since NaN equals nothing."""
    if isinstance(action, CodeAction | ToolCall):
        action = dataclasses.replace(action, note="")
    return repr(action)


def look_up(word: str) -> str:
    """Say what a word means."""
    return word


@every_format
@given(text=replies, calls=native_calls)
def test_no_reply_makes_a_format_raise(
    spelling: ActionFormat, text: str, calls: tuple[NativeCall, ...]
) -> None:
    spelling.ended(text)
    action = spelling.parse(text, calls)
    assert isinstance(action, CodeAction | ToolCall | Answer | InvalidAction)


@every_format
@settings(max_examples=300)
@given(text=replies)
@example(text="<execute>x = '''a</execute> b ''' </execute>")
@example(text="`<execute>x</execute>` and <execute>y</execute>\n")
@example(text="```<execute>x</execute>```")
@example(text='{"a": {"tool": "f", "args": []}}')
@example(text="Action: f Thought: g End Action h Action:")
def test_a_reply_that_has_ended_asks_for_the_same_whatever_follows(
    spelling: ActionFormat, text: str
) -> None:
    whole = spelling.parse(text)
    for end in range(len(text) + 1):
        if spelling.ended(text[:end]):
            assert asked(spelling.parse(text[:end])) == asked(whole)
            assert spelling.ended(text)


@every_format
@settings(max_examples=300)
@given(text=replies, calls=native_calls)
@example(text="<execute>'''a", calls=())
@example(text='```x {"tool": "f"}```', calls=())
@example(text='```json\n{"tool": "f"}\n```\n{"tool": "g"}', calls=())
@example(text="Action: f Answer: g Thought: h Action: i", calls=())
def test_the_reply_kept_asks_for_the_same_without_a_note(
    spelling: ActionFormat, text: str, calls: tuple[NativeCall, ...]
) -> None:
    kept = spelling.reply(text, calls)
    again = spelling.parse(kept.content, kept.calls)
    assert kept.role == "assistant"
    assert asked(again) == asked(spelling.parse(text, calls))
    assert getattr(again, "note", "") == ""


@every_format
@given(text=replies)
def test_a_reply_kept_once_stays_as_it_is(spelling: ActionFormat, text: str) -> None:
    kept = spelling.reply(text).content
    assert spelling.reply(kept).content == kept


@every_format
@given(text=answers)
def test_an_answer_is_read_as_it_was_written(spelling: ActionFormat, text: str) -> None:
    assert spelling.parse(spelling.write(Answer(text=text))) == Answer(text=text)


@pytest.mark.parametrize("name", ["json", "text", "m3-json", "m3-text"])
@settings(max_examples=300)
@given(call=tool_calls)
def test_a_tool_call_is_read_as_it_was_written(name: str, call: ToolCall) -> None:
    spelling = by_name(name)
    written = spelling.write(call)
    assert repr(spelling.parse(written)) == repr(call)
    assert spelling.ended(f"{written}\n")


@every_format
@pytest.mark.parametrize(
    "action",
    [
        CodeAction(code="x = 1"),
        ToolCall(name="f", args=(1, {2}), kwargs={"key": b""}),
        Answer(text="Yes."),
        InvalidAction(reason="Because.", kind="empty"),
    ],
)
def test_every_action_can_be_written(spelling: ActionFormat, action: Action) -> None:
    assert isinstance(spelling.write(action), str)


@every_format
@pytest.mark.parametrize(
    "text",
    [
        *("<execute>" * 20_000, "`<execute>" * 20_000, "``" + "<execute>" * 20_000 + "``"),
        *("</execute>" * 20_000, "<execute>" + "'" * 200_000, "<execute>" + "\\'" * 100_000),
        *('<execute>"""' + '\\"""' * 50_000, "<execute>" + "#" * 200_000, "<execute>\n" * 20_000),
        *("{" * 100_000, '{"a":' * 40_000, '{"' * 60_000, '{"tool":' * 20_000, '"' * 100_000),
        *("{ " * 100_000, '{"tool": "f", "args": ' + "[" * 100_000, '{"tool":' + "9" * 100_000),
        *("```\n" * 50_000, "```python\n" * 20_000, "`" * 200_000, "~~~html\n" * 20_000),
        *("- " * 100_000, " " * 200_000, "\n" * 200_000, "```" + " " * 200_000 + '"'),
        *("".join("`" * n + "x" for n in range(600)), "```python\n" + "```\n'" * 40_000),
        *("Action:" * 30_000, "Action: f" + ", 1" * 60_000, "Action: f, " + "[" * 200_000),
        *("Action: f, " + '"a' * 60_000, "Action:\n" * 25_000, "Thought: Answer:" * 12_000),
        "Action: " + "a" * 200_000 + "=",
        "x\n    " * 40_000 + "<execute>" + "    x\n" * 40_000,
    ],
    ids=lambda text: f"{text[:12]!r}",
)
def test_a_long_hostile_reply_is_read_in_good_time(spelling: ActionFormat, text: str) -> None:
    spelling.ended(text)
    spelling.parse(text, [NativeCall(id="", name="f", arguments=text)])
    spelling.reply(text)


@every_format
def test_nothing_but_space_is_no_action(spelling: ActionFormat) -> None:
    action = spelling.parse(" \n\t")
    assert isinstance(action, InvalidAction)
    assert action.kind == "empty"


@every_format
def test_the_instructions_list_the_tools_or_say_that_there_are_none(
    spelling: ActionFormat,
) -> None:
    listed = spelling.instructions(Toolbox.of([look_up]))
    assert ("look_up(word: str) -> str" in listed) == (not spelling.native)
    none = spelling.instructions(EMPTY)
    assert "No tools" in none or "no further tools" in none


@pytest.mark.parametrize("name", ["code", "code-fence", "json", "text"])
def test_the_example_in_the_instructions_is_one_action(name: str) -> None:
    spelling = by_name(name)
    action = spelling.parse(spelling.instructions(EMPTY).split("\n\n", 1)[1])
    assert isinstance(action, CodeAction | ToolCall)


@pytest.mark.parametrize("name", NAMES)
def test_a_format_is_found_by_its_own_name(name: str) -> None:
    assert by_name(name).name == name


def test_an_unknown_format_is_refused_with_all_names() -> None:
    with pytest.raises(ConfigError, match=r"'yaml'.*code, code-fence, json, text, native, m3-code"):
        by_name("yaml")


@pytest.mark.parametrize(
    ("name", "stop"),
    [
        ("code", ("</execute>",)),
        ("code-fence", ()),
        ("json", ()),
        ("text", ()),
        ("native", ()),
        ("m3-code", ("End Action",)),
        ("m3-json", ("End Action",)),
        ("m3-text", ("End Action",)),
    ],
)
def test_the_server_stops_only_where_nothing_else_can_be_meant(
    name: str, stop: tuple[str, ...]
) -> None:
    assert by_name(name).stop == stop


@every_format
def test_only_native_calls_use_the_providers_protocol(spelling: ActionFormat) -> None:
    assert spelling.native == (spelling.name == "native")


def shown(action: Action, **observation: Any) -> str:
    message = by_name("code").render(action, Observation(**observation))
    assert message.role == "user"
    return message.content


def test_an_output_is_shown_under_a_header() -> None:
    text = shown(CodeAction(code="1"), text="1", source="interpreter", log="/long.txt")
    assert text == "[Output]\n1"


def test_an_error_is_shown_with_its_name() -> None:
    text = shown(
        CodeAction(code="x"), text="Traceback …", source="interpreter", ok=False, error="NameError"
    )
    assert text == "[Error: NameError]\nTraceback …"


def test_code_that_printed_nothing_is_told_to_print() -> None:
    text = shown(CodeAction(code="x = 1"), text="", source="interpreter")
    assert text == "[Output]\nThe code ran and printed nothing. Print what you want to see."


def test_a_tool_that_returned_nothing_is_said_to() -> None:
    text = shown(ToolCall(name="f"), text=" ", source="tool")
    assert text == "[Output]\nThe tool returned nothing."


def test_a_failure_without_a_word_is_still_a_failure() -> None:
    text = shown(CodeAction(code="x"), text="", source="interpreter", ok=False)
    assert text == "[Error]\nIt failed without saying more."


def test_what_a_user_says_stands_alone() -> None:
    text = shown(Answer(text="4"), text="No, try again.", source="user", ok=False)
    assert text == "No, try again."


def test_an_invalid_action_is_shown_with_its_kind_and_reason() -> None:
    action = InvalidAction(reason="Nothing there. Write …", kind="empty")
    text = shown(action, text=action.reason, source="format", ok=False, error=action.kind)
    assert text == "[Error: empty]\nNothing there. Write …"


@every_format
def test_media_travel_with_the_feedback(spelling: ActionFormat) -> None:
    picture = Media(media_type="image/png", data="AAAA")
    observation = Observation(text="a plot", source="interpreter", media=(picture,))
    assert spelling.render(CodeAction(code="plot()"), observation).media == (picture,)
