"""Conversations and trajectories that the tests of the data pipeline share."""

from __future__ import annotations

from hypothesis import strategies as st

from codeact.actions import Action, Answer, CodeAction
from codeact.data.conversations import Conversation, Said
from codeact.messages import Completion, Message, NativeCall
from codeact.observations import Observation
from codeact.trajectory import Step, StopReason, Trajectory

texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.text(
    st.sampled_from("\u2028\x00\\\"\n\r{}<>|é😀'%"), max_size=6
)
halves = st.just("\udc80")


CHARACTERS: dict[str, object] = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [],
    "normalizer": None,
    "pre_tokenizer": {
        "type": "Split",
        "pattern": {"Regex": "[\\s\\S]"},
        "behavior": "Isolated",
        "invert": False,
    },
    "post_processor": None,
    "decoder": None,
    "model": {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"},
}
"""A tokenizer whose tokens are the characters."""


def saids(content: st.SearchStrategy[str] = texts) -> st.SearchStrategy[Said]:
    """One message without native calls."""
    reads = st.builds(Said, role=st.sampled_from(["system", "user"]), content=content)
    replies = st.builds(Said, role=st.just("assistant"), content=content, learned=st.booleans())
    return reads | replies


def conversations(
    content: st.SearchStrategy[str] = texts, *, calls: bool = False
) -> st.SearchStrategy[Conversation]:
    """Conversations of which something is learned."""
    last = st.builds(Said, role=st.just("assistant"), content=content, learned=st.just(True))
    one = saids(content)
    if calls:
        call = st.builds(NativeCall, id=content, name=content, arguments=content)
        tool = st.builds(Said, role=st.just("tool"), content=content, call_id=content)
        calling = st.builds(
            Said,
            role=st.just("assistant"),
            content=content,
            learned=st.booleans(),
            calls=st.tuples(call),
        )
        one = one | tool | calling
    said = st.tuples(st.lists(one, max_size=4), last).map(lambda pair: (*pair[0], pair[1]))
    name = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)
    return st.builds(Conversation, id=name, source=name, task=name, said=said)


def talk(*lines: str, id: str = "t/1", source: str = "s", task: str = "") -> Conversation:
    """Lines of a user and a model in turn; one that begins with "!" is not learned."""
    said = [
        Said(role="assistant", content=line.removeprefix("!"), learned=not line.startswith("!"))
        if number % 2
        else Said(role="user", content=line)
        for number, line in enumerate(lines)
    ]
    return Conversation(id=id, source=source, task=task or id, said=tuple(said))


def step(text: str, action: Action, observed: str = "", *, ok: bool = True) -> Step:
    done = isinstance(action, Answer)
    feedback = None if done else Message(role="user", content=observed, observed=True)
    return Step(
        completion=Completion(text=text),
        reply=Message(role="assistant", content=text),
        action=action,
        observation=Observation(text=observed, source="interpreter", ok=ok, done=done),
        feedback=feedback,
    )


def lived(*replies: str, outcome: str = "solved", **about: str) -> Trajectory:
    """An episode of code actions, of which those that begin with "!" fail and are masked, and an
    answer.
    """
    steps = [
        step(each, CodeAction(code=each), "seen", ok=not each.startswith("!"))
        for each in replies[:-1]
    ]
    wrong = [str(n) for n, each in enumerate(replies) if each.startswith("!")]
    metadata = {"task": "t/1", "epoch": "0", "source": "s", "outcome": outcome}
    return Trajectory(
        prompt=(
            Message(role="system", content="You act."),
            Message(role="user", content="Do it."),
        ),
        steps=(*steps, step(replies[-1], Answer(text=replies[-1]))),
        stop_reason=StopReason.ANSWERED,
        metadata={**metadata, "masked_steps": " ".join(wrong), **about},
    )
