"""Lets every attack off in every tier, with the walls and without those that hold it.

`--json` prints one object: `{"kernel", "landlock", "cgroup", "attacks": [{"attack", "section",
"who", "tier", "expected", "held", "breached_without_the_wall"}]}`, where the last is null where an
attack cannot get through for this person even without walls of ours. The exit status is 1 when a
result is not the expected one, or when removing the walls changes nothing. `--attacks` runs some
alone; `--without` pulls walls down, to see the claims fail.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.sandbox.attacks import ATTACKS, Attack, Who
from tests.sandbox.battlefield import Battlefield, battlefield, people

from codeact.interpreter.offer import probe, tier
from codeact.interpreter.sandbox import ALL_WALLS, Tier, Wall


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    attack: str
    section: str
    who: Who
    tier: Tier
    expected: str
    held: bool
    breached_without_the_wall: bool | None

    def as_claimed(self) -> bool:
        """Held where we say so, and only because of the walls."""
        claimed = self.expected == "held"
        return self.held == claimed and self.breached_without_the_wall is not False


def grouped(
    field: Battlefield, jobs: Sequence[tuple[Attack, Tier, frozenset[Wall]]]
) -> dict[tuple[str, Tier, frozenset[Wall]], bool]:
    """Whether each attack got through; those with the same tier, walls and policy run at once."""
    groups: dict[tuple[Tier, frozenset[Wall], str], list[Attack]] = defaultdict(list)
    for attack, where, walls in jobs:
        groups[where, walls, json.dumps(attack.policy, sort_keys=True)].append(attack)
    got_through = {}
    for (where, walls, _), attacks in groups.items():
        said = field.run(attacks, where, walls=walls, policy=dict(attacks[0].policy))
        for attack in attacks:
            got_through[attack.name, where, walls] = said[attack.name].startswith("breach")
    return got_through


def rows(
    who: Who, tiers: Sequence[Tier], attacks: Sequence[Attack], standing: frozenset[Wall]
) -> Iterator[Row]:
    with_walls = [(each, where, standing) for each in attacks for where in tiers]
    without = [
        (each, each.without(where, who), ALL_WALLS - set(each.walls))
        for each, where, _ in with_walls
    ]
    with battlefield(who) as field:
        got_through = grouped(field, [*with_walls, *without])
    for (attack, where, walls), (_, instead, fewer) in zip(with_walls, without, strict=True):
        bare = got_through[attack.name, instead, fewer] if attack.can_show(who) else None
        yield Row(
            attack=attack.name,
            section=attack.section,
            who=who,
            tier=where,
            expected=attack.expected(where, who),
            held=not got_through[attack.name, where, walls],
            breached_without_the_wall=bare,
        )


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description="Lets attacks off with the walls and without them.")
    found.add_argument("--json", action="store_true", help="print one object")
    found.add_argument("--attacks", nargs="+", default=[], metavar="NAME", help="only these")
    found.add_argument(
        "--without", nargs="+", default=[], choices=sorted(ALL_WALLS), help="pull these walls down"
    )
    return found


def main() -> int:
    offer = probe()
    tiers: tuple[Tier, ...] = ("full", "landlock")
    possible = tiers if tier(offer).startswith("full") else tiers[1:]
    options = parser().parse_args()
    attacks = [each for each in ATTACKS if not options.attacks or each.name in options.attacks]
    standing = ALL_WALLS - set(options.without)
    found = [row for who in people() for row in rows(who, possible, attacks, standing)]
    if options.json:
        facts = {
            "kernel": platform.release(),
            "landlock": offer.landlock,
            "cgroup": offer.cgroup,
            "attacks": [asdict(row) for row in found],
        }
        print(json.dumps(facts))
    else:
        for row in found:
            result = "held" if row.held else "BREACH"
            bare = {True: "breach", False: "HELD", None: "-"}[row.breached_without_the_wall]
            sign = " " if row.as_claimed() else "!"
            print(f"{sign} {row.who:5} {row.tier:9} {result:7} without: {bare:7} {row.attack}")
    return 0 if all(row.as_claimed() for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
