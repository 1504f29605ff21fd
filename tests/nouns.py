"""Hypothesis strategies for every noun that a trajectory can hold."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from codeact.actions import Answer, CodeAction, InvalidAction, ToolCall
from codeact.consents import Decision
from codeact.messages import Completion, Media, Message, NativeCall, Usage
from codeact.observations import Observation
from codeact.trajectory import Step, StopReason, Trajectory

# Half of a surrogate pair is no character of its own, but a server may send it and a file name hold
# it. Two halves side by side become one character in JSON, so only one kind of half is drawn.
characters = st.characters(codec="utf-8")
texts = st.text(characters, max_size=12) | st.text(
    st.sampled_from('\udc80\u2028\x00\\"\n\r{}<>é😀'), max_size=6
)
counts = st.integers(0, 10**6)
seconds = st.floats(0, 1e6)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
media = st.builds(Media, media_type=texts, data=texts)
calls = st.builds(NativeCall, id=texts, name=texts, arguments=texts)
usages = st.builds(
    Usage,
    input_tokens=counts,
    output_tokens=counts,
    cached_tokens=counts,
    reasoning_tokens=counts,
    cost=st.none() | st.floats(0, 1e3),
    estimated=st.booleans(),
)


def _few(members: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(members, max_size=2).map(tuple)


messages = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant", "tool"]),
    content=texts,
    media=_few(media),
    calls=_few(calls),
    call_id=st.none() | texts,
    observed=st.booleans(),
)
completions = st.builds(
    Completion,
    text=texts,
    finish_reason=st.sampled_from(["stop", "length", "filter", "interrupted"]),
    usage=usages,
    calls=_few(calls),
    reasoning=texts,
    seconds=seconds,
)
actions = st.one_of(
    st.builds(CodeAction, code=texts, note=texts),
    st.builds(
        ToolCall,
        name=texts,
        args=_few(json_values),
        kwargs=st.dictionaries(texts, json_values, max_size=2),
        id=texts,
        note=texts,
    ),
    st.builds(Answer, text=texts),
    st.builds(InvalidAction, reason=texts, kind=texts, id=texts),
)
observations = st.builds(
    Observation,
    text=texts,
    source=st.sampled_from(["interpreter", "tool", "user", "format"]),
    ok=st.booleans(),
    done=st.booleans(),
    error=st.none() | texts,
    media=_few(media),
    log=st.none() | texts,
    seconds=seconds,
)
decisions = st.builds(
    Decision,
    given=st.booleans(),
    tool=st.none() | texts,
    call=texts,
    message=texts,
    scope=st.sampled_from(["once", "tool", "conversation"]),
)
steps = st.builds(
    Step,
    completion=completions,
    reply=messages,
    action=actions,
    observation=observations,
    feedback=st.none() | messages,
    context=st.none() | _few(messages),
    decisions=_few(decisions),
)
trajectories = st.builds(
    Trajectory,
    prompt=_few(messages),
    steps=_few(steps),
    stop_reason=st.sampled_from(StopReason),
    error=st.none() | texts,
    metadata=st.dictionaries(texts, texts, max_size=2),
    setting=st.dictionaries(texts, json_values, max_size=2),
)
