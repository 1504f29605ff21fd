"""The front door: one task, one call, one result; opens and closes all that it needs."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from codeact.agent import Agent
from codeact.approval import DEFAULT, Approval
from codeact.conversation import Conversation
from codeact.errors import AgentFailed, ConfigError
from codeact.events import Emit, Event, ignore
from codeact.formats import ActionFormat, by_name
from codeact.halting import Budget
from codeact.interpreter.installs import Installs, Mode, settled
from codeact.interpreter.sandbox import SandboxPolicy
from codeact.messages import Media, Sampling, Usage
from codeact.models import Model
from codeact.outputs import OutputType
from codeact.recording import Recording, secrets_in
from codeact.tools import Tool, Toolbox
from codeact.trajectory import StopReason, Trajectory

if TYPE_CHECKING:
    from codeact.interpreter.process import ProcessInterpreter

FILES = "\n\n[Files in the working folder: "
"""How a message goes on when files come with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a task. `output` is the typed answer where an `output_type` was asked for.

    `files` are the workspace's files that the run made or changed.
    """

    answer: str | None
    output: Any
    trajectory: Trajectory
    workspace: Path
    files: tuple[Path, ...]

    @property
    def usage(self) -> Usage:
        return self.trajectory.usage

    @property
    def stop_reason(self) -> StopReason:
        return self.trajectory.stop_reason


async def ask(
    task: str,
    *,
    tools: Iterable[Callable[..., Any] | Tool] = (),
    model: Model | str | None = None,
    base_url: str | None = None,
    format: ActionFormat | str = "code",
    output_type: Any = None,
    system: str = "",
    files: Sequence[Path | str] = (),
    media: Sequence[Media] = (),
    workspace: Path | str | None = None,
    max_steps: int = 20,
    budget: Budget = Budget(),
    sampling: Sampling = Sampling(),
    cell_seconds: float | None = 60.0,
    sandbox: SandboxPolicy = SandboxPolicy(),
    approval: Approval = DEFAULT,
    installs: Installs | Mode = "never",
    record: Path | str | None = None,
    emit: Emit = ignore,
) -> Result:
    """Let an agent do a task.

    `model` is a Model, a name as on the command line, or None for the one that `codeact doctor`
    shows; `format` likewise an ActionFormat or a name. `files` are copied into the workspace;
    without a `workspace` a fresh temporary folder is made and kept if the run leaves files there.
    `cell_seconds` bounds one code action. `record` is a folder that gets the resolved
    configuration, each finished step and the trajectory. Without an `approval` that asks somebody
    the code runs unasked, behind those walls of `sandbox` that this machine offers. `installs`
    says whether it may have packages installed; "ask" asks whom `approval` names.

    Raises ConfigError when something is set up wrongly and AgentFailed, with the trajectory so far,
    when the model or the interpreter fails.
    """
    toolbox = Toolbox.of(tools)
    wanted = None if output_type is None else OutputType(output_type)
    async with AsyncExitStack() as stack:
        chosen = await stack.enter_async_context(_model(model, base_url))
        folder = stack.enter_context(Folder(workspace))
        folder.bring(files)
        interpreter = await stack.enter_async_context(
            _interpreter(folder.path, cell_seconds, sandbox, settled(installs, approval.ask))
        )
        agent = Agent(
            model=chosen,
            format=by_name(format) if isinstance(format, str) else format,
            sampling=sampling,
            max_steps=max_steps,
            budget=budget,
        )
        conversation = Conversation(
            agent, interpreter, toolbox, extra=system, output_type=wanted, approval=approval
        )
        say = partial(conversation.say, mention(task, files), media=media)
        if record is None:
            trajectory = await say(emit=emit)
        else:
            trajectory = await _recorded(Path(record), conversation, folder.path, say, emit)
        return _result(trajectory, wanted, folder)


def _interpreter(
    folder: Path, seconds: float | None, sandbox: SandboxPolicy, installs: Installs
) -> ProcessInterpreter:
    from codeact.interpreter.opening import open_interpreter

    return open_interpreter(workspace=folder, timeout=seconds, sandbox=sandbox, installs=installs)


def mention(task: str, files: Sequence[Path | str]) -> str:
    """The task with the names of the files that came with it."""
    if not files:
        return task
    return f"{task}{FILES}{', '.join(Path(file).name for file in files)}]"


def run(task: str, **options: Any) -> Result:
    """`ask` for code that is not async; takes the same options.

    Works inside a running event loop (a notebook) too: then the task runs in a thread of its own,
    asynchronous tools included.
    """
    import asyncio

    from anyio.from_thread import start_blocking_portal

    call = partial(ask, task, **options)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return anyio.run(call)
    with start_blocking_portal() as portal:  # a KeyboardInterrupt here cancels the run there
        return portal.call(call)


def _result(trajectory: Trajectory, wanted: OutputType | None, folder: Folder) -> Result:
    """Raises AgentFailed for a failed run."""
    if trajectory.stop_reason in (StopReason.FAILED, StopReason.CONTEXT_LIMIT):
        raise AgentFailed(trajectory.error or "The run failed.", trajectory)
    answer = trajectory.answer
    return Result(
        answer=answer,
        output=None if wanted is None or answer is None else wanted.read(answer),
        trajectory=trajectory,
        workspace=folder.path,
        files=folder.changed(),
    )


async def _recorded(
    folder: Path,
    conversation: Conversation,
    workspace: Path,
    say: Callable[..., Awaitable[Trajectory]],
    emit: Emit,
) -> Trajectory:
    """Say it, and keep what explains the run, each finished step and the trajectory."""
    agent = conversation.agent
    recording = Recording(folder, secrets=secrets_in(os.environ))
    recording.configure(
        {
            "model": agent.model.name,
            "model_class": type(agent.model).__qualname__,
            "format": agent.format.name,
            "interpreter_class": type(conversation.interpreter).__qualname__,
            "sampling": asdict(agent.sampling),
            "budget": asdict(agent.budget),
            "max_steps": agent.max_steps,
            "tools": list(conversation.toolbox.names),
            "workspace": str(workspace),
        }
    )

    def both(event: Event) -> None:
        recording.emit(event)
        emit(event)

    trajectory = await say(emit=both)
    recording.finish(trajectory)
    return trajectory


@asynccontextmanager
async def _model(model: Model | str | None, base_url: str | None) -> AsyncIterator[Model]:
    """The model, closed afterwards when it was opened here."""
    from codeact.models.discover import discover

    if model is None or isinstance(model, str):
        found = (await discover(model, base_url, os.environ)).model
        try:
            yield found
        finally:
            await found.aclose()
    else:
        yield model


class Folder:
    """The workspace of one run: the caller's, or a temporary one, gone if nothing new is in it."""

    def __init__(self, path: Path | str | None) -> None:
        self._temporary = path is None
        self.path = Path(tempfile.mkdtemp(prefix="codeact-") if path is None else path).resolve()
        self.path.mkdir(parents=True, exist_ok=True)
        self._before = self._stamps()

    def bring(self, files: Sequence[Path | str]) -> None:
        """Copy files in. Raises ConfigError for one that is not there or comes twice."""
        named: dict[str, Path] = {}
        for file in map(Path, files):
            if not file.is_file():
                raise ConfigError(f"There is no file {str(file)!r} to give to the agent.")
            if file.name in named:
                raise ConfigError(f"Two files are named {file.name!r}. Rename one of them.")
            named[file.name] = file
        for name, file in named.items():
            there = self.path / name
            if there.is_symlink() and file != there:
                there.unlink()  # an earlier session may have made it lead outside
            if not there.exists() or not file.samefile(there):
                shutil.copy2(file, there)
        self._before = self._stamps()

    def changed(self) -> tuple[Path, ...]:
        """Files that were made or changed since the beginning, sorted."""
        stamps = self._stamps()
        return tuple(sorted(path for path in stamps if stamps[path] != self._before.get(path)))

    def _stamps(self) -> dict[Path, tuple[int, int]]:
        """Each visible file's time and size; our own `.codeact` folder does not count."""
        found = {}
        for parent, folders, names in os.walk(self.path):
            folders[:] = [name for name in folders if not name.startswith((".", "__pycache__"))]
            for path in (Path(parent) / name for name in names):
                with suppress(FileNotFoundError):  # what the code has started may still be at work
                    status = path.lstat()
                    if stat.S_ISREG(status.st_mode):  # a link may lead outside, a pipe wait
                        found[path] = (status.st_mtime_ns, status.st_size)
        return found

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._temporary and not self.changed():
            shutil.rmtree(self.path, ignore_errors=True)
