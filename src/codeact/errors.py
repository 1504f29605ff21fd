"""What can go wrong in the world.

CodeActError
├── ModelError            the model's provider failed: wrong key, unknown model, no network
│   └── ContextOverflow   the prompt is longer than the model can read
├── InterpreterLost       the kernel is gone and its state could not be kept
├── ConfigError           what the caller asked for cannot be set up
├── DataError             a stored trajectory or data file cannot be read
└── AgentFailed           a synchronous run ended in one of the above; carries the trajectory so far

What the model does wrong is an Observation, never one of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codeact.trajectory import Trajectory


class CodeActError(Exception):
    """Any of ours."""


class ModelError(CodeActError):
    """The provider failed. `status` is the HTTP status where there was one."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ContextOverflow(ModelError):
    """The prompt does not fit the model's context window."""


class InterpreterLost(CodeActError):
    """The kernel died and could not be replaced."""


class ConfigError(CodeActError):
    """A setting, a flag or an argument that cannot be honoured; the message says what to do."""


class DataError(CodeActError):
    """A file that is not what it should be; the message names the file, the line and the field."""


class AgentFailed(CodeActError):
    """A run stopped because the world failed; the finished steps are in `trajectory`."""

    def __init__(self, message: str, trajectory: Trajectory) -> None:
        super().__init__(message)
        self.trajectory = trajectory
