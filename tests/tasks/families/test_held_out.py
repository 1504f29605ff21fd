"""What is held out is never drawn for training, and a hash tells when it changes."""

from __future__ import annotations

import random
import re

from hypothesis import given
from hypothesis import strategies as st

from codeact.tasks.families import Axes, families, held_out_hash, instances
from codeact.tasks.families.held_out import (
    HELD_NAMES,
    HELD_SYLLABLES,
    definition_hash,
    gist,
    held_word,
    reserved,
)
from codeact.tasks.families.names import TRAIN_NAMES, Names
from codeact.tasks.families.wordings import read

HELD_REAL = {name.lower() for names in HELD_NAMES.values() for name in names}
TRAINING = list(instances(11, 4_000))


def test_training_draws_no_held_out_wording() -> None:
    held = {gist(text) for family in families() for text in family.held}
    assert held.isdisjoint(gist(each.skeleton) for each in TRAINING)


def test_training_draws_no_held_out_name() -> None:
    names = {name for each in TRAINING for name in each.names}
    real = {name.lower() for kind in TRAIN_NAMES.values() for name in kind}
    assert len(names) > 2_000
    assert HELD_REAL.isdisjoint(name.lower() for name in names)
    assert not [name for name in names if name.lower() not in real and held_word(name)]


def test_training_names_no_held_out_person_place_or_thing_anywhere() -> None:
    words = set()
    for each in TRAINING:
        shown = [each.request, *(tool.signature for tool in each.tools), *each.files]
        words.update(re.findall(r"[a-z]+", " ".join(shown).lower()))
    assert words.isdisjoint(HELD_REAL)


def test_real_names_are_split() -> None:
    assert HELD_REAL.isdisjoint(name.lower() for kind in TRAIN_NAMES.values() for name in kind)


@given(st.integers())
def test_held_out_names_are_of_held_out_syllables(seed: int) -> None:
    names = Names(random.Random(seed), "held")
    assert held_word(names.made_up())


@given(st.integers())
def test_training_names_are_of_other_syllables(seed: int) -> None:
    names = Names(random.Random(seed), "train")
    word = names.made_up()
    assert not any(part in HELD_SYLLABLES for part in re.findall(r"[bdfgklmnprstvz][aeiou]", word))


def test_training_draws_no_reserved_request() -> None:
    fresh = {each.request for each in instances(11, 300, Axes(requests="held"))}
    assert fresh.isdisjoint(each.request for each in instances(11, 3_000))


def test_no_request_is_drawn_twice_unless_it_is_the_same_for_everybody() -> None:
    shown = [
        (each.request, str(each.tools), str(each.files))
        for each in TRAINING
        if "{" in each.skeleton or each.tools or each.files
    ]
    assert len(set(shown)) == len(shown)


def test_the_same_seed_draws_the_same_instances() -> None:
    first, again = (list(instances(7, 60)) for _ in range(2))
    assert [(a.id, a.request, a.way, a.answer) for a in first] == [
        (a.id, a.request, a.way, a.answer) for a in again
    ]
    assert [a.request for a in first] != [a.request for a in instances(8, 60)]


def test_ids_tell_the_sides() -> None:
    (instance,) = instances(1, 1, Axes(wording="held"), ["average"])
    assert instance.id == "average/held-train-train/1-0".replace("held-train", "held-held-train")


def test_the_hash_is_stable() -> None:
    definition = {"a": ("one", "two"), "b": ("three",)}
    assert definition_hash(definition) == definition_hash(dict(reversed(definition.items())))
    assert held_out_hash() == definition_hash({each.name: each.held for each in families()})


def test_the_hash_changes_with_a_held_out_wording() -> None:
    held = {each.name: each.held for each in families()}
    changed = {**held, "average": (*held["average"][:-1], "another wording of {numbers}")}
    assert definition_hash(changed) != definition_hash(held)


@given(st.text(), st.text(alphabet=" \n\t", min_size=1))
def test_a_reserved_request_stays_reserved_however_it_is_spaced(text: str, space: str) -> None:
    assert reserved(text) == reserved(text.upper().lower().replace(" ", space)) or (
        text.lower() != text.upper().lower()
    )


def test_a_gist_is_without_case_and_punctuation() -> None:
    assert gist("What is  {n}!?") == gist("what is {n}")


def test_wordings_are_read_with_their_parts() -> None:
    found = read("# About.\n<a> = [x|y]\n<b> = <a> z\n== one\n<b> {n}\n-- held\na < b {n}\n")
    assert found["one"].train == ("[x|y] z {n}",)
    assert found["one"].held == ("a < b {n}",)
