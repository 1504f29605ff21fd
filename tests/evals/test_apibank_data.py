"""The public API-Bank: recorded calls are written, made and judged right, altered ones wrong."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest

from codeact.evals.apibank import ApiBank
from codeact.evals.apibank.alterations import altered
from codeact.evals.apibank.catalogue import catalogue
from codeact.evals.apibank.dialogues import SEARCHER, Level
from codeact.evals.apibank.findings import gold
from codeact.evals.apibank.one_call import FORMATS
from codeact.evals.apibank.roundtrip import RoundTrip, round_trips


def _benchmark(level: Level) -> ApiBank:
    """Skips where the data is not at hand."""
    named = os.environ.get("CODEACT_DATA")
    if not named:
        pytest.skip("CODEACT_DATA does not name a folder of public data")
    return _read(Path(named), level)


@functools.cache
def _read(folder: Path, level: Level) -> ApiBank:
    return ApiBank(data_dir=folder, level=level)


@pytest.mark.parametrize(("level", "calls"), [(1, 389), (2, 119)])
def test_every_recorded_call_is_read_back_in_every_format(level: Level, calls: int) -> None:
    trips = round_trips(list(_benchmark(level).samples.values()))
    assert trips == {name: RoundTrip(n=calls, ok=calls, lost=()) for name in FORMATS}


def test_every_recorded_call_of_level_one_is_judged_right() -> None:
    benchmark = _benchmark(1)
    found = gold(benchmark, benchmark.tasks())
    assert found["executed"] == {"n": 380, "solved": 380}
    assert found["argument_only"] == {"n": 9, "solved": 9}
    assert found["refused"] == []


def test_only_answers_from_documents_differ_from_the_recording() -> None:
    benchmark = _benchmark(1)
    unlike = gold(benchmark, benchmark.tasks())["unlike_recorded"]
    assert len(unlike) == 8
    assert {benchmark.samples[id].gold.name for id in unlike} == {"DocumentQA"}


def test_every_recorded_call_of_level_two_is_judged_right() -> None:
    benchmark = _benchmark(2)
    found = gold(benchmark, benchmark.tasks())
    assert found["executed"] == {"n": 119, "solved": 119}
    assert found["refused"] == []


def test_the_search_finds_what_dialogues_call_next() -> None:
    benchmark = _benchmark(2)
    search = catalogue(benchmark.grader.databases.world())[SEARCHER].function
    searches = [each for each in benchmark.samples.values() if each.gold.name == SEARCHER]
    missed = [
        each.id
        for each in searches
        if each.needed not in {found["name"] for found in search(**each.gold.arguments)}
    ]
    assert len(searches) == 45
    assert missed == ["QueryAlarm-level-3-1/1"]


@pytest.mark.parametrize("part", range(4))
def test_an_altered_argument_is_rejected_or_tolerated_with_a_reason(part: int) -> None:
    benchmark = _benchmark(1)
    found = list(altered(benchmark.grader, list(benchmark.samples.values())[part::4]))
    tolerated = [each for each in found if each.verdict == "tolerated"]
    assert all(each.reason for each in tolerated)
    assert {(each.api, each.argument) for each in tolerated} <= {
        ("DeleteAgenda", "time"),
        ("QueryAgenda", "time"),
        ("QueryHealthData", "start_time"),
        ("QueryHealthData", "end_time"),
    }
    assert len(tolerated) < 0.03 * len(found)


def test_a_sample_ends_before_the_call_that_is_asked_for() -> None:
    for sample in _benchmark(1).samples.values():
        before = sample.before
        assert before == sample.dialogue.turns[: len(before)]
        assert sample.dialogue.turns[len(before)] is sample.gold
        assert sample.gold.name in sample.offered
