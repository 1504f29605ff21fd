"""Whether every format can write every recorded call and read it back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codeact.actions import ToolCall
from codeact.evals.apibank.dialogues import Sample
from codeact.evals.apibank.one_call import FORMATS, format_of, spelled


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """`lost` are the ids of calls that were read as something else."""

    n: int
    ok: int
    lost: tuple[str, ...]


PAPER = {"code": 359, "json": 389, "text": 352}
"""How many of the 389 the paper's own parsers read back, found by running them."""


def round_trips(
    samples: Sequence[Sample], formats: Iterable[str] = FORMATS
) -> dict[str, RoundTrip]:
    """By format. A call comes back only with the same name and equal arguments of equal types."""
    return {name: _trip(samples, name) for name in formats}


def _trip(samples: Sequence[Sample], name: str) -> RoundTrip:
    format = format_of(name)
    lost = []
    for sample in samples:
        call = sample.gold.call
        back = format.parse(*spelled(format, call, 0))
        if not isinstance(back, ToolCall) or _plain(back) != _plain(call):
            lost.append(sample.id)
    return RoundTrip(n=len(samples), ok=len(samples) - len(lost), lost=tuple(lost))


def _plain(call: ToolCall) -> str:
    """Everything of a call, types included."""
    return repr((call.name, tuple(call.args), sorted(dict(call.kwargs).items())))
