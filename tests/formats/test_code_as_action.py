"""Code as the action: which part of a reply is the code, and which replies have none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeact.actions import Answer, CodeAction, InvalidAction, ToolCall
from codeact.formats.code_as_action import CodeAsAction

EXECUTE = CodeAsAction()
FENCE = CodeAsAction(dialect="fence")
M3 = CodeAsAction(dialect="m3")


def code(text: str) -> str:
    action = EXECUTE.parse(text)
    assert isinstance(action, CodeAction), action
    return action.code


def note(text: str) -> str:
    action = EXECUTE.parse(text)
    assert isinstance(action, CodeAction), action
    return action.note


def invalid(text: str) -> InvalidAction:
    action = EXECUTE.parse(text)
    assert isinstance(action, InvalidAction), action
    return action


def test_the_code_stands_between_the_tags() -> None:
    assert code("I add.\n<execute>\nprint(1 + 1)\n</execute>") == "print(1 + 1)"


def test_a_reply_without_an_opening_tag_is_an_answer() -> None:
    assert EXECUTE.parse("  It is 4.\n") == Answer(text="It is 4.")


def test_an_empty_reply_is_shown_the_right_form() -> None:
    reason = invalid("").reason
    assert reason.startswith("Your reply was empty.")
    assert "<execute>\nprint(1 + 1)\n</execute>" in reason


def test_tags_without_code_are_invalid() -> None:
    action = invalid("<execute>\n \n</execute>")
    assert action.kind == "empty"
    assert action.reason.startswith("The action holds no code.")


def test_a_block_cut_by_the_stop_sequence_is_complete() -> None:
    assert code("<execute>\nprint(1)\n") == "print(1)"
    assert not EXECUTE.ended("<execute>\nprint(1)\n")


@pytest.mark.parametrize("half", ["</", "</exe", "</execute", "</EXECUTE"])
def test_a_half_cut_closing_tag_is_no_code(half: str) -> None:
    assert code(f"<execute>print(1)\n{half}") == "print(1)"
    assert EXECUTE.reply(f"<execute>print(1)\n{half}").content == "<execute>print(1)\n</execute>"


def test_tags_may_be_in_any_case() -> None:
    assert code("<Execute>print(1)</EXECUTE>") == "print(1)"


def test_generation_ends_with_the_closing_tag() -> None:
    assert EXECUTE.ended("<execute>\nprint(1)\n</execute>")


@pytest.mark.parametrize(
    "line",
    [
        'print("</execute>")',
        "print('it\\'s </execute>')",
        "print(f'{x} </execute>')",
        'x = rb"\\"</execute>"',
        'x = """a\n"quoted" </execute>\n"""',
        "x = '''it's </execute>'''",
        "x = 'a \\\n</execute>'",
        "x = 'a \\\r\n</execute>'",
        'x = "" + "</execute>"',
        "x = 1  # it's\nprint('</execute>')",
    ],
)
def test_a_closing_tag_inside_a_string_does_not_end_the_code(line: str) -> None:
    assert code(f"<execute>\n{line}\n</execute>") == line
    assert EXECUTE.ended(f"<execute>\n{line}\n</execute>")


@pytest.mark.parametrize(
    "line",
    [
        "!echo don't",
        "!echo don't \"</div>\" don\\'t",
        "x = 1  # it's",
        'x = 1  # the "end"',
        'x = """never closed',
        'x = """never closed, \\""" escaped',
        "x = '''never closed",
        "x = 'ends in \\",
        "f('a', \"it's\")",
    ],
)
def test_a_closing_tag_outside_strings_ends_the_code(line: str) -> None:
    assert code(f"<execute>{line}</execute> Done.") == line


def test_a_quote_that_may_still_close_keeps_the_generation_going() -> None:
    assert not EXECUTE.ended("<execute>!echo don't</execute>")
    assert EXECUTE.ended("<execute>!echo don't</execute>\n")
    assert not EXECUTE.ended('<execute>x = """</execute>\n')


def test_a_closing_tag_in_a_comment_ends_the_code() -> None:
    assert code("<execute>x = 1  # end </execute>") == "x = 1  # end"
    assert code('<execute>x = 1  # "</execute>" said') == 'x = 1  # "'


def test_a_quote_in_a_comment_opens_no_string() -> None:
    assert EXECUTE.ended('<execute>\nx = 1  # a """ here\n</execute>')


@pytest.mark.parametrize(
    "prose",
    [
        "Put code into `<execute>` tags.",
        "Put it between ``<execute>` and </execute>`` tags.",
        "```html\n<execute>\nprint(1)\n</execute>\n```",
        "~~~xml\n<execute>print(1)</execute>",
        "````html\n```\n<execute>\n````",
        "- ```html\n  <execute>\n  ```",
    ],
)
def test_a_tag_that_is_only_shown_is_no_action(prose: str) -> None:
    assert EXECUTE.parse(prose) == Answer(text=prose)


@pytest.mark.parametrize(
    "prose",
    [
        "It`s time.",
        "`x` and `y`:",
        "`open\n",
        "```html\n<execute>\n```\n",
        "```python\n",
        "```\n",
        "``a` b\n`",
    ],
)
def test_a_tag_in_the_open_is_an_action(prose: str) -> None:
    assert code(f"{prose}<execute>\nprint(1)\n</execute>") == "print(1)"


def test_a_backtick_before_the_tag_leaves_it_open_whether_it_is_only_shown() -> None:
    assert not EXECUTE.ended("It`s <execute>x</execute>")
    assert EXECUTE.ended("It`s <execute>x</execute>\n")


@pytest.mark.parametrize(
    "fence", ["```python", "```py", "```Python3", "```ipython", "```", "~~~python", "````python"]
)
def test_a_fence_around_the_whole_code_is_taken_off(fence: str) -> None:
    mark = fence.rstrip("Pipython3")
    assert code(f"<execute>\n{fence}\nx = 1\n{mark}\n</execute>") == "x = 1"
    assert code(f"<execute>{fence}\nx = 1\n</execute>") == "x = 1"


def test_a_fence_inside_a_string_stays() -> None:
    body = 'x = """\n```\n"""'
    assert code(f"<execute>\n```python\n{body}\n```\n</execute>") == body
    assert code(f"<execute>\n{body}\n</execute>") == body


def test_two_fences_are_left_as_they_are() -> None:
    body = "```python\nx = 1\n```\n```python\ny = 1\n```"
    assert code(f"<execute>\n{body}\n</execute>") == body


@pytest.mark.parametrize("language", ["bash", "JS", "c++"])
def test_another_language_is_never_run_as_python(language: str) -> None:
    action = invalid(f"<execute>\n```{language}\nls\n```\n</execute>")
    assert action.kind == "wrong_language"
    assert f"marked as {language.lower()}, but only Python runs here" in action.reason


@pytest.mark.parametrize(
    "line", ["!pip install x", "%timeit f()", "%%bash\nls", "!ls 'a b'", "?len", "await f()"]
)
def test_magic_lines_pass_through(line: str) -> None:
    assert code(f"<execute>\n{line}\n</execute>") == line


def test_blank_lines_around_the_code_go_and_its_shape_stays() -> None:
    assert code("<execute>\n\n  \nif x:\n    y()\n\n\n</execute>") == "if x:\n    y()"


@pytest.mark.parametrize("indent", ["  ", "\t", "      "])
def test_code_that_is_indented_as_a_whole_is_dedented(indent: str) -> None:
    lines = f"{indent}if x:\n{indent}    y()\n\n{indent}z()"
    assert code(f"<execute>\n{lines}\n</execute>") == "if x:\n    y()\n\nz()"


def test_code_that_mixes_indents_is_left_alone() -> None:
    assert code("<execute>\nif x:\n\ty()\n</execute>") == "if x:\n\ty()"


def test_the_first_of_several_blocks_wins_and_the_model_is_told() -> None:
    text = "<execute>a</execute>\nand\n<execute>b</execute>"
    assert code(text) == "a"
    assert note(text).startswith("Only the first action of your reply was carried out")
    assert EXECUTE.reply(text).content == "<execute>a</execute>"


@pytest.mark.parametrize(
    "rest", ["\n[Output]\n3", "\nObservation: 3", "\n**Result:** 3", "\nOut[1]"]
)
def test_a_made_up_output_is_dropped_and_the_model_is_told(rest: str) -> None:
    text = f"<execute>a</execute>{rest}"
    assert note(text).startswith("What you wrote after the action was dropped")
    assert EXECUTE.reply(text).content == "<execute>a</execute>"


def test_a_closing_remark_needs_no_note() -> None:
    assert note("<execute>a</execute>\nNow I wait.") == ""


def test_the_reply_kept_has_its_closing_tag_again() -> None:
    assert EXECUTE.reply("So:\n<execute>\na\n").content == "So:\n<execute>\na\n</execute>"


def test_an_answer_and_an_unusable_action_are_kept_as_written() -> None:
    assert EXECUTE.reply(" Four. \n").content == " Four. \n"
    assert EXECUTE.reply("<execute></execute> So.").content == "<execute></execute> So."


# Codes that can be written: no closing tag but in string literals, trimmed and dedented.
_pieces = st.sampled_from(
    [
        *(
            "x = '</execute>'",
            'print("""\n</execute>\n""")',
            "s = '''\n```\n'''",
            "# it's",
            "!don't",
        ),
        *(
            "if x:\n    pass",
            "y = '\\\\'",
            'z = "\\""',
            "<execute>",
            "`a`",
            "r'\\'</execute>'",
            "é",
        ),
    ]
)
codes = st.lists(_pieces, min_size=1, max_size=4).map("\n".join)
texts = (
    st.text(st.characters(codec="utf-8"), min_size=1)
    .map(lambda text: f"x{text}x")
    .filter(lambda text: not re.search("</execute|```|~~~|Action:|Answer:|End Action", text, re.I))
)


@pytest.mark.parametrize("spelling", [EXECUTE, FENCE], ids=["execute", "fence"])
@settings(max_examples=300)
@given(body=codes | texts)
def test_code_is_read_as_it_was_written(spelling: CodeAsAction, body: str) -> None:
    assert spelling.parse(spelling.write(CodeAction(code=body))) == CodeAction(code=body)


@given(body=texts)
def test_code_without_markers_is_read_as_it_was_written_between_markers(body: str) -> None:
    assert M3.parse(M3.write(CodeAction(code=body))) == CodeAction(code=body)


def test_a_tool_call_is_written_as_a_call_in_python() -> None:
    call = ToolCall(name="f", args=(1, "a, b"), kwargs={"deep": True})
    assert EXECUTE.write(call) == "<execute>\nf(1, 'a, b', deep=True)\n</execute>"
