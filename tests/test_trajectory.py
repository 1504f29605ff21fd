"""A trajectory holds what the model saw and wrote, and survives the way to disk and back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from codeact.actions import Answer, CodeAction, InvalidAction, ToolCall
from codeact.errors import DataError
from codeact.messages import Completion, Media, Message, NativeCall, Usage
from codeact.observations import Observation
from codeact.trajectory import (
    SCHEMA,
    Step,
    StopReason,
    Trajectory,
    append,
    follow,
    from_json,
    plain_step,
    read,
    to_json,
)
from tests import nouns

GOLDEN = Path(__file__).parent / "golden" / "trajectory.jsonl"


def said(content: str) -> Message:
    return Message(role="user", content=content)


def replied(content: str) -> Message:
    return Message(role="assistant", content=content)


def step(name: str, *, context: tuple[Message, ...] | None = None, done: bool = False) -> Step:
    return Step(
        completion=Completion(text=name, usage=Usage(input_tokens=10, cost=0.5), seconds=2.0),
        reply=replied(name),
        action=Answer(text=name) if done else CodeAction(code=name),
        observation=Observation(text="", source="interpreter", done=done, seconds=1.0),
        feedback=None if done else said(f"saw {name}"),
        context=context,
    )


def trajectory(*steps: Step) -> Trajectory:
    return Trajectory(prompt=(said("task"),), steps=steps, stop_reason=StopReason.ANSWERED)


def with_args(*args: Any) -> Trajectory:
    return trajectory(replace(step("call"), action=ToolCall(name="t", args=args)))


def args_of(kept: Trajectory) -> tuple[Any, ...]:
    action = kept.steps[0].action
    assert isinstance(action, ToolCall)
    return action.args


def contents(messages: list[Message]) -> list[str]:
    return [message.content for message in messages]


@settings(deadline=None)  # the first one builds the reader of trajectories
@given(nouns.trajectories)
def test_json_and_back_is_the_same_trajectory(whole: Trajectory) -> None:
    assert from_json(to_json(whole)) == whole


@given(nouns.trajectories)
def test_any_trajectory_is_one_line_of_utf_8(whole: Trajectory) -> None:
    assert b"\n" not in to_json(whole).encode("utf-8")


@given(nouns.steps)
def test_any_step_can_be_written_as_json(one: Step) -> None:
    assert json.loads(json.dumps(plain_step(one))) == plain_step(one)


def test_half_a_surrogate_pair_is_kept() -> None:
    whole = trajectory(step("cut \ud83d here"))
    assert from_json(to_json(whole)) == whole


def test_infinite_arguments_are_kept() -> None:
    assert args_of(from_json(to_json(with_args(float("inf"), -float("inf"))))) == (
        float("inf"),
        -float("inf"),
    )


def test_an_argument_that_is_no_number_is_kept() -> None:
    assert repr(args_of(from_json(to_json(with_args(float("nan")))))) == "(nan,)"


def test_arguments_that_json_cannot_spell_are_kept_as_text() -> None:
    assert args_of(from_json(to_json(with_args(b"x", {1}, 2j)))) == ("b'x'", "{1}", "2j")


def test_fields_at_their_defaults_are_left_out() -> None:
    assert json.loads(to_json(trajectory())) == {
        "schema": SCHEMA,
        "prompt": [{"role": "user", "content": "task"}],
        "steps": [],
        "stop_reason": "answered",
    }


def golden() -> list[Trajectory]:
    """Every field of every noun away from its default at least once."""
    call = NativeCall(id="c1", name="price", arguments='{"item": "tea"}')
    usage = Usage(
        input_tokens=9, output_tokens=4, cached_tokens=3, reasoning_tokens=2, cost=None,
        estimated=True,
    )  # fmt: skip
    picture = Media(media_type="image/png", data="iVBORw0KGgo=")
    coded = Step(
        completion=Completion(
            text="Let me see.\n<execute>print('ü')", finish_reason="length", usage=usage,
            reasoning="Hm.", seconds=0.25,
        ),
        reply=replied("Let me see.\n<execute>print('ü')</execute>"),
        action=CodeAction(code="print('ü')", note="A second block was not run."),
        observation=Observation(
            text="ü", source="interpreter", media=(picture,), log=".codeact/1.txt", seconds=0.5
        ),
        feedback=Message(role="user", content="ü", media=(picture,), observed=True),
    )  # fmt: skip
    called = Step(
        completion=Completion(text="", calls=(call,)),
        reply=Message(role="assistant", content="", calls=(call,)),
        action=ToolCall(name="price", args=(1, [2.5, None]), kwargs={"item": "tea"}, id="c1"),
        observation=Observation(text="KeyError: 'tea'", source="tool", ok=False, error="KeyError"),
        feedback=Message(role="tool", content="KeyError: 'tea'", call_id="c1", observed=True),
        context=(said("task"), replied("shorter")),
    )
    invalid = replace(
        step("<execute>"),
        action=InvalidAction(reason="The code is missing.", kind="empty", id="c2"),
    )
    prompt = (Message(role="system", content="You act."), said("What is 😀?\u2028"))
    metadata = {"model": "scripted", "format": "code"}
    answered = Trajectory(
        prompt=prompt,
        steps=(coded, called, invalid, step("42", done=True)),
        stop_reason=StopReason.ANSWERED,
        metadata=metadata,
    )
    failed = replace(answered, steps=(), stop_reason=StopReason.FAILED, error="No network.")
    return [answered, failed]


def test_the_golden_file_is_what_we_write() -> None:
    lines = "".join(to_json(each) + "\n" for each in golden())
    assert GOLDEN.read_text("utf-8") == lines, "a stored format changed: raise its schema tag"


def test_the_golden_file_is_what_we_read() -> None:
    assert list(read(GOLDEN)) == golden()


def test_the_golden_file_is_read_and_written_byte_for_byte(tmp_path: Path) -> None:
    for each in read(GOLDEN):
        append(tmp_path / "copy.jsonl", each)
    assert (tmp_path / "copy.jsonl").read_bytes() == GOLDEN.read_bytes()


def test_appended_trajectories_are_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    append(path, trajectory(step("one")))
    append(path, trajectory(step("two")))
    assert list(read(path)) == [trajectory(step("one")), trajectory(step("two"))]


def test_empty_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(f"\n{to_json(trajectory())}\n \n")
    assert list(read(path)) == [trajectory()]


def test_a_last_line_without_a_line_break_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(to_json(trajectory()))
    assert list(read(path)) == [trajectory()]


def half_written(path: Path) -> Path:
    append(path, trajectory(step("whole")))
    line = to_json(trajectory(step("ü" * 9))).encode()
    with path.open("ab") as file:
        file.write(line[: line.index("ü".encode()) + 1])  # the crash cut a character in two
    return path


def test_lines_before_a_crash_are_read(tmp_path: Path) -> None:
    assert next(read(half_written(tmp_path / "t.jsonl"))) == trajectory(step("whole"))


def test_a_line_that_a_crash_cut_off_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"t\.jsonl, line 2: A crash cut the line off; delete it"):
        list(read(half_written(tmp_path / "t.jsonl")))


def test_a_trajectory_appended_after_a_crash_stays_whole(tmp_path: Path) -> None:
    path = half_written(tmp_path / "t.jsonl")
    append(path, trajectory(step("next")))
    assert path.read_text("utf-8", "replace").splitlines()[2] == to_json(trajectory(step("next")))


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("hello", "Not a line of JSON: Expecting value"),
        ("[" * 100_000, "Not a line of JSON: "),
        ("[1]", "Expected a record with schema 'codeact.trajectory/1', found 'list'"),
        ('{"schema":"codeact.trajectory/9"}', "found 'codeact.trajectory/9'"),
        ("{}", "found None"),
    ],
)
def test_a_line_of_something_else_is_refused(line: str, complaint: str) -> None:
    with pytest.raises(DataError) as caught:
        from_json(line)
    assert complaint in str(caught.value)


def spoiled(field: str, value: Any) -> str:
    """The golden line with one field changed, or left out where the value is Ellipsis."""
    record = json.loads(to_json(golden()[0]))
    *path, last = field.split(".")
    place = record
    for part in path:
        place = place[int(part)] if part.isdigit() else place[part]
    place[last] = value
    if value is ...:
        del place[last]
    return json.dumps(record)


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("prompt", ..., "prompt: Field required (got {"),
        ("steps", ..., "steps: Field required (got {"),
        ("steps", "many", "steps: Input should be a valid tuple (got 'many')."),
        ("steps.0.completion.text", ..., "steps.0.completion.text: Field required (got {"),
        (
            "steps.1.reply.content",
            5,
            "steps.1.reply.content: Input should be a valid string (got 5",
        ),
        ("steps.2.action", ..., "steps.2.action: Field required (got {"),
        ("steps.0.action.type", "dance", "steps.0.action: Expected a type out of code, call, answ"),
        ("steps.0.action.type", ..., "steps.0.action: Expected a type out of code, call, answ"),
        (
            "steps.0.action",
            None,
            "steps.0.action: Expected a type out of code, call, answ",
        ),
        ("steps.0.action.code", ..., "steps.0.action.code: Field required (got {"),
        ("steps.1.context", [7], "steps.1.context.0: Input should be a dictionary or an instance"),
        ("stop_reason", "tired", "stop_reason: Input should be 'answered', "),
    ],
)
def test_a_spoiled_field_is_named_with_its_value(field: str, value: Any, complaint: str) -> None:
    with pytest.raises(DataError) as caught:
        from_json(spoiled(field, value))
    assert str(caught.value).startswith(complaint)


def test_a_field_of_a_later_version_is_passed_over() -> None:
    assert from_json(spoiled("steps.0.colour", "red")) == golden()[0]


def test_the_first_step_answers_the_prompt() -> None:
    assert contents(trajectory(step("a")).shown(0)) == ["task"]


def test_a_later_step_answers_all_that_was_said_before() -> None:
    assert contents(trajectory(step("a"), step("b")).shown(1)) == ["task", "a", "saw a"]


def test_all_messages_include_the_last_feedback() -> None:
    whole = trajectory(step("a"), step("b"))
    assert contents(whole.messages()) == ["task", "a", "saw a", "b", "saw b"]


def test_an_answer_that_contents_the_user_gets_no_feedback() -> None:
    assert contents(trajectory(step("42", done=True)).messages()) == ["task", "42"]


def test_a_rewritten_context_takes_the_place_of_what_was_before() -> None:
    whole = trajectory(step("a"), step("b", context=(said("short"),)), step("c"))
    assert contents(whole.shown(1)) == ["short"]
    assert contents(whole.shown(2)) == ["short", "b", "saw b"]


def test_steps_before_a_rewritten_context_answered_the_prompt() -> None:
    whole = trajectory(step("a"), step("b", context=(said("short"),)))
    assert contents(whole.shown(0)) == ["task"]


def test_the_latest_of_two_rewritten_contexts_holds() -> None:
    first, second = (said("short"),), (said("shorter"),)
    whole = trajectory(step("a", context=first), step("b", context=second), step("c"))
    assert contents(whole.messages()) == ["shorter", "b", "saw b", "c", "saw c"]


def test_a_context_is_rewritten_even_before_the_first_step() -> None:
    assert contents(trajectory(step("a", context=(said("short"),))).shown(0)) == ["short"]


@given(nouns.trajectories)
def test_what_is_said_later_never_changes_what_was_shown(whole: Trajectory) -> None:
    for index in range(len(whole.steps)):
        earlier = replace(whole, steps=whole.steps[: index + 1])
        assert earlier.shown(index) == whole.shown(index)


def test_steps_so_far_are_followed_without_a_trajectory() -> None:
    assert contents(follow([said("task")], [step("a")], 1)) == ["task", "a", "saw a"]


def test_the_answer_is_the_one_that_ended_the_episode() -> None:
    assert trajectory(step("a"), step("42", done=True)).answer == "42"


def test_an_answer_that_was_sent_back_is_not_the_answer() -> None:
    refused = replace(step("42", done=True), observation=Observation(text="No.", source="user"))
    assert trajectory(refused).answer is None


def test_an_episode_that_a_tool_ended_has_no_answer() -> None:
    ended = replace(step("42", done=True), action=CodeAction(code="42"))
    assert trajectory(ended).answer is None


def test_an_episode_without_steps_has_no_answer() -> None:
    assert trajectory().answer is None


def test_usage_and_seconds_are_summed_over_the_steps() -> None:
    whole = trajectory(step("a"), step("b"))
    assert (whole.usage.input_tokens, whole.usage.cost, whole.seconds) == (20, 1.0, 6.0)
