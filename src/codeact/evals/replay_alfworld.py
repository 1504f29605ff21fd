"""Recorded ALFWorld runs: their actions lived again in the game, or in what the record shows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from codeact.rollout import OpenInterpreter
from codeact.tasks.alfworld import House, Layout
from codeact.tasks.alfworld_records import shown
from codeact.tasks.mint import PROPOSALS, STEPS

_EXECUTE = re.compile(r"<execute>(.*?)</execute>", re.DOTALL)


def code_of(reply: str) -> str:
    """The code that a reply runs: none where it proposes a solution."""
    if "<solution>" in reply:
        return ""
    return "\n".join(found.strip() for found in _EXECUTE.findall(reply))


async def reached(
    replies: Sequence[str], layout: Layout, open_interpreter: OpenInterpreter
) -> bool:
    """Whether the code of the replies ends the game. Only actions count, no words.

    A game ends when its goal is reached or its moves are used up; the public runs did not tell
    these apart. Raises InterpreterLost.
    """
    cells = _cells(replies)
    if not cells:
        return False
    house = House(layout)
    toolbox = house.toolbox()
    async with open_interpreter() as interpreter:
        for cell in cells:
            await interpreter.execute(cell, toolbox=toolbox)
            if house.done:
                return True
    return False


async def solved(
    id: str,
    prompt: str,
    reference: str,
    replies: Sequence[str],
    texts: Sequence[str],
    *,
    cut_short: bool,
    layouts: Mapping[str, Layout] | None,
    open_interpreter: OpenInterpreter,
) -> bool:
    """In the game itself where it is at hand. Else in what prompt, reference and observations
    show; what they leave dark is decided by the run's ending: an action was last, no limit was
    met, so the environment ended it. Raises DataError and InterpreterLost.
    """
    if layouts is not None and id in layouts:
        return await reached(replies, layouts[id], open_interpreter)
    if not cut_short and _ended_by_environment(replies):
        return True
    return await reached(replies, shown(id, prompt, (*texts, reference)), open_interpreter)


def _cells(replies: Sequence[str]) -> list[str]:
    """The code of each step that the rules allow."""
    cells, proposals = [], 0
    for reply in replies[:STEPS]:
        proposals += "<solution>" in reply
        if proposals == PROPOSALS:
            break
        if code := code_of(reply):
            cells.append(code)
    return cells


def _ended_by_environment(replies: Sequence[str]) -> bool:
    proposals = sum("<solution>" in reply for reply in replies)
    return 0 < len(replies) < STEPS and proposals < PROPOSALS and bool(code_of(replies[-1]))
