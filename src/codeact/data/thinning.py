"""Fewer trajectories: of each episode the latest, no duplicates, of each source its quota."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from codeact.data.conversations import Conversation
from codeact.trajectory import StopReason, Trajectory

Item = TypeVar("Item")


def latest(trajectories: Iterable[Trajectory]) -> list[Trajectory]:
    """The last line of each task and epoch, as a collection that was resumed means it; those that
    the world ended are left out, those that name no task are kept.
    """
    found: dict[object, Trajectory] = {}
    for number, each in enumerate(trajectories):
        task = each.metadata.get("task")
        key = number if task is None else (task, each.metadata.get("epoch", "0"))
        if each.stop_reason is not StopReason.FAILED:
            found[key] = each
    return list(found.values())


def distinct(
    items: Iterable[Item], conversation: Callable[[Item], Conversation], *, per_task: int | None
) -> Iterator[Item]:
    """The items whose words (the system message aside, however spaced) are not those of an earlier
    one, and at most `per_task` of a task.
    """
    seen: set[bytes] = set()
    tasks: Counter[str] = Counter()
    for item in items:
        shown = conversation(item)
        words = " ".join(shown.words.split())
        digest = hashlib.sha256(words.encode("utf-8", "backslashreplace")).digest()
        full = per_task is not None and tasks[shown.task] >= per_task
        if digest not in seen and not full:
            seen.add(digest)
            tasks[shown.task] += 1
            yield item


def within(
    items: Sequence[Item],
    conversation: Callable[[Item], Conversation],
    quotas: Mapping[str, int],
    *,
    seed: int = 1,
) -> list[Item]:
    """At most as many items of a source as its quota says, in their order; which ones is drawn by
    `seed`, and a larger quota keeps what a smaller one keeps.
    """
    chosen: set[int] = set()
    sources = [conversation(item) for item in items]
    for source in dict.fromkeys(each.source for each in sources):
        of_it = [n for n, each in enumerate(sources) if each.source == source]
        of_it.sort(key=lambda n: lot(sources[n].id, seed))
        chosen.update(of_it[: quotas.get(source, len(of_it))])
    return [item for number, item in enumerate(items) if number in chosen]


def lot(name: str, seed: int) -> bytes:
    """A draw that depends on the name and the seed alone."""
    return hashlib.sha256(f"{seed}/{name}".encode("utf-8", "backslashreplace")).digest()
