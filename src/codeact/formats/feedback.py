"""An observation as the text that the model reads."""

from __future__ import annotations

from codeact.actions import Action, ToolCall
from codeact.observations import Observation

_NO_OUTPUT = "The code ran and printed nothing. Print what you want to see."
_NO_RESULT = "The tool returned nothing."
_NO_DETAILS = "It failed without saying more."


def feedback(action: Action, observation: Observation) -> str:
    """A short header and the observation's text; what a user says stands alone. The action's note
    is already part of that text.
    """
    if observation.source == "user":
        return observation.text
    header = "Output" if observation.ok else "Error"
    if observation.error is not None:
        header = f"Error: {observation.error}"
    text = observation.text if observation.text.strip() else _silence(action, observation)
    return f"[{header}]\n{text}"


def _silence(action: Action, observation: Observation) -> str:
    if not observation.ok:
        return _NO_DETAILS
    return _NO_RESULT if isinstance(action, ToolCall) else _NO_OUTPUT
