"""Plots as inline SVG: bars with intervals, curves, stacked counts; no script, no library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codeact.evals.markup import safe
from codeact.evals.statistics import Interval

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a8a8a", "#b8a800")
"""After Okabe and Ito: told apart by colour-blind readers too."""

WIDTH, LABEL, RIGHT, LINE, TOP = 760, 250, 90, 26, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: `text` stands at its end."""

    label: str
    value: float
    text: str
    colour: str
    interval: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Values at 1, 2, 3, …, each a share of 1."""

    label: str
    values: Sequence[float]
    colour: str
    dashed: bool = False


def colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def bars(title: str, shown: Sequence[Bar], *, most: float | None = None) -> str:
    """Horizontal bars from 0 to `most`, else to the longest of them."""
    most = most or max((bar.value for bar in shown), default=0.0) or 1.0
    scale = (WIDTH - LABEL - RIGHT) / most
    parts = []
    for place, bar in enumerate(shown):
        middle = TOP + LINE * place + LINE / 2
        length = max(0.5, bar.value * scale)
        end = LABEL + length
        parts.append(
            f"<g><title>{safe(f'{bar.label}: {bar.text}')}</title>"
            f'<rect x="{LABEL}" y="{middle - 8:.1f}" width="{length:.1f}" height="16" rx="2" '
            f'fill="{bar.colour}"/>{_text(LABEL - 8, middle + 4, _short(bar.label), "end")}'
        )
        if bar.interval is not None:
            low, high = (LABEL + max(0.0, x) * scale for x in (bar.interval.low, bar.interval.high))
            parts.append(
                f'<path class="whisker" d="M{low:.1f} {middle:.1f}H{high:.1f}'
                f'M{low:.1f} {middle - 5:.1f}v10M{high:.1f} {middle - 5:.1f}v10"/>'
            )
            end = max(end, high)
        parts.append(_text(end + 6, middle + 4, bar.text) + "</g>")
    return _svg(title, TOP * 2 + LINE * len(shown), parts)


def curves(title: str, shown: Sequence[Curve], across: str) -> str:
    """Steps from left to right, 0 to 100 % upwards, with a legend."""
    height, left, bottom = 260, 46, 36
    longest = max((len(curve.values) for curve in shown), default=1)
    wide, high = (WIDTH - left - 190) / max(1, longest), height - TOP - bottom
    parts = []
    for tick in (0, 25, 50, 75, 100):
        y = TOP + high * (1 - tick / 100)
        parts.append(f'<path class="grid" d="M{left} {y:.1f}H{left + wide * longest:.1f}"/>')
        parts.append(_text(left - 6, y + 4, f"{tick}", "end"))
    for turn in range(1, longest + 1, max(1, -(-longest // 20))):
        parts.append(_text(left + wide * (turn - 0.5), height - bottom + 16, str(turn), "middle"))
    parts.append(_text(left + wide * longest / 2, height - 4, across, "middle"))
    for place, curve in enumerate(shown):
        values = [*curve.values, *[curve.values[-1]] * (longest - len(curve.values))]
        path = "".join(
            f"{'V' if turn else f'M{left} '}{TOP + high * (1 - value):.1f}h{wide:.1f}"
            for turn, value in enumerate(values)
        )
        dash = ' stroke-dasharray="6 4"' if curve.dashed else ""
        name = safe(curve.label)
        parts.append(
            f'<path d="{path}" fill="none" stroke="{curve.colour}" stroke-width="2.5"{dash}>'
            f"<title>{name}</title></path>"
        )
        y = TOP + 14 + 20 * place
        parts.append(
            f'<path d="M{WIDTH - 178} {y - 4}h24" stroke="{curve.colour}" '
            f'stroke-width="3"{dash}/>{_text(WIDTH - 148, y, _short(curve.label, 24))}'
        )
    return _svg(title, max(height, TOP + 14 + 20 * len(shown)), parts)


def stacks(title: str, shown: Mapping[str, Mapping[str, int]]) -> str:
    """A bar a label, divided into its kinds; the same kind has the same colour everywhere."""
    kinds = list(dict.fromkeys(kind for counts in shown.values() for kind in counts))
    most = max((sum(counts.values()) for counts in shown.values()), default=0) or 1
    scale = (WIDTH - LABEL - RIGHT) / most
    parts = []
    for place, (label, counts) in enumerate(shown.items()):
        y, x = TOP + LINE * place + 5, float(LABEL)
        parts.append(_text(LABEL - 8, y + 12, _short(label), "end"))
        for kind, count in counts.items():
            fill, said = colour(kinds.index(kind) + 5), safe(f"{kind}: {count}")
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{count * scale:.1f}" height="16" '
                f'fill="{fill}"><title>{said}</title></rect>'
            )
            x += count * scale
        parts.append(_text(x + 6, y + 12, str(sum(counts.values()))))
    below = TOP + LINE * len(shown) + 20
    for place, kind in enumerate(kinds):
        x, y = 20 + 180 * (place % 4), below + 20 * (place // 4)
        parts.append(
            f'<rect x="{x}" y="{y - 11}" width="12" height="12" '
            f'fill="{colour(place + 5)}"/>{_text(x + 18, y, _short(kind, 22))}'
        )
    return _svg(title, below + 20 * (-(-len(kinds) // 4)), parts)


def _svg(title: str, height: float, parts: Sequence[str]) -> str:
    name = safe(title)
    return (
        f'<figure><figcaption>{name}</figcaption><svg viewBox="0 0 {WIDTH} {height:.0f}" '
        f'role="img" aria-label="{name}">{"".join(parts)}</svg></figure>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{safe(text)}</text>'


def _short(text: str, most: int = 34) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
