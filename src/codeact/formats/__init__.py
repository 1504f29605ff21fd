"""How an action is written in text: one format for each action space and spelling. Pure: no I/O in
this folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from codeact.actions import Action
from codeact.messages import Message, NativeCall
from codeact.observations import Observation
from codeact.tools import Toolbox


class ActionFormat(Protocol):
    """One spelling of one action space.

    All methods are pure and total: they accept any text and never raise.
    """

    @property
    def name(self) -> str:
        """Unique among formats and dialects, as the command line spells it."""

    @property
    def stop(self) -> tuple[str, ...]:
        """Stop sequences that end a reply right after its first action."""

    @property
    def native(self) -> bool:
        """Whether the tools are offered through the provider's own tool calling."""

    def instructions(self, toolbox: Toolbox) -> str:
        """The part of the system prompt that lists the tools and teaches the spelling."""

    def parse(self, text: str, calls: Sequence[NativeCall] = ()) -> Action:
        """The first action of a reply; an action that a stop sequence cut before its closing mark
        counts as complete.
        """

    def ended(self, text: str) -> bool:
        """Whether the text so far holds a complete first action, so that generation can end here.
        """

    def reply(self, text: str, calls: Sequence[NativeCall] = ()) -> Message:
        """The reply as it stays in the prompt: up to the end of its first action, the closing mark
        restored.

        Law: parse(reply(t).content, reply(t).calls) asks for the same as parse(t), without its
        note.
        """

    def write(self, action: Action) -> str:
        """The canonical spelling of an action: parse(write(action)) == action for all but
        InvalidAction.
        """

    def render(self, action: Action, observation: Observation) -> Message:
        """The observation as the message that answers the action."""
