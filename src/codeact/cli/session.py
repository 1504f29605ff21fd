"""What a run and a chat share and open: model, workspace, interpreter and recording."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import anyio

from codeact.agent import Agent
from codeact.approval import Approval, Gate, Rule, allow_all
from codeact.cli import asking, pictures, toolbox
from codeact.cli.demo import REASON, DemoModel, open_demo
from codeact.cli.options import Approve, Options, check_files
from codeact.cli.presenter import Outcome, Presenter
from codeact.consents import Consent, Question
from codeact.conversation import Conversation
from codeact.door import FILES, Folder, mention
from codeact.events import ApprovalAsked, ApprovalGiven, Event, StepFinished
from codeact.formats import ActionFormat, by_name
from codeact.interpreter import Interpreter
from codeact.interpreter.installs import settled
from codeact.interpreter.sandbox import SandboxPolicy
from codeact.messages import Media, Usage
from codeact.models import Model
from codeact.recording import Recording, new_folder, secrets_in
from codeact.tools import Toolbox
from codeact.trajectory import Step, StopReason, Trajectory

Ask = Callable[[Question], Awaitable[Consent | None]]
"""The user's answer; None is to stop everything."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Options found good before anything is opened: nothing has been spent yet."""

    options: Options
    format: ActionFormat
    toolbox: Toolbox
    ask: Ask | None
    rule: Rule


def check(options: Options, *, ask: Ask | None, folder: str) -> Ready:
    """Raises ConfigError for options that cannot be honoured.

    `ask` gets the user's consent; None where nobody can be asked.
    """
    format = by_name(options.format)
    check_files(options.files, options.workspace)
    tools = toolbox.load(options.tools, folder)
    return Ready(
        options=options,
        format=format,
        toolbox=tools,
        ask=ask,
        rule=_rule(options, tools, ask),
    )


def _rule(options: Options, tools: Toolbox, ask: Ask | None) -> Rule:
    tier = asking.offered()
    rule = asking.rule(options, tier)
    if ask is None:
        asking.check_nobody(options, rule, tier, tools)
    return rule


class Session:
    """One conversation, shown and recorded. `kernel` runs code without asking, `own_tools` are
    called without asking.
    """

    def __init__(
        self,
        ready: Ready,
        conversation: Conversation,
        kernel: Interpreter,
        workspace: Folder,
        recording: Recording,
        presenter: Presenter,
    ) -> None:
        self.options = ready.options
        self.conversation = conversation
        self.own_tools = Gate(Approval(rule=allow_all)).guarded(ready.toolbox)
        self._ask = ready.ask
        self.approve(ready.rule)
        self.kernel = kernel
        self.presenter = presenter
        self.folder = recording.folder
        self.usage = Usage()
        self._interrupt = anyio.Event()
        self._workspace = workspace
        self._recording = recording
        self._steps: list[Step] = []
        self._begun = 0.0

    async def say(
        self, text: str, interrupt: anyio.Event, *, media: Sequence[Media] = ()
    ) -> Outcome:
        """One user turn."""
        self._interrupt = interrupt
        self._steps.clear()
        self._begun = time.monotonic()
        self._workspace.bring(())
        self.presenter.begin()
        trajectory = await self.conversation.say(
            text, media=media, emit=self.emit, interrupt=interrupt
        )
        self._recording.finish(trajectory)
        return self._outcome(trajectory)

    async def ask(self, text: str, interrupt: anyio.Event) -> Outcome:
        """One user turn; the first tells and shows the model the files that were given."""
        media: tuple[Media, ...] = ()
        if self.options.files and not self.conversation.turns:
            text = mention(text, self.options.files)
            media = pictures.shown(self.options.files)
        return await self.say(text, interrupt, media=media)

    def abandoned(self) -> Outcome:
        """What there is to say of a turn that was cancelled."""
        usage = sum((step.completion.usage for step in self._steps), Usage())
        return self._closing(StopReason.INTERRUPTED, usage, steps=len(self._steps))

    async def switch(self, name: str, environ: Mapping[str, str]) -> str:
        """Go on with another model; returns why it is this one. Raises ConfigError, ModelError."""
        options = dataclasses.replace(self.options, model=name)
        found = await find_model(options, environ)
        await self.aclose()
        self.options = options
        self.conversation.agent = dataclasses.replace(self.conversation.agent, model=found.model)
        return found.reason

    def approve_mode(self, mode: Approve) -> None:
        """Ask by another rule from here on. Raises ConfigError where nobody can be asked."""
        options = dataclasses.replace(self.options, approve=mode)
        self.approve(_rule(options, self.conversation.toolbox, self._ask))
        self.options = options

    def approve(self, rule: Rule) -> None:
        """Forgets what the user had agreed to for good."""
        ask = None if self._ask is None else self._asked
        self.conversation.gate = Gate(Approval(rule=rule, ask=ask))

    async def _asked(self, question: Question) -> Consent:
        """The user's answer; one who wants to stop gives none, and the stop comes."""
        assert self._ask is not None
        consent = await self._ask(question)
        if consent is None:
            self.stop()
            await anyio.sleep_forever()
            raise AssertionError
        return consent

    async def ask_aside(self, question: Question) -> Consent:
        """The user's answer about something that is no action of the model's."""
        consent: Consent | None = None
        self.show(ApprovalAsked(question=question))
        try:
            consent = await self._asked(question)
            return consent
        finally:
            self.show(ApprovalGiven(question=question, consent=consent))

    async def aclose(self) -> None:
        """Let go of the model."""
        await self.conversation.agent.model.aclose()

    def emit(self, event: Event) -> None:
        if isinstance(event, StepFinished):
            self._recording.emit(event)
            self._steps.append(event.step)
        self.show(event)

    def show(self, event: Event) -> None:
        """Show an event and save its pictures, without recording it."""
        saved: tuple[Path, ...] = ()
        if isinstance(event, StepFinished):
            saved = pictures.save(event.step.observation.media, self._workspace.path)
        self.presenter.show(event, saved)

    def stop(self) -> None:
        """End the turn that is going on, as Ctrl-C does."""
        self._interrupt.set()

    def _outcome(self, trajectory: Trajectory) -> Outcome:
        closing = self._closing(
            trajectory.stop_reason, trajectory.usage, steps=len(trajectory.steps)
        )
        return dataclasses.replace(closing, answer=trajectory.answer, error=trajectory.error)

    def _closing(self, reason: StopReason, usage: Usage, *, steps: int) -> Outcome:
        self.usage += usage
        return Outcome(
            stop_reason=reason,
            steps=steps,
            usage=usage,
            seconds=time.monotonic() - self._begun,
            files=self._workspace.changed(),
            folder=self.folder,
        )


@asynccontextmanager
async def open_session(
    ready: Ready, environ: Mapping[str, str], presenter: Presenter, *, task: str | None = None
) -> AsyncIterator[Session]:
    """Open everything that a conversation needs. Raises ConfigError, ModelError."""
    from codeact.interpreter.opening import open_interpreter

    options = ready.options

    async def ask(question: Question) -> Consent:
        return await session.ask_aside(question)

    async with AsyncExitStack() as stack:
        found = await find_model(options, environ, task)
        recording = Recording(new_folder(runs_folder()), secrets=secrets_in(environ))
        workspace = Folder(options.workspace or recording.folder / "workspace")
        workspace.bring(options.files)
        recording.configure(_config(ready, found, workspace.path))
        kernel = await stack.enter_async_context(
            open_interpreter(
                workspace=workspace.path,
                installs=settled(options.installs, ask if ready.ask else None),
                timeout=options.cell_seconds,
                sandbox=SandboxPolicy(mode=options.sandbox, network=options.network),
                tell=presenter.notice,
            )
        )
        agent = Agent(
            model=found.model,
            format=ready.format,
            max_steps=options.max_steps,
            budget=options.budget,
        )
        conversation = Conversation(agent, kernel, ready.toolbox, extra=options.system)
        session = Session(ready, conversation, kernel, workspace, recording, presenter)
        stack.push_async_callback(session.aclose)
        presenter.notice(f"{found.model.name}: {found.reason}")
        yield session


def without_files(text: str) -> str:
    """A message as its user wrote it."""
    return text.partition(FILES)[0]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A model, why it is this one, and what else was looked for."""

    model: Model
    reason: str
    tried: tuple[str, ...] = ()


async def find_model(
    options: Options, environ: Mapping[str, str], task: str | None = None
) -> Found:
    """Raises ConfigError, ModelError when there is none."""
    from codeact.models.discover import discover

    if (options.model or environ.get("CODEACT_MODEL")) == DemoModel.name:
        return Found(model=open_demo(task, options.format), reason=REASON)
    wished = environ.get("CODEACT_MODEL") if options.base_url else None
    found = await discover(options.model or wished, options.base_url, environ)
    return Found(model=found.model, reason=found.reason, tried=tuple(map(str, found.tried)))


def runs_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_data_dir("codeact", appauthor=False)) / "runs"


def _config(ready: Ready, found: Found, workspace: Path) -> dict[str, object]:
    """The resolved options; a password in an address is left out."""
    from codeact.models.openai import shown_url

    options = dataclasses.asdict(ready.options)
    address = ready.options.base_url
    return options | {
        "model": found.model.name,
        "reason": found.reason,
        "base_url": address and shown_url(address),
        "workspace": str(workspace),
        "files": [str(file) for file in ready.options.files],
        "tools": list(ready.toolbox.names),
    }
