"""Which calls are right: made in a world equal to the recorded call's, with the same outcome."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from codeact.actions import Action, Answer, CodeAction, InvalidAction, ToolCall
from codeact.evals.apibank.calls import Misfit, Outcome, fit, perform
from codeact.evals.apibank.catalogue import Api, catalogue
from codeact.evals.apibank.databases import ApiWorld, Databases
from codeact.evals.apibank.dialogues import SEARCHER, Sample
from codeact.evals.apibank.rules import by_result, rule

Kind = Literal[
    "solved", "wrong_api", "wrong_arguments", "invalid_arguments", "execution_error", "no_call",
    "invalid",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`tolerated` names each argument that differs from the recorded one and passes, with the
    reason; `detail` says what was wrong.
    """

    kind: Kind
    tolerated: Mapping[str, str]
    detail: str = ""

    @property
    def right(self) -> bool:
        return self.kind == "solved"


def _wrong(kind: Kind, detail: str = "") -> Verdict:
    return Verdict(kind=kind, tolerated={}, detail=detail)


@dataclass(frozen=True, slots=True)
class Grader:
    """Judges calls in worlds made of these databases."""

    databases: Databases

    def world(self, sample: Sample) -> ApiWorld:
        """The world as the dialogue's earlier calls left it."""
        world = self.databases.world()
        for made in sample.earlier:
            api = catalogue(world)[made.name]
            if api.executed and made.name != SEARCHER:
                perform(world, made.name, fit(api, made.call), made.result)
        return world

    def judge(self, sample: Sample, action: Action) -> Verdict:
        """What an action is worth where the recorded call was made."""
        match action:
            case ToolCall():
                return self._judged(sample, action)
            case Answer() | CodeAction():
                return _wrong("no_call")
            case InvalidAction(reason=reason, kind=kind):
                return _wrong("no_call" if kind == "no_call" else "invalid", reason)

    def _judged(self, sample: Sample, call: ToolCall) -> Verdict:
        gold = sample.gold
        if call.name != gold.name:
            return _wrong("wrong_api", call.name)
        world = self.world(sample)
        api = catalogue(world)[gold.name]
        wanted = fit(api, gold.call)
        try:
            given = fit(api, call)
        except Misfit as error:
            return _wrong("invalid_arguments", str(error))
        tolerated = {
            name: rule(api.name, name).reason
            for name in wanted
            if given[name] != wanted[name] and rule(api.name, name).same(wanted[name], given[name])
        }
        # What means the same is made the same, so that the worlds can be compared as they are.
        meant = {name: wanted[name] if name in tolerated else given[name] for name in wanted}
        unlike = [name for name in wanted if meant[name] != wanted[name]]
        if not api.executed:
            if unlike:
                return _wrong("wrong_arguments", ", ".join(unlike))
            return Verdict(kind="solved", tolerated=tolerated)
        return self._compared(sample, api, world, wanted, meant, unlike, tolerated)

    def _compared(
        self,
        sample: Sample,
        api: Api,
        world: ApiWorld,
        wanted: Mapping[str, Any],
        meant: Mapping[str, Any],
        unlike: list[str],
        tolerated: Mapping[str, str],
    ) -> Verdict:
        """Both calls made, each in its own of two equal worlds."""
        other = world.copy()
        recorded = sample.gold.result
        one = perform(world, api.name, wanted, recorded)
        two = perform(other, api.name, meant, recorded)
        if one.refusal is None and two.refusal is not None:
            return _wrong("execution_error", two.refusal)
        if not _same(sample, one, two) or world.tables != other.tables:
            return _wrong("wrong_arguments", ", ".join(unlike))
        passed = dict(tolerated)
        for name in unlike:
            more = by_result(api.name, name)
            if more is None or not more.same(wanted[name], meant[name]):
                return _wrong("wrong_arguments", name)
            passed[name] = more.reason
        return Verdict(kind="solved", tolerated=passed)


def _same(sample: Sample, one: Outcome, two: Outcome) -> bool:
    """A search is as good as another where it finds what the dialogue goes on to call."""
    if one == two:
        return True
    if sample.gold.name != SEARCHER or two.result is None:
        return False
    return sample.needed in {each["name"] for each in two.result}


@functools.cache
def groups() -> Mapping[str, str]:
    """The group of each API."""
    empty = ApiWorld(tables={}, library={})
    return {name: api.group for name, api in catalogue(empty).items()}
