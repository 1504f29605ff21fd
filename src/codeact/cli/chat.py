"""`codeact chat`: a conversation at the terminal."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import get_args

from codeact.actions import CodeAction
from codeact.cli import asking, slash
from codeact.cli.keyboard import CtrlC
from codeact.cli.options import Approve, Options
from codeact.cli.presenter import Outcome, Presenter, dollars, place, tokens
from codeact.cli.prompting import Abandoned, Prompting, prompting
from codeact.cli.run import ANSWERED, FAILED, INTERRUPTED, MISUSED, asker
from codeact.cli.session import Session, check, open_session, without_files
from codeact.cli.transcript import transcript
from codeact.errors import CodeActError, ConfigError
from codeact.events import StepFinished
from codeact.halting import Halt
from codeact.interpreter import Execution
from codeact.messages import Completion, Media, Message
from codeact.observations import Observation
from codeact.trajectory import Step, StopReason

WELCOME = "/help lists the commands. Files: {workspace}"
LEAVE_HINT = "Press Ctrl-C once more, or say /exit, to leave."
NOTHING_SAID = "There is no message to go back to."
UNDONE = "The last message and its answer are forgotten. Variables and files stay as they are."
NO_MODE = "There is no mode {mode!r}. There are {modes}."
RESET = "The conversation is forgotten. Variables and files stay as they are."


async def converse(options: Options, environ: Mapping[str, str], presenter: Presenter) -> int:
    """Talk until the user leaves; returns the exit code."""
    try:
        ready = check(options, ask=asker(presenter), folder=str(Path.cwd()))
        async with open_session(ready, environ, presenter) as session:
            presenter.tell(WELCOME.format(workspace=place(session.kernel.workspace)))
            chat = Chat(session, presenter, prompting(environ), environ)
            return await chat.talk()
    except CodeActError as error:
        presenter.finish(Outcome(stop_reason=StopReason.FAILED, error=str(error)))
        return MISUSED if isinstance(error, ConfigError) else FAILED


class Chat:
    """Reads lines and does what they say."""

    def __init__(
        self,
        session: Session,
        presenter: Presenter,
        lines: Prompting,
        environ: Mapping[str, str],
    ) -> None:
        self._session = session
        self._conversation = session.conversation
        self._presenter = presenter
        self._lines = lines
        self._environ = environ
        self._draft = ""
        self._pressed = False
        self._commands: dict[str, Callable[[str], Awaitable[None]]] = {
            "/help": self._help,
            "/model": self._model,
            "/tools": self._tools,
            "/run": self._run,
            "/vars": self._vars,
            "/files": self._files,
            "/undo": self._undo,
            "/retry": self._retry,
            "/edit": self._edit,
            "/reset": self._reset,
            "/save": self._save,
            "/usage": self._usage,
            "/system": self._system,
            "/approve": self._approve,
        }

    async def talk(self) -> int:
        """Line by line to the end of the input, `/exit` or a second Ctrl-C."""
        while True:
            try:
                line = await self._lines.line(self._draft)
            except EOFError:
                return ANSWERED
            except Abandoned as abandoned:
                if self._pressed and not abandoned.text:
                    return INTERRUPTED
                self._pressed = True
                self._presenter.notice(LEAVE_HINT)
                continue
            finally:
                self._draft = ""
            self._pressed = False
            if line.strip() == "/exit" or slash.read(line.strip()) == ("/exit", ""):
                return ANSWERED
            if line.strip() and not await self._heed(line.strip()):
                return INTERRUPTED

    async def _heed(self, line: str) -> bool:
        """Do what a line says. False when the user left meanwhile."""
        command = slash.read(line)
        with CtrlC() as ctrl_c:
            self._ctrl_c = ctrl_c
            try:
                if command is None:
                    self._finish(await self._session.ask(line, ctrl_c.pressed))
                elif command[0] in self._commands:
                    await self._commands[command[0]](command[1])
                else:
                    self._presenter.notice(slash.unknown(command[0]))
            except CodeActError as error:
                self._presenter.notice(str(error))
        if ctrl_c.left:
            self._finish(self._session.abandoned())
        self._presenter.pause()
        self._pressed = ctrl_c.pressed.is_set()
        return not ctrl_c.left

    def _finish(self, outcome: Outcome) -> None:
        """The folder was named at the beginning."""
        self._presenter.finish(dataclasses.replace(outcome, folder=None))
        self._presenter.tell("")

    async def _help(self, argument: str) -> None:
        self._presenter.tell(slash.listing())

    async def _model(self, argument: str) -> None:
        if argument:
            reason = await self._session.switch(argument, self._environ)
            self._presenter.notice(f"{self._conversation.agent.model.name}: {reason}")
        else:
            self._presenter.tell(self._conversation.agent.model.name)

    async def _tools(self, argument: str) -> None:
        listing = self._conversation.toolbox.listing()
        self._presenter.tell(listing or "There are no tools. Give some with -T module:function.")

    async def _run(self, argument: str) -> None:
        """The user's own code needs nobody's consent."""
        kernel = self._session.kernel
        halt = Halt(self._ctrl_c.pressed, None)
        self._presenter.begin("running the code")
        execution = await halt.guard(
            lambda: kernel.execute(
                argument, toolbox=self._session.own_tools, emit=self._session.emit
            ),
            kernel.interrupt,
        )
        if execution is not None:
            self._session.show(_as_step(argument, execution))

    async def _vars(self, argument: str) -> None:
        variables = await self._session.kernel.variables()
        lines = [f"{each.name}: {each.type} = {each.preview}" for each in variables]
        self._presenter.tell("\n".join(lines) or "There are no variables yet.")

    async def _files(self, argument: str) -> None:
        workspace = self._session.kernel.workspace
        paths = sorted(path for path in workspace.rglob("*") if path.is_file())
        shown = [path.relative_to(workspace) for path in paths]
        lines = [
            f"{path}  {(workspace / path).stat().st_size:,} bytes"
            for path in shown
            if not path.parts[0].startswith(".")
        ]
        self._presenter.tell("\n".join([*lines, place(workspace)]))

    async def _undo(self, argument: str) -> None:
        self._presenter.notice(NOTHING_SAID if self._conversation.undo() is None else UNDONE)

    async def _retry(self, argument: str) -> None:
        said = self._conversation.undo()
        if said is None:
            self._presenter.notice(NOTHING_SAID)
        else:
            pressed = self._ctrl_c.pressed
            self._finish(await self._session.say(said.content, pressed, media=said.media))

    async def _edit(self, argument: str) -> None:
        said = self._conversation.undo()
        if said is None:
            self._presenter.notice(NOTHING_SAID)
        else:
            self._draft = without_files(said.content)

    async def _reset(self, argument: str) -> None:
        self._conversation.reset()
        self._presenter.notice(RESET)

    async def _save(self, argument: str) -> None:
        text = transcript(self._conversation.turns, self._conversation.agent.model.name)
        path = Path(argument or self._session.folder / "conversation.md")
        self._presenter.tell(save(text, path, replace=not argument))

    async def _usage(self, argument: str) -> None:
        usage = self._session.usage
        cost = "cost unknown" if usage.cost is None else dollars(usage.cost)
        detail = f"{usage.input_tokens:,} in ({usage.cached_tokens:,} cached)"
        self._presenter.tell(f"{tokens(usage)}: {detail}, {usage.output_tokens:,} out · {cost}")

    async def _system(self, argument: str) -> None:
        self._presenter.tell(self._conversation.system.content)

    async def _approve(self, argument: str) -> None:
        modes = get_args(Approve)
        if argument and argument not in modes:
            self._presenter.notice(NO_MODE.format(mode=argument, modes=", ".join(modes)))
            return
        for mode in modes:
            if mode == argument:
                self._session.approve_mode(mode)
        rule = self._conversation.gate.approval.rule
        self._presenter.tell(f"{self._session.options.approve}: {asking.meaning(rule)}")


def save(text: str, path: Path, *, replace: bool) -> str:
    """Write a file and say so, or say why not."""
    path = path.expanduser()
    if path.exists() and not replace:
        return f"{place(path)} exists already. Name another file."
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        return f"{place(path)} cannot be written: {error.strerror}."
    return f"Saved to {place(path)}"


def _as_step(code: str, execution: Execution) -> StepFinished:
    """The user's own cell in the shape in which cells are shown."""
    media: tuple[Media, ...] = execution.media
    step = Step(
        completion=Completion(text=""),
        reply=Message(role="assistant", content=""),
        action=CodeAction(code=code),
        observation=Observation(
            text=execution.text,
            source="interpreter",
            ok=execution.ok,
            error=execution.error,
            media=media,
        ),
    )
    return StepFinished(index=0, step=step)
