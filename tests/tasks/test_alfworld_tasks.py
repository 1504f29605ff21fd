"""ALFWorld's games are lived by an agent like any other task."""

from __future__ import annotations

import pytest

from codeact.agent import Agent
from codeact.formats import by_name
from codeact.models.scripted import ScriptedModel
from codeact.rollout import rollout
from codeact.tasks.alfworld import Goal, Layout, Place, Thing
from codeact.tasks.alfworld_tasks import MISSED, REACHED, of_layout, sentence
from codeact.tasks.mint import kernel
from codeact.tools import EMPTY
from codeact.trajectory import Trajectory

pytestmark = pytest.mark.anyio

GAME = Layout(
    places={f"{kind} 1": Place(name=f"{kind} 1", kind=kind, spot=kind) for kind in ("bed", "desk")},
    things={"mug 1": Thing(name="mug 1", kind="mug")},
    inside={"mug 1": frozenset({"bed 1"})},
    room=frozenset({("desk", "mug")}),
    goal=Goal(kind="mug", place="desk"),
)
FETCH = """<execute>
goto("bed 1")
take_from("mug 1", "bed 1")
goto("desk 1")
print(put("mug 1", "desk 1"))
</execute>"""


async def _live(*replies: str) -> Trajectory:
    agent = Agent(model=ScriptedModel(replies), format=by_name("code"))
    return await rollout(agent, of_layout("game", GAME), kernel)


async def test_the_resident_is_content_when_the_goal_is_reached() -> None:
    trajectory = await _live(FETCH, "Done.")
    assert trajectory.steps[0].observation.text.strip() == "You put the mug 1 in/on the desk 1."
    assert trajectory.steps[1].observation.text == REACHED


async def test_a_task_that_is_not_done_may_be_claimed_twice() -> None:
    trajectory = await _live("Done.", "Done.", "Done.")
    assert [step.observation.text for step in trajectory.steps] == [MISSED, MISSED]


async def test_each_life_begins_in_the_same_house() -> None:
    assert (await _live(FETCH, "Done.")).answer == (await _live(FETCH, "Done.")).answer == "Done."


def test_the_prompt_says_where_one_is_and_what_is_asked() -> None:
    user = of_layout("game", GAME).prompt(by_name("code"), EMPTY)[-1]
    assert "a bed 1, and a desk 1" in user.content
    assert "put a mug in or on a desk" in user.content


@pytest.mark.parametrize(
    ("goal", "said"),
    [
        (Goal(kind="cd", lamp="desklamp"), "switch the desklamp on"),
        (Goal(kind="cd", place="safe", count=2), "2 objects of the kind cd"),
        (Goal(kind="egg", place="safe", treatment="heat"), "a heated egg"),
    ],
)
def test_every_kind_of_goal_has_its_sentence(goal: Goal, said: str) -> None:
    assert said in sentence(goal)
