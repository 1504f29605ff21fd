"""The loop: a model acts in an environment until the user is content or a limit is reached."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio

from codeact.actions import Action, Answer, CodeAction, InvalidAction, ToolCall
from codeact.compaction import compact, estimated_tokens
from codeact.environment import Environment
from codeact.errors import CodeActError, ConfigError, ContextOverflow, ModelError
from codeact.events import ActionParsed, Compacted, Emit, StepFinished, ignore
from codeact.formats import ActionFormat
from codeact.halting import Budget, Halt, Listener
from codeact.interpreter import Interpreter
from codeact.messages import Completion, Message, Sampling, Usage
from codeact.models import Model
from codeact.observations import Observation
from codeact.trajectory import Step, StopReason, Trajectory, follow

FULL = 0.85
"""The share of a known context window at which old observations are shortened."""

NUDGE = """\
[You have sent the same failing action {times} times. Repeating it will not help: find out why \
it fails and try something different, or answer with what you know.]"""

FINAL_TURN = """\
[That was your last action: {steps} of {steps} steps are used. Answer the user now, in plain \
language, from what you have found; say plainly what is missing.]"""

TRUNCATED = """\
Your reply was cut off at its length limit{limit}, so nothing was done with it. Reply again \
and be briefer: one small action, or a short answer."""

CUT_SHORT = {
    StopReason.INTERRUPTED: "[The user interrupted you here. The reply above is incomplete.]",
    StopReason.TIME_BUDGET: "[The time budget ran out here. The reply above is incomplete.]",
}
STOPPED = "[Stopped before it returned.]"
NOT_RUN = "[Not run: no steps were left.]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A model, a format and limits. Frozen and stateless: one agent may run many episodes at once.

    `final_turn` grants one extra turn to answer in when `max_steps` actions are used up. After
    `patience` identical failing actions in a row the model is nudged, after one more the episode
    ends as stuck; None lets it go on.
    """

    model: Model
    format: ActionFormat
    sampling: Sampling = field(default_factory=Sampling)
    max_steps: int = 20
    budget: Budget = field(default_factory=Budget)
    final_turn: bool = True
    patience: int | None = 3

    async def run(
        self,
        messages: Sequence[Message],
        environment: Environment,
        emit: Emit = ignore,
        interrupt: anyio.Event | None = None,
    ) -> Trajectory:
        """Act until something stops it, and return the record; the world's faults end it `failed`,
        a prompt that outgrows the model `context_limit`.

        Setting `interrupt` stops the running cell or the reply being written, keeps the
        interpreter's state and ends with the stop reason `interrupted`. On cancellation nothing is
        returned, but every finished step has been emitted.
        """
        episode = _Episode(self, tuple(messages), environment, emit, interrupt)
        reason: StopReason | None = None
        error = None
        try:
            while reason is None:
                await episode.turn()
                reason = episode.over()
            if reason is StopReason.STEP_LIMIT and self.final_turn:
                await episode.turn(final=True)
        except ContextOverflow as failure:
            reason, error = StopReason.CONTEXT_LIMIT, str(failure)
        except CodeActError as failure:
            reason, error = StopReason.FAILED, str(failure)
        return Trajectory(
            prompt=episode.prompt,
            steps=tuple(episode.steps),
            stop_reason=reason,
            error=error,
            metadata={"model": self.model.name, "format": self.format.name},
            setting=setting(environment.interpreter),
        )


class _Episode:
    """What changes while one episode is lived; gone when `run` returns."""

    def __init__(
        self,
        agent: Agent,
        prompt: tuple[Message, ...],
        environment: Environment,
        emit: Emit,
        interrupt: anyio.Event | None,
    ) -> None:
        self.agent = agent
        self.prompt = prompt
        self.environment = environment
        self.halt = Halt(interrupt, agent.budget.seconds)
        self.listener = Listener(emit, self.halt)
        self.steps: list[Step] = []
        self.context: tuple[Message, ...] | None = None
        self.repeats = 0
        self.tools = environment.toolbox.schemas() if agent.format.native else ()

    async def turn(self, *, final: bool = False) -> None:
        """One reply, its action, its observation. In the final turn only an answer is acted on."""
        completion = await self.halt.guard(self._complete)
        if completion is None:
            self._cut_short()
            return
        action = self._parse(completion)
        self.listener.emit(ActionParsed(action=action))
        if final and not isinstance(action, Answer):
            observation = Observation(text=NOT_RUN, source="format", ok=False, error="StepLimit")
        else:
            try:
                observation = await self._observe(action)
            except CodeActError as failure:
                self._record(completion, action, _failed(failure))
                raise
        self._record(completion, action, observation)

    def over(self) -> StopReason | None:
        """Why the episode ends here, if it does."""
        if self.steps and self.steps[-1].observation.done:
            return StopReason.ANSWERED
        if self.halt.reason is not None:
            return self.halt.reason
        patience = self.agent.patience
        if patience is not None and self.repeats > patience:
            return StopReason.STUCK
        spent = self.agent.budget.spent(self._usage())
        if spent is None and len(self.steps) >= self.agent.max_steps:
            return StopReason.STEP_LIMIT
        return spent

    async def _complete(self) -> Completion:
        """The next reply; a context that is too long is compacted, gently first."""
        await self._keep_room()
        for hard in (False, True):
            try:
                return await self._ask()
            except ContextOverflow:
                if not (await self._compact(hard=hard) or await self._compact(hard=True)):
                    raise
        return await self._ask()

    async def _ask(self) -> Completion:
        self.listener.begin()
        format, model = self.agent.format, self.agent.model
        completion = await model.complete(
            self._messages(),
            stop=format.stop,
            until=format.ended,
            tools=self.tools,
            sampling=self.agent.sampling,
            emit=self.listener.emit,
        )
        if completion.finish_reason == "filter":
            raise ModelError(f"{model.name}: the provider's content filter ended the reply.")
        if self.agent.budget.cost is not None and completion.usage.cost is None:
            raise ConfigError(
                f"The price of {model.name} is unknown, so a cost budget of "
                f"${self.agent.budget.cost:g} cannot be kept. Give a token budget instead."
            )
        return completion

    def _messages(self) -> list[Message]:
        if self.context is not None:
            return list(self.context)
        return follow(self.prompt, self.steps, len(self.steps))

    async def _keep_room(self) -> None:
        """Compact before a known context window is full."""
        window = self.agent.model.context_tokens
        if window is None:
            return
        room = FULL * (window - (self.agent.sampling.max_tokens or 0))
        for hard in (False, True):
            if self._size() <= room:
                return
            await self._compact(hard=hard)

    def _size(self) -> int:
        """Tokens of the next prompt, counted by the provider as far as it can be."""
        if self.steps and self.context is None:
            usage, feedback = self.steps[-1].completion.usage, self.steps[-1].feedback
            if usage.input_tokens and not usage.estimated:
                return usage.total_tokens + estimated_tokens([feedback] if feedback else [])
        return estimated_tokens(self._messages())

    async def _compact(self, *, hard: bool) -> bool:
        """Whether anything could be shortened."""
        variables = await self.environment.interpreter.variables()
        context, removed = compact(self._messages(), variables, hard=hard)
        if removed:
            self.context = context
            self.listener.emit(Compacted(removed=removed))
        return removed > 0

    def _parse(self, completion: Completion) -> Action:
        format = self.agent.format
        cut_off = completion.finish_reason == "length" and not completion.calls
        if cut_off and not format.ended(completion.text):
            limit = self.agent.sampling.max_tokens
            reason = TRUNCATED.format(limit=f" of {limit} tokens" if limit else "")
            return InvalidAction(reason=reason, kind="truncated")
        return format.parse(completion.text, completion.calls)

    async def _observe(self, action: Action) -> Observation:
        runs = isinstance(action, CodeAction)
        observation = await self.halt.guard(
            lambda: self.environment.step(action, self.listener.emit),
            self.environment.interrupt if runs else None,
        )
        if observation is None:
            return Observation(text=STOPPED, source="tool", ok=False, error="Interrupted")
        return observation

    def _record(self, completion: Completion, action: Action, observation: Observation) -> None:
        reply = self.agent.format.reply(completion.text, completion.calls)
        self._count_repeats(action, reply, observation)
        feedback = None
        if not observation.done:
            feedback = self.agent.format.render(action, observation)
            content = "\n\n".join([feedback.content, *self._remarks()])
            shown = observation.source in ("interpreter", "tool")
            feedback = dataclasses.replace(feedback, content=content, observed=shown)
        self._append(
            Step(
                completion=completion,
                reply=reply,
                action=action,
                observation=observation,
                feedback=feedback,
                context=self.context,
                decisions=tuple(self.listener.decisions),
            )
        )

    def _append(self, step: Step) -> None:
        self.context = None
        self.steps.append(step)
        self.listener.emit(StepFinished(index=len(self.steps) - 1, step=step))

    def _count_repeats(self, action: Action, reply: Message, observation: Observation) -> None:
        previous = self.steps[-1] if self.steps else None
        same = (
            previous is not None
            and not observation.ok
            and not previous.observation.ok
            and _gist(action, reply) == _gist(previous.action, previous.reply)
        )
        self.repeats = self.repeats + 1 if same else int(not observation.ok)

    def _remarks(self) -> list[str]:
        """What the model is told besides the observation."""
        remarks = []
        if self.repeats == self.agent.patience:
            remarks.append(NUDGE.format(times=self.repeats))
        steps = self.agent.max_steps
        if self.agent.final_turn and len(self.steps) + 1 == steps and self.halt.reason is None:
            remarks.append(FINAL_TURN.format(steps=steps))
        return remarks

    def _cut_short(self) -> None:
        """Keep what was written of a reply when a halt cut it off."""
        text, reason = self.listener.text, self.halt.reason
        if not text or reason is None:
            return
        usage = Usage(output_tokens=len(text) // 4, estimated=True)
        note = CUT_SHORT[reason]
        self._append(
            Step(
                completion=Completion(text=text, finish_reason="interrupted", usage=usage),
                reply=Message(role="assistant", content=text),
                action=InvalidAction(reason=note, kind="interrupted"),
                observation=Observation(text=note, source="user", ok=False, error="Interrupted"),
                feedback=Message(role="user", content=note),
                context=self.context,
            )
        )

    def _usage(self) -> Usage:
        return sum((step.completion.usage for step in self.steps), Usage())


def setting(interpreter: Interpreter) -> dict[str, Any]:
    """What code runs in, for the record; empty where no code has been waited for."""
    report = interpreter.report
    return {} if report is None else {"sandbox": report.plain()}


def _failed(failure: CodeActError) -> Observation:
    return Observation(
        text=str(failure), source="interpreter", ok=False, error=type(failure).__name__
    )


def _gist(action: Action, reply: Message) -> object:
    """What makes two actions the same, whatever was said around them."""
    match action:
        case CodeAction(code=code):
            return code
        case ToolCall(name=name, args=args, kwargs=kwargs):
            return name, repr(args), repr(kwargs)
        case Answer() | InvalidAction():
            return reply.content
