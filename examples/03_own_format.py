"""Write actions in a format of your own: each line after `>>> ` is Python, all else is talk."""

from collections.abc import Sequence

import codeact
from codeact.messages import NativeCall


class Prompted:
    """An ActionFormat is pure: text becomes an action, an observation becomes a message."""

    name, stop, native = "prompted", ("\nOut:",), False

    def instructions(self, toolbox: codeact.Toolbox) -> str:
        return f"To act, begin lines of Python with `>>> `. Functions:\n{toolbox.listing()}"

    def parse(self, text: str, calls: Sequence[NativeCall] = ()) -> codeact.Action:
        code = [line[4:] for line in text.splitlines() if line.startswith(">>> ")]
        return codeact.CodeAction(code="\n".join(code)) if code else codeact.Answer(text=text)

    def ended(self, text: str) -> bool:
        return False  # only a stop sequence says that no more lines come

    def reply(self, text: str, calls: Sequence[NativeCall] = ()) -> codeact.Message:
        return codeact.Message(role="assistant", content=text)

    def write(self, action: codeact.Action) -> str:
        code = action.code if isinstance(action, codeact.CodeAction) else ""
        return "\n".join(f">>> {line}" for line in code.splitlines())

    def render(self, action: codeact.Action, observation: codeact.Observation) -> codeact.Message:
        return codeact.Message(role="user", content=f"Out:\n{observation.text.rstrip()}")


# Replayed, so that the example runs offline. A living model: model="gpt-4.1-mini", for example.
model = codeact.ScriptedModel(["Let me see.\n>>> x = 6\n>>> x * 7\nOut: 41", "It is 42."])
result = codeact.run("What is 6 times 7?", model=model, format=Prompted())
for message in result.trajectory.messages()[1:]:
    print(f"{message.role}: {message.content}")
