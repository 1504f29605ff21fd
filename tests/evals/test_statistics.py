"""Intervals, tests and power, against published values and by their properties."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeact.evals import paper
from codeact.evals.statistics import (
    Interval,
    Outcomes,
    bootstrap,
    detectable,
    holm,
    interval,
    majority,
    mcnemar,
    paired,
    pass_all,
    pass_at,
    success,
    wilson,
)

FEW = 200
TASKS = st.dictionaries(
    st.sampled_from("abcdefghij"), st.lists(st.booleans(), min_size=3, max_size=3), min_size=1
)
DOMAINS = {name: "vowel" if name in "aei" else "consonant" for name in "abcdefghij"}


def _rounded(found: Interval, digits: int = 3) -> tuple[float, float]:
    return round(found.low, digits), round(found.high, digits)


def test_wilson_gives_the_published_interval_of_a_proportion() -> None:
    # Newcombe 1998, table I: 81/263, 15/148, 0/20, 1/29.
    assert _rounded(wilson(81, 263), 4) == (0.2553, 0.3662)
    assert _rounded(wilson(15, 148), 4) == (0.0624, 0.1605)
    assert _rounded(wilson(0, 20), 4) == (0.0, 0.1611)
    assert _rounded(wilson(1, 29), 4) == (0.0061, 0.1718)


def test_wilson_knows_nothing_without_tasks() -> None:
    assert wilson(0, 0) == Interval(0.0, 1.0)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_mirrors_it(case: tuple[int, int]) -> None:
    solved, n = case
    found, mirrored = wilson(solved, n), wilson(n - solved, n)
    assert 0 <= found.low <= solved / n <= found.high <= 1
    assert math.isclose(found.low, 1 - mirrored.high, abs_tol=1e-9)


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [(0, 0, 1.0), (0, 5, 0.0625), (6, 0, 0.03125), (1, 6, 0.125), (3, 3, 1.0), (2, 10, 0.038574)],
)
def test_mcnemar_is_the_exact_two_sided_binomial_test(first: int, second: int, p: float) -> None:
    assert round(mcnemar(first, second), 6) == p
    assert mcnemar(first, second) == mcnemar(second, first)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_a_probability(first: int, second: int) -> None:
    assert 0 < mcnemar(first, second) <= 1


def test_holm_adjusts_as_in_the_textbook() -> None:
    adjusted = holm([0.01, 0.04, 0.03, 0.005])
    assert [round(p, 6) for p in adjusted] == [0.03, 0.06, 0.06, 0.02]


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_raises_no_less_than_nothing_and_no_more_than_bonferroni(ps: list[float]) -> None:
    adjusted = holm(ps)
    assert all(
        p <= new <= min(1.0, len(ps) * p) + 1e-12 for p, new in zip(ps, adjusted, strict=True)
    )
    order = sorted(range(len(ps)), key=lambda index: ps[index])
    assert [adjusted[index] for index in order] == sorted(adjusted)


def test_pass_at_k_is_the_unbiased_estimate_of_the_literature() -> None:
    outcomes = {"a": [True, False, False, False, False]}
    assert pass_at(1, outcomes) == pytest.approx(0.2)
    assert pass_at(3, outcomes) == pytest.approx(0.6)
    assert pass_all(2, {"a": [True, True, True, False]}) == pytest.approx(0.5)


def test_pass_at_more_than_the_epochs_is_unknown() -> None:
    outcomes = {"a": [True, True], "b": [True]}
    assert (pass_at(2, outcomes), pass_all(2, outcomes), pass_at(1, {})) == (None, None, None)


@given(TASKS)
def test_more_epochs_find_more_and_keep_less(outcomes: dict[str, list[bool]]) -> None:
    one, three = pass_at(1, outcomes), pass_at(3, outcomes)
    every = pass_all(3, outcomes)
    assert one is not None
    assert three is not None
    assert every is not None
    assert every <= success(outcomes) + 1e-9
    assert success(outcomes) == pytest.approx(one)
    assert one <= three + 1e-9


@settings(max_examples=30)
@given(TASKS)
def test_an_interval_of_success_stays_between_none_and_all(outcomes: dict[str, list[bool]]) -> None:
    found = interval(outcomes, DOMAINS, resamples=FEW)
    assert 0 <= found.low < found.high <= 1


def test_one_epoch_is_given_wilsons_interval() -> None:
    outcomes = {str(n): [n < 15] for n in range(148)}
    assert interval(outcomes, {}) == wilson(15, 148)


def test_tasks_that_are_all_solved_each_time_leave_doubt() -> None:
    outcomes = {str(n): [True] * 5 for n in range(8)}
    assert interval(outcomes, {}) == wilson(8, 8)


def test_several_epochs_narrow_no_interval_where_tasks_are_all_or_nothing() -> None:
    single: Outcomes = {str(n): [n % 2 == 0] for n in range(82)}
    repeated: Outcomes = {str(n): [n % 2 == 0] * 5 for n in range(82)}
    narrow, wide = interval(repeated, {}, resamples=4000), interval(single, {})
    assert narrow.high - narrow.low == pytest.approx(wide.high - wide.low, abs=0.02)


def test_a_bootstrap_says_the_same_each_time() -> None:
    values = {str(n): n / 10 for n in range(11)}
    assert bootstrap(values, {}, resamples=FEW) == bootstrap(values, {}, resamples=FEW)
    assert bootstrap(values, {}, resamples=FEW, seed=1) != bootstrap(values, {}, resamples=FEW)


def test_a_bootstrap_comes_near_the_normal_interval_of_many_tasks() -> None:
    values = {str(n): float(n % 2) for n in range(400)}
    found = bootstrap(values, {}, resamples=4000)
    assert (found.low, found.high) == pytest.approx((0.451, 0.549), abs=0.006)


def test_domains_are_resampled_each_for_itself() -> None:
    values = {**{f"a{n}": 1.0 for n in range(9)}, **{f"b{n}": 0.0 for n in range(9)}}
    domains = {task: task[0] for task in values}
    assert bootstrap(values, domains, resamples=FEW) == Interval(0.5, 0.5)
    assert bootstrap(values, {}, resamples=FEW) != Interval(0.5, 0.5)


def test_a_bootstrap_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one task"):
        bootstrap({}, {})


def test_discordant_tasks_are_named_by_the_majority_of_their_epochs() -> None:
    first = {"a": [True, True, False], "b": [False] * 3, "c": [True] * 3, "x": [True]}
    second = {"a": [True, False, False], "b": [True, True, True], "c": [True] * 3, "y": [True]}
    found = paired(first, second, {}, resamples=FEW)
    assert found is not None
    assert (found.tasks, found.only_first, found.only_second) == (3, ("a",), ("b",))
    assert found.difference == pytest.approx((1 / 3 - 1 + 0) / 3)
    assert found.p == 1.0


def test_half_of_the_epochs_are_no_majority() -> None:
    assert [majority([True, False]), majority([True, True, False])] == [False, True]


def test_runs_without_a_shared_task_cannot_be_compared() -> None:
    assert paired({"a": [True]}, {"b": [True]}, {}) is None


def test_two_equal_runs_leave_doubt_about_their_difference() -> None:
    outcomes = {str(n): [n % 3 == 0] for n in range(82)}
    found = paired(outcomes, outcomes, {})
    assert found is not None
    assert found.difference == 0
    assert _rounded(found.interval) == (-0.045, 0.045)


@settings(max_examples=30)
@given(TASKS, TASKS)
def test_a_comparison_turned_round_says_the_opposite(
    first: dict[str, list[bool]], second: dict[str, list[bool]]
) -> None:
    there = paired(first, second, DOMAINS, resamples=FEW)
    back = paired(second, first, DOMAINS, resamples=FEW)
    if there is None or back is None:
        assert there is back
        return
    assert there.difference == pytest.approx(-back.difference)
    assert (there.only_first, there.p) == (back.only_second, back.p)
    assert there.interval.low <= there.interval.high


@pytest.mark.parametrize(
    ("tasks", "epochs", "points"),
    [(82, 1, 15.4), (82, 3, 11.5), (82, 5, 10.5), (82, 10, 9.7), (1319, 1, 3.8)],
)
def test_power_is_that_of_the_design_notes(tasks: int, epochs: int, points: float) -> None:
    assert round(100 * detectable(tasks, epochs), 1) == points


def test_nothing_can_be_detected_without_tasks() -> None:
    with pytest.raises(ValueError, match="nothing to detect"):
        detectable(0, 1)


def test_every_percentage_of_the_papers_table_is_a_whole_number_of_tasks() -> None:
    printed = {
        row.model: tuple(round(100 * solved / paper.TASKS, 1) for solved in row.solved)
        for row in paper.TABLE_3
    }
    assert printed == {row.model: row.success for row in paper.TABLE_3}


def test_code_wins_as_often_as_the_paper_counts() -> None:
    best = [
        [place for place in range(3) if row.success[place] == max(row.success)]
        for row in paper.TABLE_3
    ]
    assert len(paper.TABLE_3) == 17
    assert [sum(place in each for each in best) for place in range(3)] == [12, 5, 4]
