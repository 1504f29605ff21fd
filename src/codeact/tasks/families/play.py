"""Instances lived through the real engine: by their oracle, or by a model to be measured."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass

from codeact.agent import Agent
from codeact.environment import Environment
from codeact.events import Emit, ignore
from codeact.formats import by_name
from codeact.interpreter.forked import ForkedInterpreter
from codeact.interpreter.sandbox import SandboxPolicy
from codeact.messages import Completion, Message, Sampling, ToolSchema, Usage
from codeact.models import Model, Until, never
from codeact.rollout import furnish
from codeact.tasks.families.instances import Instance
from codeact.trajectory import Trajectory

FORMAT = "code"
MAX_STEPS = 8
_CLEAR = """\
import os as _os
_os.chdir(_home)
for _name in set(globals()) - _kept:
    del globals()[_name]"""
_BEGIN = "import os as _os\n_home = _os.getcwd()\n_name = ''\n_kept = None\n_kept = set(globals())"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """An instance and how it went. `sound`: what was meant to fail failed, all else did not."""

    instance: Instance
    trajectory: Trajectory
    solved: bool
    sound: bool


class Oracle:
    """The model that knows the way: it acts as the instance says and answers from what it saw."""

    name = "oracle"
    context_tokens: int | None = None
    sees = False

    def __init__(self, instance: Instance, then: Model | None = None) -> None:
        self._instance = instance
        self._then = then
        self._turn = 0

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        stop: Sequence[str] = (),
        until: Until = never,
        tools: Sequence[ToolSchema] = (),
        sampling: Sampling = Sampling(),
        emit: Emit = ignore,
    ) -> Completion:
        way = self._instance.way
        if self._then is not None and (self._turn >= len(way) or not way[self._turn].wrong):
            return await self._then.complete(
                messages, stop=stop, until=until, tools=tools, sampling=sampling, emit=emit
            )
        if self._turn < len(way):
            text = f"<execute>\n{way[self._turn].code}\n</execute>"
        else:
            out = messages[-1].content.removeprefix("[Output]\n").strip()
            text = self._instance.answer.replace("{out}", out)
        self._turn += 1
        return Completion(text=text, usage=Usage(output_tokens=len(text) // 4, estimated=True))

    async def aclose(self) -> None:
        return None


class Playground(ForkedInterpreter):
    """An interpreter that many episodes use one after another, cleared in between.

    Faster than a kernel for each by a factor of fifty. What the code does to modules and to the
    process stays; the walls are those of any session.
    """

    async def clear(self) -> None:
        """An empty namespace and an empty folder, and cells numbered from one."""
        for each in self.workspace.iterdir():
            if each.name.startswith(".codeact"):
                continue
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            else:
                each.unlink()
        done = await self.execute(_CLEAR)
        if not done.ok:
            await self.reset()
            await self.execute(_BEGIN)
        self._cell = 0


def playground(*, timeout: float = 10.0) -> Playground:
    """To open with `async with`; walled as far as the machine can."""
    return Playground(
        snapshots="never", timeout=timeout, output_limit=4_000, sandbox=SandboxPolicy()
    )


async def play(
    drawn: Iterable[Instance], *, model: Model | None = None, max_steps: int = MAX_STEPS
) -> AsyncGenerator[Played, None]:
    """Live instances one after another in one walled kernel: by their oracle, or by `model`.

    With a model, an instance that has a mistake begins with that mistake: the model has to recover.
    Raises InterpreterLost. Who leaves early closes it with `contextlib.aclosing`.
    """
    async with playground() as ground:
        for instance in drawn:
            await ground.clear()
            yield await live(instance, ground, model=model, max_steps=max_steps)


async def live(
    instance: Instance,
    ground: Playground,
    *,
    model: Model | None = None,
    max_steps: int = MAX_STEPS,
) -> Played:
    """One episode in a ground that has been cleared."""
    world = instance.world()
    furnish(ground.workspace, world.files)
    format = by_name(FORMAT)
    stumbles = any(turn.wrong for turn in instance.way)
    actor = model if model is not None and not stumbles else Oracle(instance, model)
    agent = Agent(model=actor, format=format, max_steps=max_steps, final_turn=False)
    environment = Environment(interpreter=ground, toolbox=world.toolbox, user=world.user)
    prompt = instance.prompt(format, world.toolbox)
    trajectory = await agent.run(prompt, environment)
    trajectory = dataclasses.replace(
        trajectory, metadata={**trajectory.metadata, **_about(instance, trajectory)}
    )
    solved = instance.solved(trajectory, ground.workspace)
    if solved and instance.proof:
        solved = (await ground.execute(instance.proof)).ok
    return Played(
        instance=instance,
        trajectory=trajectory,
        solved=solved,
        sound=_sound(instance, trajectory),
    )


def _about(instance: Instance, trajectory: Trajectory) -> dict[str, str]:
    wrong = [n for n, turn in enumerate(instance.way) if turn.wrong and n < len(trajectory.steps)]
    about = {"task": instance.id, "family": instance.family, "group": instance.group}
    if wrong:
        about |= {"mistake": instance.mistake, "masked_steps": " ".join(map(str, wrong))}
    return about


def _sound(instance: Instance, trajectory: Trajectory) -> bool:
    pairs = zip(instance.way, trajectory.steps, strict=False)
    return all(turn.wrong != step.observation.ok for turn, step in pairs)
