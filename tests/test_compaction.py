"""A full context makes room: old observations shrink, recent ones and the user's words stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeact.compaction import (
    EXCERPT,
    HARD_LIMIT,
    NO_VARIABLES,
    compact,
    estimated_tokens,
)
from codeact.interpreter import Variable
from codeact.messages import Media, Message, NativeCall
from tests import nouns

PICTURE = Media(media_type="image/png", data="iVBORw0KGgo=")
LONG = "head " + "x" * 5_000 + " tail"
NOTE = "\n[Older outputs above were shortened because the context window was full."


def user(content: str) -> Message:
    return Message(role="user", content=content)


def wrote(content: str) -> Message:
    return Message(role="assistant", content=content)


def saw(content: str, *media: Media) -> Message:
    return Message(role="user", content=content, media=media, observed=True)


def talk(*observations: Message, reply: str = "act") -> list[Message]:
    """A task and, for each observation, a reply before it."""
    messages = [user("task")]
    for each in observations:
        messages += [wrote(reply), each]
    return messages


def contents(messages: tuple[Message, ...]) -> list[str]:
    return [message.content for message in messages]


def test_old_observations_keep_their_head_and_tail() -> None:
    context, removed = compact(talk(saw(LONG), saw("b"), saw("c")), [])
    half = EXCERPT // 2
    assert removed == 1
    assert context[2].content == (
        f"{LONG[:half]}\n[Shortened to save space: {len(LONG) - EXCERPT:,} more characters were "
        f"shown here before.]\n{LONG[-half:]}"
    )


def test_the_latest_two_observations_stay_whole() -> None:
    context, _ = compact(talk(saw(LONG), saw(LONG), saw(LONG)), [])
    assert context[4].content == LONG
    assert context[6].content.startswith(LONG + NOTE)


def test_what_the_user_said_stays_whole() -> None:
    context, _ = compact([user(LONG), *talk(saw(LONG), saw("b"), saw("c"))], [], hard=True)
    assert context[0].content == LONG


def test_short_observations_stay_as_they_are() -> None:
    messages = talk(saw("a"), saw("b"), saw("c"))
    assert compact(messages, []) == (tuple(messages), 0)


def test_nothing_to_shorten_without_observations() -> None:
    assert compact(talk(), []) == ((user("task"),), 0)


def test_the_note_names_the_variables_that_live_on() -> None:
    variables = [
        Variable(name="table", type="DataFrame (3, 2)", preview=""),
        Variable(name="n", type="int", preview="3"),
    ]
    context, _ = compact(talk(saw(LONG), saw("b"), saw("c")), variables)
    assert context[-1].content.endswith(
        "Nothing in the interpreter was lost. These variables are still defined: "
        "table (DataFrame (3, 2)), n (int). Print what you need again, in part.]"
    )


def test_only_the_latest_sixty_variables_are_named() -> None:
    variables = [Variable(name=f"v{number}", type="int", preview="") for number in range(61)]
    context, _ = compact(talk(saw(LONG), saw("b"), saw("c")), variables)
    assert "v1 (int), v2 (int)" in context[-1].content
    assert "v0 (int)" not in context[-1].content


def test_the_note_says_when_no_variable_is_defined() -> None:
    context, _ = compact(talk(saw(LONG), saw("b"), saw("c")), [])
    assert context[-1].content.endswith(f"{NO_VARIABLES}]")


def test_a_later_note_takes_the_place_of_an_earlier_one() -> None:
    first, _ = compact(talk(saw(LONG), saw(LONG), saw("c")), [])
    second, removed = compact(first, [], hard=True)
    assert removed == 1
    assert second[-1].content.count("Older outputs above") == 1


def test_a_note_does_not_stay_behind_in_the_middle() -> None:
    first, _ = compact(talk(saw(LONG), saw("b"), saw("c")), [])
    second, _ = compact([*first, *talk(saw(LONG), saw("e"), saw("f"))[1:]], [])
    assert [NOTE in each for each in contents(second)].count(True) == 1


def test_compacting_again_finds_nothing_more() -> None:
    first, _ = compact(talk(saw(LONG), saw(LONG), saw(LONG)), [], hard=True)
    assert compact(first, [], hard=True)[1] == 0


def test_the_harder_level_cuts_the_latest_observations_less() -> None:
    context, removed = compact(talk(saw(LONG), saw(LONG), saw(LONG)), [], hard=True)
    lengths = [len(context[place].content) for place in (2, 4)]
    assert removed == 3
    assert EXCERPT < lengths[0] < HARD_LIMIT < lengths[1] < HARD_LIMIT + 100


@pytest.mark.parametrize("hard", [False, True])
def test_only_the_harder_level_cuts_older_replies(hard: bool) -> None:
    context, _ = compact(talk(saw("a"), saw("b"), saw("c"), reply=LONG), [], hard=hard)
    assert [len(context[place].content) < len(LONG) for place in (1, 3, 5)] == [hard, False, False]


def test_old_pictures_are_dropped() -> None:
    context, removed = compact(talk(saw("a", PICTURE), saw("b", PICTURE), saw("c", PICTURE)), [])
    assert [message.media for message in context if message.observed] == [
        (),
        (PICTURE,),
        (PICTURE,),
    ]
    assert removed == 1


def test_the_harder_level_drops_every_picture() -> None:
    context, removed = compact(talk(saw("a", PICTURE), saw("b", PICTURE)), [], hard=True)
    assert [message.media for message in context if message.observed] == [(), ()]
    assert removed == 2


@given(st.lists(nouns.messages, max_size=8), st.booleans())
def test_compaction_keeps_the_number_and_roles_of_messages(
    messages: list[Message], hard: bool
) -> None:
    context, _ = compact(messages, [], hard=hard)
    assert [each.role for each in context] == [each.role for each in messages]


@given(st.lists(nouns.messages, max_size=8))
def test_a_longer_conversation_is_never_estimated_shorter(messages: list[Message]) -> None:
    assert estimated_tokens(messages) >= estimated_tokens(messages[:-1])


def test_text_calls_and_pictures_count_as_tokens() -> None:
    call = NativeCall(id="1", name="t", arguments="x" * 35)
    message = Message(role="assistant", content="y" * 35, calls=(call,), media=(PICTURE,))
    assert estimated_tokens([message]) == 20 + 4 + 1_000
