"""How an action is written in text: one format for each action space and spelling. Pure: no I/O in
this folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from codeact.actions import Action
from codeact.errors import ConfigError
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
        """Whether the text so far holds a complete first action, so that generation can end."""

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


NAMES = ("code", "code-fence", "json", "text", "native", "m3-code", "m3-json", "m3-text")
"""Every format by the name that the command line and a trajectory know it by; the first is the
default.
"""


def by_name(name: str) -> ActionFormat:
    """The format of that name. Raises ConfigError with all names."""
    from codeact.formats.code_as_action import CodeAsAction
    from codeact.formats.json_as_action import JsonAsAction
    from codeact.formats.native_tool_calls import NativeToolCalls
    from codeact.formats.text_as_action import TextAsAction

    match name:
        case "code":
            return CodeAsAction()
        case "code-fence":
            return CodeAsAction(dialect="fence")
        case "json":
            return JsonAsAction()
        case "text":
            return TextAsAction()
        case "native":
            return NativeToolCalls()
        case "m3-code":
            return CodeAsAction(dialect="m3")
        case "m3-json":
            return JsonAsAction(dialect="m3")
        case "m3-text":
            return TextAsAction(dialect="m3")
    raise ConfigError(f"There is no format named {name!r}. The formats are: {', '.join(NAMES)}.")
