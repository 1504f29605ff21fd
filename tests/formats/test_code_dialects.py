"""Code as the action in a fence and between the markers of M3ToolEval."""

from __future__ import annotations

import pytest

from codeact.actions import Answer, CodeAction, InvalidAction
from codeact.formats.code_as_action import CodeAsAction

FENCE = CodeAsAction(dialect="fence")
M3 = CodeAsAction(dialect="m3")


def code(text: str, spelling: CodeAsAction) -> str:
    action = spelling.parse(text)
    assert isinstance(action, CodeAction), action
    return action.code


def note(text: str, spelling: CodeAsAction) -> str:
    action = spelling.parse(text)
    assert isinstance(action, CodeAction), action
    return action.note


def invalid(text: str, spelling: CodeAsAction) -> InvalidAction:
    action = spelling.parse(text)
    assert isinstance(action, InvalidAction), action
    return action


# The fence dialect.


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        *(
            ("```python", "```"),
            ("```py", "```"),
            ("```Python3 title", "```"),
            ("``` python", "```"),
        ),
        *(
            ("~~~ipython", "~~~"),
            ("````python", "````"),
            ("```python", "`````"),
            ("  ```py", "  ```"),
        ),
    ],
)
def test_a_python_fence_is_run(opening: str, closing: str) -> None:
    text = f"I add.\n{opening}\nprint(1)\n{closing}"
    assert code(text, FENCE) == "print(1)"
    assert FENCE.ended(text)


def test_a_fence_in_a_list_is_run() -> None:
    assert code("1. First:\n- ```python\n  if x:\n      y()\n  ```\n", FENCE) == "if x:\n    y()"


@pytest.mark.parametrize(
    "answer",
    [
        "```\nprint(1)\n```",
        "```bash\nrm -rf x\n```",
        "```markdown\n```python\nprint(1)\n```",
        "Use ```python print(1)``` inline.",
        "```python print(1)```",
        "See:   ```python\nprint(1)",
    ],
)
def test_nothing_but_a_python_fence_is_run(answer: str) -> None:
    assert FENCE.parse(answer) == Answer(text=answer)


def test_python_after_a_fence_in_another_language_is_run() -> None:
    assert code("```bash\nls\n```\n```python\nprint(1)\n```", FENCE) == "print(1)"


def test_a_fence_in_a_string_does_not_end_the_block() -> None:
    body = 'text = """\n```python\nx\n```\n"""'
    assert code(f"```python\n{body}\n```", FENCE) == body
    assert not FENCE.ended(f"```python\n{body}\n")


def test_a_shorter_fence_does_not_end_the_block() -> None:
    assert code("````python\n%%markdown\n```\n````", FENCE) == "%%markdown\n```"


def test_a_fence_ends_the_block_whatever_follows_on_its_line() -> None:
    text = "```python\na\n```python\nb\n```"
    assert code(text, FENCE) == "a"


def test_an_unclosed_fence_is_complete_and_gets_closed() -> None:
    assert code("```python\na", FENCE) == "a"
    assert FENCE.reply("```python\na").content == "```python\na\n```"
    assert FENCE.reply("````python\na\n``").content == "````python\na\n````"


def test_an_empty_fence_is_invalid() -> None:
    assert invalid("```python\n```", FENCE).kind == "empty"


def test_the_first_of_several_fences_wins_and_the_model_is_told() -> None:
    text = "```python\na\n```\nThen:\n```python\nb\n```"
    assert code(text, FENCE) == "a"
    assert note(text, FENCE).startswith("Only the first action")
    assert FENCE.reply(text).content == "```python\na\n```"
    assert note("```python\na\n```\n```output\n3\n```", FENCE).startswith("What you wrote after")


# The dialect of M3ToolEval.


def test_code_stands_between_the_markers() -> None:
    assert code("Thought: I add.\nAction:\nprint(1)\nEnd Action", M3) == "print(1)"
    assert M3.ended("Action:\nprint(1)\nEnd Action")


def test_a_fence_between_the_markers_is_taken_off() -> None:
    assert code("Action:\n```python\n  x\n```\nEnd Action", M3) == "x"


def test_indented_code_between_the_markers_keeps_its_shape() -> None:
    assert code("Action:\n    if x:\n        y\nEnd Action", M3) == "if x:\n    y"


def test_the_text_after_the_answer_marker_is_the_answer() -> None:
    assert M3.parse("Thought: easy\nAnswer: 42\n") == Answer(text="42")
    assert not M3.ended("Thought: easy\nAnswer: 42\n")


def test_a_second_marker_cuts_an_answer_and_the_thought_before_it() -> None:
    text = "Answer: 42\nThought: or not\nAction: x"
    assert M3.parse(text) == Answer(text="42")
    assert M3.reply(text).content == "Answer: 42\n"
    assert M3.ended(text)


def test_a_lone_answer_keeps_what_looks_like_a_thought() -> None:
    assert M3.parse("Answer: a\nThought: b") == Answer(text="a\nThought: b")


def test_a_second_marker_cuts_an_action_and_the_thought_before_it() -> None:
    text = "Action:\nprint(1)\nThought: done\nAnswer: 1"
    assert code(text, M3) == "print(1)"
    assert note(text, M3).startswith("Only the first action")
    assert M3.reply(text).content == "Action:\nprint(1)\nEnd Action"


def test_an_action_cut_by_the_stop_sequence_is_closed_again() -> None:
    assert code("Action: print(1)", M3) == "print(1)"
    assert M3.reply("Action: print(1)").content == "Action: print(1)\nEnd Action"


def test_what_follows_the_end_marker_is_dropped() -> None:
    text = "Action: a\nEnd Action\nThought: next\nAction: b\nEnd Action"
    assert code(text, M3) == "a"
    assert M3.reply(text).content == "Action: a\nEnd Action"


def test_an_end_marker_with_a_colon_is_no_second_action() -> None:
    assert note("Action: a\nEnd Action:\n", M3) == ""


def test_a_reply_without_a_marker_is_invalid() -> None:
    action = invalid("It is 4.", M3)
    assert action.kind == "no_marker"
    assert action.reason.startswith("Your reply has neither 'Action:' nor 'Answer:'.")


def test_two_markers_at_once_are_invalid() -> None:
    action = invalid("Action: Answer: 4", M3)
    assert action.kind == "two_markers"
    assert action.reason.startswith("'Action:' is followed at once by 'Answer:'")


@pytest.mark.parametrize(
    "text", ["Action:\nEnd Action", "Action:", "Answer: ", "Answer: Thought: Action: x"]
)
def test_a_marker_without_content_is_invalid(text: str) -> None:
    assert invalid(text, M3).kind == "empty"


def test_another_language_between_the_markers_is_invalid() -> None:
    assert invalid("Action:\n```sh\nls\n```\nEnd Action", M3).kind == "wrong_language"


def test_the_markers_are_plain_text_even_in_a_string() -> None:
    assert code('Action:\nprint("Answer: 4")\nEnd Action', M3) == 'print("'
