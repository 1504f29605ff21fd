"""The reference player solves all of M3ToolEval by acting, in every format and in other worlds."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codeact.actions import Answer
from codeact.errors import ConfigError
from codeact.evals import Score
from codeact.evals.m3tooleval import M3ToolEval, run, scores
from codeact.evals.m3tooleval.deals import DEALS
from codeact.evals.m3tooleval.dna_sequencer import SAMPLES, DnaSequencer
from codeact.evals.m3tooleval.exercise import Domain
from codeact.evals.m3tooleval.grader import GraderName
from codeact.evals.m3tooleval.message_decoder import PUZZLES, MessageDecoder
from codeact.evals.m3tooleval.protocol import ProtocolName
from codeact.evals.m3tooleval.reference import MAX_TURNS, ReferencePlayer
from codeact.evals.m3tooleval.shop import SHOP, Shop
from codeact.evals.m3tooleval.trade_calculator import TradeCalculator
from codeact.evals.m3tooleval.travel_planning import TravelPlanning
from codeact.evals.m3tooleval.trips import FLIGHTS, HOTELS
from codeact.evals.m3tooleval.web_browsing import WebBrowsing
from codeact.evals.no_interpreter import NoInterpreter
from codeact.evals.runs import SECONDS
from codeact.interpreter import Interpreter
from codeact.interpreter.process import ProcessInterpreter
from codeact.messages import Message
from codeact.rollout import rollout

pytestmark = pytest.mark.anyio

FORMATS = list(MAX_TURNS)
EMPTY = """
hidden = get_ipython().user_ns_hidden
for name in [name for name in globals() if name not in hidden]:
    del globals()[name]
"""
UNSOLVABLE_BY_PAPER = {
    "message_decoder/longest_decoded_string",
    "trade_calculator/estimate_final_value",
    "web_browsing/total_price_of_selected_items_2",
    "web_browsing/total_price_of_selected_items_after_discount_0",
    "web_browsing/total_price_of_selected_items_after_discount_1",
    "web_browsing/total_price_of_selected_items_after_discount_2",
    "web_browsing/total_price_of_selected_items_after_discount_3",
    "web_browsing/people_in_customer_support",
    "web_browsing/match_phone_number_to_person_thomas_ramos",
    "web_browsing/match_phone_number_to_person_james_house",
    "web_browsing/match_phone_number_to_person_jordan_york",
    "web_browsing/match_phone_number_to_person_mike_allen",
}


async def _play(
    benchmark: M3ToolEval, format: str, out: Path, *, max_turns: int | None = None
) -> dict[str, Score]:
    """One epoch of everything, the kernel shared and its namespace emptied between episodes."""
    async with ProcessInterpreter(timeout=SECONDS) as kernel:

        @asynccontextmanager
        async def emptied() -> AsyncIterator[Interpreter]:
            await kernel.execute(EMPTY)
            yield kernel

        await run(
            benchmark,
            lambda chosen: ReferencePlayer.of(benchmark, chosen),
            [format],
            out=out,
            epochs=1,
            max_turns=max_turns or MAX_TURNS[format],
            concurrency=1,
            open_interpreter=emptied,
        )
    judged = scores(benchmark, benchmark.tasks(), 1, out / f"{format}.jsonl")
    return {id: score for (id, _), score in judged.items()}


def _unsolved(judged: dict[str, Score]) -> set[str]:
    return {id for id, score in judged.items() if not score.solved}


@pytest.mark.parametrize("protocol", ["paper", "default"])
@pytest.mark.parametrize("format", FORMATS)
async def test_all_tasks_are_solved_as_meant(
    tmp_path: Path, format: str, protocol: ProtocolName
) -> None:
    judged = await _play(M3ToolEval(protocol=protocol), format, tmp_path)
    assert len(judged) == 82
    assert _unsolved(judged) == set()
    assert max(score.turns for score in judged.values()) == MAX_TURNS[format]


@pytest.mark.parametrize("format", FORMATS)
async def test_the_known_defects_show_under_the_paper_grader(tmp_path: Path, format: str) -> None:
    judged = await _play(M3ToolEval(grader="paper"), format, tmp_path)
    assert _unsolved(judged) == UNSOLVABLE_BY_PAPER


async def test_an_oracle_that_lets_it_retry_does_not_help_it(tmp_path: Path) -> None:
    benchmark = M3ToolEval(grader="paper", protocol="paper")
    judged = await _play(benchmark, "code", tmp_path, max_turns=10)
    assert _unsolved(judged) == UNSOLVABLE_BY_PAPER
    assert {judged[id].turns for id in UNSOLVABLE_BY_PAPER} == {10}


async def test_ten_turns_of_single_calls_are_too_few_for_many_tasks(tmp_path: Path) -> None:
    judged = await _play(M3ToolEval(), "json", tmp_path, max_turns=10)
    capped = _unsolved(judged)
    assert {judged[id].kind for id in capped} == {"step_limit"}
    by_domain = {name: sum(id.startswith(name) for id in capped) for name in ("mess", "tra", "web")}
    assert by_domain == {"mess": 3, "tra": 14, "web": 9}


@pytest.mark.parametrize("grader", ["paper", "fixed"])
@pytest.mark.parametrize("format", ["code", "text"])
async def test_the_public_wording_is_solved_too(
    tmp_path: Path, format: str, grader: GraderName
) -> None:
    if "CODEACT_DATA" not in os.environ:
        pytest.skip("CODEACT_DATA does not name the folder of the public data sets")
    folder = Path(os.environ["CODEACT_DATA"]) / "m3tooleval"
    benchmark = M3ToolEval(edition="upstream", data_dir=folder, grader=grader)
    unsolved = _unsolved(await _play(benchmark, format, tmp_path))
    assert unsolved == (UNSOLVABLE_BY_PAPER if grader == "paper" else set())


def _other_shop() -> Shop:
    """Other prices, other people's data, and everybody in another team."""
    departments = list(dict.fromkeys(each.department for each in SHOP.people))
    return dataclasses.replace(
        SHOP,
        repaired=True,
        wares=tuple(dataclasses.replace(e, price=round(e.price * 1.37, 2)) for e in SHOP.wares),
        people=tuple(
            dataclasses.replace(
                each,
                email=f"new.{each.email}",
                phone=each.phone[::-1],
                expertise="/".join(reversed(each.expertise.split("/"))),
                department=departments[(departments.index(each.department) + 1) % 4],
            )
            for each in SHOP.people
        ),
    )


def _other_worlds() -> tuple[Domain, ...]:
    swapped = str.maketrans("ACGTU", "CATGU")
    return (
        MessageDecoder(
            puzzles=tuple(
                dataclasses.replace(
                    puzzle,
                    coded=tuple(
                        (
                            f"{number}0{number}"
                            if "maximum" in puzzle.name
                            else f"Zq{number}" * number
                        )
                        .encode()
                        .hex()
                        for number in range(1, len(puzzle.coded) + 1)
                    ),
                    shifts=tuple(shift + 3 for shift in puzzle.shifts),
                    length=6,
                )
                for puzzle in PUZZLES
            )
        ),
        DnaSequencer(
            samples=tuple(
                dataclasses.replace(
                    sample, sequences=tuple(f"{e.translate(swapped)}CC" for e in sample.sequences)
                )
                for sample in SAMPLES
            )
        ),
        TradeCalculator(
            deals=tuple(
                dataclasses.replace(
                    deal,
                    lots=tuple(
                        dataclasses.replace(
                            lot, rate=round(lot.rate + 0.3, 2), tariff=lot.tariff + 2
                        )
                        for lot in deal.lots
                    ),
                )
                for deal in DEALS
            )
        ),
        TravelPlanning(
            flights=tuple(
                dataclasses.replace(each, price=each.price * 3 + number)
                for number, each in enumerate(FLIGHTS)
            ),
            hotels=tuple(
                dataclasses.replace(each, price=300 - each.price, rating=9 - each.rating)
                for each in HOTELS
            ),
        ),
        WebBrowsing(shop=_other_shop()),
    )


@pytest.mark.parametrize("format", ["code", "json"])
async def test_other_worlds_are_solved_by_other_answers(tmp_path: Path, format: str) -> None:
    public, other = M3ToolEval(), M3ToolEval(worlds=_other_worlds())
    same = {
        id
        for id, exercise in other.exercises.items()
        if exercise.answer == public.exercises[id].answer
    }
    assert len(same) < 15
    assert _unsolved(await _play(other, format, tmp_path, max_turns=30)) == set()


async def test_the_player_believes_the_page_and_not_the_facts() -> None:
    texts = {path: text.replace("$68.71", "$99.99") for path, text in SHOP.pages().items()}
    benchmark = M3ToolEval(worlds=(WebBrowsing(texts=texts),))
    agent = benchmark.agent(ReferencePlayer.of(benchmark, benchmark.rules.format("json")), "json")
    played = await rollout(agent, benchmark.tasks()[0], NoInterpreter)
    assert played.steps[-1].action == Answer(text="99.99")


async def test_the_player_says_which_tasks_it_knows() -> None:
    benchmark = M3ToolEval()
    player = ReferencePlayer.of(benchmark, benchmark.rules.format("json"))
    with pytest.raises(ConfigError, match="knows the tasks of M3ToolEval only"):
        await player.complete([Message(role="user", content="Hello!")])
    assert (player.name, player.context_tokens, player.sees) == ("reference", None, False)
    await player.aclose()
