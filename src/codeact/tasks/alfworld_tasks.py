"""ALFWorld's games as tasks: a household to act in, a user who looks whether all is done."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from codeact.formats import ActionFormat
from codeact.messages import Message
from codeact.observations import Observation
from codeact.prompt import system_prompt
from codeact.rollout import Task, World
from codeact.tasks.alfworld import Goal, House, Layout
from codeact.tasks.alfworld_games import games
from codeact.tasks.mint import PROPOSALS
from codeact.tools import Toolbox

HOUSEHOLD = """\
You act in a household through the tools. {overview}

Your task: {goal}. You carry one thing at a time, and you have to be at a receptacle to use it. \
When it is done, say so.\
"""
REACHED = "The task is done."
MISSED = "The task is not done yet. Have another look at the household and go on."

_STATES = {"clean": "a cleaned", "heat": "a heated", "cool": "a cooled", None: "a"}


def tasks(data_dir: Path) -> list[Task]:
    """The public games of a folder of data. Raises DataError."""
    return [of_layout(id, layout) for id, layout in games(data_dir).items()]


def of_layout(id: str, layout: Layout) -> Task:
    """One game as a task; each opening begins it afresh."""
    return Task(
        id=f"alfworld/{id}",
        domain="alfworld",
        prompt=partial(_prompt, layout),
        open=partial(_open, layout),
    )


def sentence(goal: Goal) -> str:
    """What a goal asks for."""
    if goal.lamp:
        return f"hold a {goal.kind} where a {goal.lamp} is and switch the {goal.lamp} on"
    if goal.count > 1:
        return f"put {goal.count} objects of the kind {goal.kind} in or on one {goal.place}"
    return f"put {_STATES[goal.treatment]} {goal.kind} in or on a {goal.place}"


class Resident:
    """The user who looks into the house when told that the task is done."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._left = PROPOSALS

    async def hear(self, answer: str) -> Observation:
        self._left -= 1
        text = REACHED if self._house.won else MISSED
        return Observation(text=text, source="user", done=self._house.won or not self._left)


def _prompt(layout: Layout, format: ActionFormat, toolbox: Toolbox) -> Sequence[Message]:
    asked = HOUSEHOLD.format(overview=House(layout).overview(), goal=sentence(layout.goal))
    return (system_prompt(format, toolbox), Message(role="user", content=asked))


def _open(layout: Layout) -> World:
    house = House(layout)
    return World(toolbox=house.toolbox(), user=Resident(house))
