"""What a kernel answers to a host that wants its namespace saved, loaded or told apart."""

from __future__ import annotations

import builtins
import importlib
import os
from typing import TYPE_CHECKING, Any

from codeact.interpreter import kernel_revival

if TYPE_CHECKING:
    from codeact.interpreter.kernel import Kernel
    from codeact.interpreter.kernel_tools import Tools

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

NO_CLOUDPICKLE = (
    "the session's Python has no cloudpickle; install it there (pip install cloudpickle)"
)
STOPPED = "the time for it was over"


def keep(
    kernel: Kernel, head: dict[str, Any], fixed: frozenset[str], tools: Tools
) -> dict[str, Any]:
    """The answer, but for its id. Interrupts end the work; nothing that it raises leaves."""
    facts = [kernel_revival.running(), ""]
    shield = kernel.channel.shield
    try:
        try:
            shield.arm()
            match head["op"]:
                case "checkpoint":
                    from codeact.interpreter.kernel_checkpoint import save

                    answer = save(kernel, head, fixed, tools)
                case "restore":
                    importlib.import_module("cloudpickle")  # what was saved needs it

                    answer = kernel_revival.restore(kernel, head, tools)
                case _:
                    answer = {"facts": facts}
        finally:
            shield.disarm()
    except KeyboardInterrupt:
        answer = {"facts": [facts[0], STOPPED]}
    except ImportError:
        answer = {"facts": [facts[0], NO_CLOUDPICKLE]}
    except BaseException as error:  # noqa: BLE001 - what is saved and loaded runs the cell's code
        answer = {"facts": [facts[0], kernel_revival.told(error)]}
    for descriptor in kernel.channel.descriptors():
        os.close(descriptor)
    return {"op": "done", **answer}
