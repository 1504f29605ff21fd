"""Every family: its oracle solves it in the real engine, its judge refuses other answers."""

from __future__ import annotations

import dataclasses
import random
import re
from pathlib import Path

import pytest

from codeact.actions import Answer
from codeact.models.scripted import ScriptedModel
from codeact.tasks.families import Axes, Family, Instance, families, instances
from codeact.tasks.families.expected import Name, Names, Number, Numbers, Says, Talk, Text, YesNo
from codeact.tasks.families.held_out import gist
from codeact.tasks.families.instances import draw
from codeact.tasks.families.play import Played, play, playground
from codeact.tasks.families.wording import skeleton
from codeact.trajectory import Trajectory

pytestmark = pytest.mark.anyio

FAMILIES = families()
EACH = 5
SKELETONS = 200
each_family = pytest.mark.parametrize("family", FAMILIES, ids=[each.name for each in FAMILIES])


async def played(axes: Axes, count: int, *names: str, seed: int = 5) -> list[Played]:
    return [each async for each in play(instances(seed, count, axes, names or None))]


def drawn(family: Family, count: int, axes: Axes) -> list[Instance]:
    return [draw(family, random.Random(number), axes) for number in range(count)]


@each_family
async def test_the_oracle_solves_every_family(family: Family) -> None:
    found = await played(Axes(repairs=0), EACH, family.name)
    found += await played(Axes(wording="held", names="held", repairs=0), EACH, family.name)
    for each in found:
        assert each.sound, each.trajectory
        assert each.solved, each.trajectory


@each_family
async def test_another_answer_is_refused(family: Family, tmp_path: Path) -> None:
    for each in await played(Axes(repairs=0), EACH, family.name):
        right = each.trajectory.answer
        assert right is not None
        for wrong in altered(right, each.instance):
            assert not each.instance.solved(saying(wrong, each.trajectory), tmp_path), wrong


def altered(right: str, instance: Instance) -> list[str]:
    """Answers that miss: nothing, something else, the right number with a wrong one beside it."""
    wrong = ["", "I do not know."]
    if isinstance(instance.expected, Number | Numbers):
        wrong += [
            right + " or 987654321",
            re.sub(r"\d(?=[\d.]*\D*$)", lambda m: other(m[0]), right, count=1),
        ]
    if isinstance(instance.expected, YesNo):
        swap = {"Yes": "No", "No": "Yes", " is ": " is not ", " is not ": " is "}
        wrong += [
            re.sub("Yes|No| is not | is ", lambda m: swap[m[0]], right),
            f"Yes and no. {right}",
        ]
    if isinstance(instance.expected, Name | Names):
        others = [name for name in instance.expected.others if name not in right]
        wrong += [f"{right} {other}" for other in others]
    if isinstance(instance.expected, Text):
        value = instance.expected.value
        if len(value) > 9:
            wrong.append(right.replace(value, value[:-1]))
            wrong += [f"{right} {value[:-1]}"] if value[-1].isalnum() else []
    return [each for each in wrong if each != right and not talks(each, instance)]


def talks(answer: str, instance: Instance) -> bool:
    """Whether the judge only listens for words, and this has one of them."""
    expected = instance.expected
    return isinstance(expected, Says) and any(word in answer.lower() for word in expected.words)


def other(digit: str) -> str:
    return str((int(digit) + 5) % 10)


def saying(answer: str, trajectory: Trajectory) -> Trajectory:
    last = dataclasses.replace(trajectory.steps[-1], action=Answer(text=answer))
    return dataclasses.replace(trajectory, steps=(*trajectory.steps[:-1], last))


@each_family
def test_every_family_has_hundreds_of_wordings(family: Family) -> None:
    rng = random.Random(1)
    found = set()
    for _ in range(4_000):
        found.add(gist(skeleton(family.wordings, frozenset(), rng, framed=family.framed)))
    assert len(found) >= SKELETONS


@each_family
def test_every_family_has_eight_held_out_wordings_by_hand(family: Family) -> None:
    assert len({gist(each) for each in family.held}) >= 8


@each_family
def test_wordings_name_only_slots_that_are_filled(family: Family) -> None:
    for axes in (Axes(), Axes(wording="held")):
        for instance in drawn(family, 60, axes):
            assert not re.search(r"\{[a-z]+\}|<[a-z]+>(?!.*\d)|\[\w+\|", instance.request)
            assert not re.search(r"\{(?!out\})[a-z]+\}", instance.answer)


@each_family
def test_requests_and_tools_stay_short(family: Family) -> None:
    for instance in drawn(family, 60, Axes()):
        assert len(instance.request.split()) < 60
        assert len(instance.tools) <= 4
        assert all("\n" not in each.signature + each.description for each in instance.tools)


def test_there_are_families_of_every_group() -> None:
    groups = {each.group for each in FAMILIES}
    assert groups == {"warmup", "newcomer", "text", "tools", "files", "programs", "talk"}
    assert len(FAMILIES) >= 100


async def test_a_mistake_fails_and_the_way_goes_on() -> None:
    found = [each for each in await played(Axes(repairs=1), 60) if each.instance.mistake]
    assert len({each.instance.mistake for each in found}) >= 5
    for each in found:
        if each.sound:
            assert each.solved, each.trajectory


async def test_the_steps_that_are_wrong_on_purpose_are_named() -> None:
    for each in await played(Axes(repairs=1), 40):
        masked = each.trajectory.metadata.get("masked_steps", "")
        wrong = [n for n, turn in enumerate(each.instance.way) if turn.wrong]
        assert [int(n) for n in masked.split()] == wrong


async def test_a_cleared_ground_keeps_neither_variables_nor_files_nor_numbers() -> None:
    async with playground() as ground:
        await ground.clear()
        code = "import os\nos.mkdir('deep')\nos.chdir('deep')\nleft = open('left.txt', 'w').close()"
        assert (await ground.execute(code)).ok
        await ground.clear()
        after = await ground.execute("import os\nprint(os.listdir())\nleft")
    assert "NameError: name 'left' is not defined" in after.text
    assert '"<cell 1>", line 3' in after.text
    assert "left.txt" not in after.text.splitlines()[0]
    assert "deep" not in after.text.splitlines()[0]


async def test_a_model_begins_with_the_mistake_and_must_recover() -> None:
    instance = next(
        each for each in instances(3, 50, Axes(repairs=1), ["ask_tool"]) if each.mistake
    )
    right = [turn.code for turn in instance.way if not turn.wrong]
    model = ScriptedModel([f"<execute>\n{code}\n</execute>" for code in right] + ["It is 0."])
    (found,) = [each async for each in play([instance], model=model)]
    assert [step.observation.ok for step in found.trajectory.steps[:2]] == [False, True]
    assert not found.solved


async def test_an_action_where_words_are_wanted_is_a_fault() -> None:
    (instance,) = instances(3, 1, Axes(), ["greeting"])
    model = ScriptedModel(["<execute>\nprint(1)\n</execute>", "Hello! How can I help?"])
    (found,) = [each async for each in play([instance], model=model)]
    assert isinstance(instance.expected, Talk)
    assert not found.solved


async def test_a_function_that_only_passes_the_given_test_is_refused() -> None:
    (instance,) = instances(4, 1, Axes(repairs=0), ["write_function"])
    name = re.search(r"def (\w+)", instance.way[0].code)
    assert name is not None
    code = f"def {name[1]}(x):\n    return None\nprint('passed')"
    model = ScriptedModel([f"<execute>\n{code}\n</execute>", "passed"])
    (found,) = [each async for each in play([instance], model=model)]
    assert not found.solved
