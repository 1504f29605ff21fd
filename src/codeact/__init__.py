"""LLM agents that act by writing Python."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codeact.actions import Action, Answer, CodeAction, InvalidAction, ToolCall
    from codeact.agent import Agent
    from codeact.approval import Approval
    from codeact.consents import Consent, Question
    from codeact.conversation import Conversation
    from codeact.door import Result, ask, run
    from codeact.environment import Environment
    from codeact.errors import (
        AgentFailed,
        CodeActError,
        ConfigError,
        ContextOverflow,
        DataError,
        InterpreterLost,
        ModelError,
    )
    from codeact.halting import Budget
    from codeact.interpreter.forked import ForkedInterpreter
    from codeact.interpreter.process import ProcessInterpreter
    from codeact.interpreter.sandbox import SandboxPolicy
    from codeact.messages import Completion, Media, Message, Sampling, Usage
    from codeact.models.openai import OpenAIModel
    from codeact.models.scripted import ScriptedModel
    from codeact.observations import Observation
    from codeact.tools import Tool, Toolbox, tool
    from codeact.trajectory import Step, StopReason, Trajectory

_HOMES = {
    "actions": ("Action", "Answer", "CodeAction", "InvalidAction", "ToolCall"),
    "agent": ("Agent",),
    "approval": ("Approval",),
    "consents": ("Consent", "Question"),
    "conversation": ("Conversation",),
    "door": ("Result", "ask", "run"),
    "environment": ("Environment",),
    "errors": (
        "AgentFailed",
        "CodeActError",
        "ConfigError",
        "ContextOverflow",
        "DataError",
        "InterpreterLost",
        "ModelError",
    ),
    "halting": ("Budget",),
    "interpreter.forked": ("ForkedInterpreter",),
    "interpreter.process": ("ProcessInterpreter",),
    "interpreter.sandbox": ("SandboxPolicy",),
    "messages": ("Completion", "Media", "Message", "Sampling", "Usage"),
    "models.openai": ("OpenAIModel",),
    "models.scripted": ("ScriptedModel",),
    "observations": ("Observation",),
    "tools": ("Tool", "Toolbox", "tool"),
    "trajectory": ("Step", "StopReason", "Trajectory"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__version__ = "0.1.0"

__all__ = [
    "Action",
    "Agent",
    "AgentFailed",
    "Answer",
    "Approval",
    "Budget",
    "CodeActError",
    "CodeAction",
    "Completion",
    "ConfigError",
    "Consent",
    "ContextOverflow",
    "Conversation",
    "DataError",
    "Environment",
    "ForkedInterpreter",
    "InterpreterLost",
    "InvalidAction",
    "Media",
    "Message",
    "ModelError",
    "Observation",
    "OpenAIModel",
    "ProcessInterpreter",
    "Question",
    "Result",
    "Sampling",
    "SandboxPolicy",
    "ScriptedModel",
    "Step",
    "StopReason",
    "Tool",
    "ToolCall",
    "Toolbox",
    "Trajectory",
    "Usage",
    "__version__",
    "ask",
    "run",
    "tool",
]


def __getattr__(name: str) -> Any:
    """Each name's home is imported when the name is first used."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'codeact' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"codeact.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
