"""An interpreter whose kernels are forked from a zygote: there in milliseconds."""

from __future__ import annotations

from typing import Any

from codeact.interpreter.child import Child, environment
from codeact.interpreter.fork_server import Forked, Settings, zygote
from codeact.interpreter.process import ProcessInterpreter


class ForkedInterpreter(ProcessInterpreter):
    """A ProcessInterpreter, but that its kernels are forked from a zygote that all sessions share.

    `preload` are modules that the zygote imports where they are installed. Linux only.
    """

    def _launch(self) -> Child:
        settings = Settings(python=self._python, preload=self._preload)
        parent = zygote(settings)
        return Forked(
            parent.beget({"workspace": str(self.workspace)}),
            on_frame=self._hear,
            on_death=self._mourn,
            last_words=parent.last_words,
        )

    def _greeting(self) -> dict[str, Any]:
        env = environment(self._python, self.workspace) if self._env is None else self._env
        return {**super()._greeting(), "preload": [], "env": dict(env)}
