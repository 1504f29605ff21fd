"""Fewer and mixed: duplicates, quotas, token shares, splits, tallies and leaked questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeact.data.conversations import Conversation, of_trajectory
from codeact.data.leakage import leakage
from codeact.data.mixture import mix, split
from codeact.data.tally import TOTAL, counted, guessed, tally
from codeact.data.thinning import distinct, latest, within
from codeact.errors import ConfigError
from codeact.trajectory import StopReason, Trajectory
from tests.data.samples import CHARACTERS, lived, talk


def _many(count: int, source: str, words: int = 10) -> list[Conversation]:
    return [
        talk(f"{source} {n}", "word " * words, id=f"{source}/{n}", source=source)
        for n in range(count)
    ]


def _tokens(conversation: Conversation) -> int:
    return conversation.tokens


def test_the_latest_line_of_an_episode_counts() -> None:
    failed = Trajectory(
        prompt=(), steps=(), stop_reason=StopReason.FAILED, metadata={"task": "t/2", "epoch": "0"}
    )
    found = latest([lived("old"), failed, lived("new"), lived("other", epoch="1")])
    assert [each.steps[-1].reply.content for each in found] == ["new", "other"]


def test_duplicates_are_told_by_their_words() -> None:
    given = [lived("a  b", task="1"), lived("a b", task="2"), lived("c", task="2")]
    assert list(distinct(given, of_trajectory, per_task=None)) == [given[0], given[2]]


def test_a_task_gives_no_more_than_wanted() -> None:
    given = [lived(each, epoch=each) for each in "123"]
    assert list(distinct(given, of_trajectory, per_task=2)) == given[:2]


def test_quotas_bound_a_source_and_grow_smoothly() -> None:
    given = [*_many(20, "a"), *_many(5, "b")]
    few = within(given, lambda each: each, {"a": 5})
    more = within(given, lambda each: each, {"a": 8})
    assert [each.source for each in few] == ["a"] * 5 + ["b"] * 5
    assert {each.id for each in few} <= {each.id for each in more}


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_a_share_of_tokens_is_kept(share: float) -> None:
    mixture = mix(
        {"agents": _many(100, "a")}, {"general": (_many(900, "g", words=3), share)}, tokens=_tokens
    )
    agents, general = mixture.parts
    assert general.tokens / (agents.tokens + general.tokens) == pytest.approx(share, abs=0.01)
    assert len(mixture.train) == agents.taken + general.taken


def test_too_little_is_taken_whole_and_not_repeated() -> None:
    mixture = mix({"a": _many(50, "a")}, {"g": (_many(3, "g"), 0.5)}, tokens=_tokens)
    assert mixture.parts[1].taken == mixture.parts[1].there == 3
    assert len({each.id for each in mixture.train}) == len(mixture.train)


def test_shares_that_leave_no_room_are_refused() -> None:
    with pytest.raises(ConfigError, match="sum to 1"):
        mix({}, {"g": ([], 0.5), "h": ([], 0.5)}, tokens=_tokens)


@given(st.lists(st.integers(0, 9), max_size=30), st.floats(0, 1), st.integers(0, 3))
def test_no_task_is_on_both_sides(tasks: list[int], share: float, seed: int) -> None:
    given = [talk("q", "a", id=f"{n}", task=f"t{task}") for n, task in enumerate(tasks)]
    train, kept = split(given, share, seed=seed)
    assert not {each.task for each in train} & {each.task for each in kept}
    assert len(train) + len(kept) == len(given)


def test_general_conversations_are_split_like_the_others() -> None:
    mixture = mix(
        {"a": _many(400, "a")}, {"g": (_many(4000, "g"), 0.3)}, tokens=_tokens, validation=0.2
    )
    kept = [each.source for each in mixture.validation]
    assert 0.1 < kept.count("g") / mixture.parts[1].taken < 0.3


def test_the_tally_sums_each_source_and_all() -> None:
    rows = tally([*_many(3, "a"), *_many(2, "b")], guessed)
    assert [(row.source, row.instances) for row in rows] == [("a", 3), ("b", 2), (TOTAL, 5)]
    assert rows[2].tokens == rows[0].tokens + rows[1].tokens
    assert rows[0].mean == rows[0].tokens / 3


def test_a_tokenizer_counts_what_is_learned(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(CHARACTERS))
    tokens, learned = counted(path)(talk("q", "!no", "q", "yes"))
    assert learned == len("yes<|im_end|>")
    assert tokens > learned
    path.write_text("{}")
    with pytest.raises(ConfigError, match="no tokenizer file"):
        counted(path)


QUESTION = "If a farmer has twelve red hens and sells five of them on Monday how many are left?"


def test_a_question_in_the_data_is_found() -> None:
    data = [talk("Hello.", "Hi."), talk(f"Please: {QUESTION.upper()}", "Seven.", id="leak")]
    (report,) = leakage(data, {"b": [("q1", QUESTION), ("q2", "What is the time?")]})
    assert (report.leaked, report.n) == (1, 2)
    assert (report.touched[0].id, report.touched[0].share) == ("q1", 1.0)
    assert report.touched[0].where == "leak"


def test_a_part_of_a_question_only_touches() -> None:
    half = " ".join(QUESTION.split()[:9])
    (report,) = leakage([talk(half, "?")], {"b": [("q1", QUESTION)]}, words=8)
    assert (report.leaked, len(report.touched)) == (0, 1)
    assert 0 < report.touched[0].share < 0.5


def test_what_is_said_by_the_system_does_not_leak() -> None:
    trajectory = lived("answer")
    (report,) = leakage([of_trajectory(trajectory)], {"b": [("q", "You act.")]}, words=3)
    assert report.touched == ()
