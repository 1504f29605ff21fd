"""What training never sees: syllables, names, wordings and requests kept for evaluation."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

Listed = Mapping[str, Sequence[str]]

VERSION = 1
RESERVED_EVERY = 10
"""One request in so many, by its digest, is kept for evaluation."""

ONSETS, VOWELS, CODAS = "bdfgklmnprstvz", "aeiou", ("", "", "", "n", "r", "s", "l", "k")
HELD_SYLLABLES = (
    *("bo", "da", "fe", "gu", "ki", "lo", "ma", "nu"),
    *("pe", "ri", "su", "to", "va", "ze", "le", "du"),
)
"""A made-up word alternates consonants and vowels, so its syllables can be told from it: a word of
these and a word of the others are never the same.
"""

HELD_NAMES: Listed = {
    "person": (
        *("Priya", "Tomas", "Ingrid", "Yusuf", "Carmen", "Hiro", "Wanda", "Odette", "Klaus"),
        *("Bianca", "Rashid", "Fiona", "Mateo", "Greta", "Sanjay", "Elodie", "Viktor", "Noor"),
    ),
    "city": (
        *("Lisbon", "Oslo", "Nairobi", "Quito", "Dublin", "Seoul", "Krakow", "Havana", "Perth"),
        *("Bergen", "Lyon", "Tunis", "Bogota", "Hanoi", "Porto", "Zagreb"),
    ),
    "good": (
        *("lantern", "kettle", "umbrella", "violin", "blanket", "compass", "hammock", "tripod"),
        *("rucksack", "stapler", "trowel", "thermos", "anvil", "canoe", "mirror", "sledge"),
    ),
    "noun": ("tariff", "quota", "voucher", "parcel", "roster", "ledger", "beacon", "docket"),
    "verb": ("obtain", "retrieve", "query", "procure", "derive", "resolve"),
    "column": ("tonnage", "premium", "mileage", "dosage", "turnover", "altitude", "backlog"),
    "group": ("branch", "supplier", "species", "lineage", "faculty", "harbour"),
    "word": (
        *("sapphire", "glacier", "pepper", "whistle", "orbit", "marble", "thunder", "velvet"),
        *("cactus", "puzzle", "falcon", "saffron", "tundra", "ribbon", "lobster", "acorn"),
    ),
    "file": ("inbox", "harvest", "voyage", "registry", "almanac", "tally"),
}

_SYLLABLE = re.compile(rf"[{ONSETS}][{VOWELS}]")


def held_word(word: str) -> bool:
    """Whether a made-up word consists of syllables that training never draws."""
    found = _SYLLABLE.findall(word.lower())
    return bool(found) and all(each in HELD_SYLLABLES for each in found)


def reserved(shown: str) -> bool:
    """Whether a request, with all that the model is shown of it, is kept for evaluation."""
    plain = " ".join(shown.lower().split())
    return int(hashlib.sha256(plain.encode()).hexdigest()[:8], 16) % RESERVED_EVERY == 0


def gist(wording: str) -> str:
    """A wording without its case, punctuation and spacing: what makes two of them the same."""
    return " ".join(re.findall(r"[a-z0-9{}_]+", wording.lower()))


def definition_hash(wordings: Listed) -> str:
    """The fingerprint of everything held out; `wordings` are the families' held-out ones."""
    definition = {
        "version": VERSION,
        "reserved_every": RESERVED_EVERY,
        "syllables": sorted(HELD_SYLLABLES),
        "names": {kind: sorted(names) for kind, names in HELD_NAMES.items()},
        "wordings": {family: sorted(texts) for family, texts in wordings.items()},
    }
    text = json.dumps(definition, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
