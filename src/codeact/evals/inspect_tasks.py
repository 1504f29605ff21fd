"""The benchmarks as tasks of Inspect: `inspect eval codeact/m3tooleval --model …` (extra inspect).

Inspect asks the model, keeps the log and draws it; episodes, worlds and grading are ours, so that
scores are the same as those of `codeact eval`. Inspect finds this module by its entry point.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    GenerateConfig,
    ModelOutput,
    get_model,
)
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import ToolCall, ToolInfo

from codeact.errors import ConfigError, ContextOverflow, ModelError
from codeact.evals import Suite
from codeact.evals.catalogue import Choice, opened
from codeact.evals.no_interpreter import NoInterpreter
from codeact.evals.runs import CODE_FORMATS, kernel
from codeact.events import Emit, TextDelta, ignore
from codeact.messages import Completion, Message, NativeCall, Sampling, ToolSchema, Usage
from codeact.models import Until, never
from codeact.rollout import rollout
from codeact.trajectory import StopReason, from_json, to_json

KEPT = "codeact:trajectory"
NO_DOMAIN = "No task of {benchmark} is of the domain {domain!r}."
_PIECE = 24


@task
def m3tooleval(
    format: str = "code",
    protocol: str = "default",
    grader: str = "fixed",
    edition: str = "own",
    data_dir: str | None = None,
    domain: str | None = None,
    max_turns: int | None = None,
) -> Task:
    """M3ToolEval in one action format; one task argument (-T) for each flag of `codeact eval`."""
    chosen: Any = {"protocol": protocol, "grader": grader, "edition": edition}
    return _task("m3tooleval", format, data_dir, domain, max_turns, **chosen)


@task
def mint(format: str = "code", data_dir: str | None = None, domain: str | None = None) -> Task:
    """MINT."""
    return _task("mint", format, data_dir, domain)


@task
def gsm8k(format: str = "code", data_dir: str | None = None, domain: str | None = None) -> Task:
    """GSM8K."""
    return _task("gsm8k", format, data_dir, domain)


@task
def gsm_hard(format: str = "code", data_dir: str | None = None, domain: str | None = None) -> Task:
    """GSM-Hard."""
    return _task("gsm-hard", format, data_dir, domain)


@task
def math(format: str = "code", data_dir: str | None = None, domain: str | None = None) -> Task:
    """MATH; a domain is a subject."""
    return _task("math", format, data_dir, domain)


@task
def humaneval(format: str = "code", data_dir: str | None = None, domain: str | None = None) -> Task:
    """HumanEval."""
    return _task("humaneval", format, data_dir, domain)


@task
def mbpp(format: str = "code", data_dir: str | None = None, domain: str | None = None) -> Task:
    """The test part of MBPP."""
    return _task("mbpp", format, data_dir, domain)


@task
def wikitablequestions(
    format: str = "code", data_dir: str | None = None, domain: str | None = None
) -> Task:
    """WikiTableQuestions' test set."""
    return _task("wikitablequestions", format, data_dir, domain)


def _task(
    name: str,
    format: str,
    data_dir: str | None,
    domain: str | None,
    max_turns: int | None = None,
    **choice: Any,
) -> Task:
    """Raises ConfigError, DataError."""
    named = data_dir or os.environ.get("CODEACT_DATA")
    benchmark = opened(name, Choice(data_dir=Path(named) if named else None, **choice))
    rows = [row for row in benchmark.listing() if domain in (None, row["domain"])]
    if not rows:
        raise ConfigError(NO_DOMAIN.format(benchmark=name, domain=domain))
    samples = [
        Sample(
            id=row["id"],
            input=row["id"],
            target="" if row["answer"] is None else str(row["answer"]),
            metadata={"domain": row["domain"]},
        )
        for row in rows
    ]
    rules = benchmark.rules
    return Task(
        dataset=MemoryDataset(samples, name=name),
        solver=live(benchmark, format, max_turns),
        scorer=graded(benchmark),
        epochs=rules.epochs,
        config=GenerateConfig(**_sampled(rules.sampling)),
        name=name.replace("-", "_"),
        metadata={
            **benchmark.settings,
            "format": format,
            "max_turns": max_turns or rules.max_turns,
        },
    )


@solver
def live(benchmark: Suite, format: str, max_turns: int | None) -> Solver:
    """Live the sample's task once. An episode that the world ended is an error of the sample."""
    tasks = {each.id: each for each in benchmark.tasks()}

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        agent = benchmark.agent(InspectModel(), format, max_turns=max_turns, sampling=Sampling())
        needed = benchmark.furnished or agent.format.name in CODE_FORMATS
        lived = await rollout(
            agent, tasks[str(state.sample_id)], kernel if needed else NoInterpreter
        )
        if lived.stop_reason is StopReason.FAILED:
            raise RuntimeError(lived.error)
        state.store.set(KEPT, to_json(lived))
        state.messages = [_chat(message) for message in lived.messages()]
        state.output = ModelOutput.from_content(state.model.name, lived.answer or "")
        return state

    return solve


@scorer(metrics=[accuracy(), stderr()])
def graded(benchmark: Suite) -> Scorer:
    """What the benchmark says about the trajectory."""
    tasks = {each.id: each for each in benchmark.tasks()}

    async def score(state: TaskState, target: Target) -> Score:
        lived = from_json(state.store.get(KEPT))
        found = benchmark.score(tasks[str(state.sample_id)], lived)
        return Score(
            value=int(found.solved),
            answer=lived.answer,
            explanation=found.kind,
            metadata={"first": found.first, "turns": found.turns, "kind": found.kind},
        )

    return score


@dataclass(frozen=True, slots=True)
class InspectModel:
    """The model that Inspect was told to evaluate, behind our door. Sampling that is left open is
    Inspect's.
    """

    @property
    def name(self) -> str:
        return str(get_model())

    @property
    def context_tokens(self) -> int | None:
        return None

    @property
    def sees(self) -> bool:
        return False

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
        output = await get_model().generate(
            [_chat(message) for message in messages],
            tools=[_tool(schema) for schema in tools],
            config=GenerateConfig(stop_seqs=list(stop) or None, **_sampled(sampling)),
        )
        if output.stop_reason == "model_length":
            raise ContextOverflow(output.error or "The prompt is longer than the model can read.")
        if output.error is not None:
            raise ModelError(output.error)
        text = _cut(output.completion, stop, until)
        emit(TextDelta(text=text))
        length = output.stop_reason == "max_tokens" and text == output.completion
        filtered = output.stop_reason == "content_filter"
        return Completion(
            text=text,
            finish_reason="filter" if filtered else "length" if length else "stop",
            usage=_usage(output),
            calls=tuple(
                NativeCall(id=call.id, name=call.function, arguments=json.dumps(call.arguments))
                for call in output.message.tool_calls or ()
            ),
            seconds=output.time or 0.0,
        )

    async def aclose(self) -> None:
        """The model is Inspect's."""


def _sampled(sampling: Sampling) -> dict[str, Any]:
    wished = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "seed": sampling.seed,
    }
    return {name: value for name, value in wished.items() if value is not None}


def _cut(text: str, stop: Sequence[str], until: Until) -> str:
    """A reply that was not streamed, as it would have ended if it had been."""
    places = [place for each in stop if each and (place := text.find(each)) >= 0]
    text = text[: min(places, default=len(text))]
    if until is never or not until(text):
        return text
    ends = range(_PIECE, len(text), _PIECE)
    return next((text[:end] for end in ends if until(text[:end])), text)


def _usage(output: ModelOutput) -> Usage:
    """Inspect keeps the money; here it is unknown."""
    used = output.usage
    if used is None:
        return Usage(cost=None, estimated=True)
    return Usage(
        input_tokens=used.input_tokens + (used.input_tokens_cache_read or 0),
        output_tokens=used.output_tokens,
        cached_tokens=used.input_tokens_cache_read or 0,
        reasoning_tokens=used.reasoning_tokens or 0,
        cost=None,
    )


def _chat(message: Message) -> ChatMessage:
    match message.role:
        case "system":
            return ChatMessageSystem(content=message.content)
        case "user":
            return ChatMessageUser(content=message.content)
        case "tool":
            return ChatMessageTool(content=message.content, tool_call_id=message.call_id)
        case "assistant":
            calls = [
                ToolCall(id=call.id, function=call.name, arguments=_arguments(call.arguments))
                for call in message.calls
            ]
            return ChatMessageAssistant(content=message.content, tool_calls=calls or None)


def _arguments(text: str) -> dict[str, Any]:
    """Arguments that are no JSON object were told the model as such; Inspect has no word for it."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _tool(schema: ToolSchema) -> ToolInfo:
    return ToolInfo.model_validate(
        {
            "name": schema.name,
            "description": schema.description,
            "parameters": json.loads(schema.parameters),
        }
    )
