"""Which tokens of a trajectory are learned: the model's own, and of those not the wrong ones."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeact.actions import Answer, CodeAction
from codeact.messages import Completion, Message
from codeact.models.nano_tokens import Vocabulary
from codeact.observations import Observation
from codeact.tasks.families import Axes, instances
from codeact.tasks.families.names import TRAIN_NAMES
from codeact.train.tokens import Example, chained, example
from codeact.train.vocabulary import known_texts
from codeact.trajectory import Step, StopReason, Trajectory
from tests import tiny

ASKED = (Message(role="user", content="What is 1 and 2?"),)


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    return Vocabulary.load(tiny.tokenizer(tmp_path_factory.mktemp("tokenizer")))


def acted(code: str, said: str) -> Step:
    text = f"<execute>\n{code}\n</execute>"
    return Step(
        completion=Completion(text=text),
        reply=Message(role="assistant", content=text),
        action=CodeAction(code=code),
        observation=Observation(text=said, source="interpreter", ok=True),
        feedback=Message(role="user", content=f"[Output]\n{said}", observed=True),
    )


def answered(text: str) -> Step:
    return Step(
        completion=Completion(text=text),
        reply=Message(role="assistant", content=text),
        action=Answer(text=text),
        observation=Observation(text="", source="user", ok=True, done=True),
    )


def lived(*steps: Step, masked: str = "") -> Trajectory:
    return Trajectory(
        prompt=ASKED,
        steps=steps,
        stop_reason=StopReason.ANSWERED,
        metadata={"masked_steps": masked} if masked else {},
    )


def learned(found: Example, vocabulary: Vocabulary) -> str:
    """The learned tokens as text, the end of a reply as a bar."""
    chosen = [token for token, on in zip(found.ids, found.mask, strict=True) if on]
    return "|".join(vocabulary.decode(part) for part in _split(chosen, vocabulary.end))


def test_what_the_model_wrote_is_learned_and_nothing_else(vocabulary: Vocabulary) -> None:
    found = example(lived(acted("print(1 + 2)", "3"), answered("It is 3.")), vocabulary)
    assert learned(found, vocabulary) == "<execute>\nprint(1 + 2)\n</execute>|It is 3.|"


def test_the_end_of_each_reply_is_learned(vocabulary: Vocabulary) -> None:
    found = example(lived(acted("print(3)", "3"), answered("3")), vocabulary)
    ends = [on for token, on in zip(found.ids, found.mask, strict=True) if token == vocabulary.end]
    assert ends == [1, 1]


def test_a_wrong_step_is_read_and_not_learned(vocabulary: Vocabulary) -> None:
    wrong, right = acted("prin(3)", "no"), acted("print(3)", "3")
    found = example(lived(wrong, right, answered("3"), masked="0"), vocabulary)
    assert learned(found, vocabulary) == "<execute>\nprint(3)\n</execute>|3|"
    assert "prin(3)" in vocabulary.decode(found.ids)


@given(words=st.lists(st.text("ab1 =\n", min_size=1, max_size=9), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_the_mask_is_that_of_the_replies_whatever_they_say(
    vocabulary: Vocabulary, words: list[str]
) -> None:
    steps = [acted(word, word) for word in words]
    found = example(lived(*steps), vocabulary)
    wanted = "".join(f"<execute>\n{word}\n</execute>|" for word in words)
    assert learned(found, vocabulary) == wanted
    assert len(found.ids) == len(found.mask)


def test_a_made_up_name_leaves_no_trace_in_what_the_tokenizer_learns_from() -> None:
    real = {name.lower() for names in TRAIN_NAMES.values() for name in names}
    drawn = list(instances(seed=3, count=200, axes=Axes(), families=["ask_tool", "echo"]))
    names = {name.lower() for each in drawn for name in each.names} - real
    assert len(names) > 50
    told = " ".join(known_texts(drawn)).lower()
    assert [name for name in names if len(name) > 5 and name in told] == []


def _split(tokens: list[int], at: int) -> list[list[int]]:
    parts: list[list[int]] = [[]]
    for token in tokens:
        if token == at:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def test_chains_are_episodes_one_after_another_with_tools_at_the_head_only(
    vocabulary: Vocabulary,
) -> None:
    tools = vocabulary.marks["tools"]
    plain = example(lived(acted("1 + 2", "3"), answered("3.")), vocabulary)
    offered = Example([tools, *plain.ids], [0, *plain.mask])
    kinds = (list(offered.ids), list(plain.ids))
    for chain in chained([plain, offered], vocabulary, count=40, context=400, seed=1):
        ids, mask = list(chain.ids), list(chain.mask)
        starts = [at for at, token in enumerate(ids) if token == tools]
        assert starts in ([], [0])
        head = next(each for each in kinds if ids[: len(each)] == each)
        count, rest = divmod(len(ids) - len(head), len(plain.ids))
        assert rest == 0
        assert count >= 1
        assert ids == head + list(plain.ids) * count
        assert sum(mask) == sum(plain.mask) * (count + 1)


def test_chains_fit_the_context_and_need_an_episode_without_tools(vocabulary: Vocabulary) -> None:
    plain = example(lived(acted("1 + 2", "3"), answered("3.")), vocabulary)
    size = 2 * len(plain.ids)
    chains = list(chained([plain], vocabulary, count=20, context=size, seed=1))
    assert {len(each.ids) for each in chains} == {size}
    offered = Example([vocabulary.marks["tools"], *plain.ids], [0, *plain.mask])
    assert list(chained([offered], vocabulary, count=20, context=400, seed=1)) == []
