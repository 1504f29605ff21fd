"""Draws a run on a terminal: what is being written moves, what is complete stays. The only room
that knows colour.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TextIO

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment
from rich.syntax import Syntax
from rich.text import Text

from codeact.actions import Action, Answer, CodeAction, InvalidAction, ToolCall
from codeact.cli.folding import streamed, thought
from codeact.cli.harmless import clean, visible
from codeact.cli.plain import call_text, compact_notice, observed, retry_notice
from codeact.cli.presenter import Outcome, duration, place
from codeact.events import (
    ActionParsed,
    ApprovalAsked,
    ApprovalGiven,
    Compacted,
    Event,
    OutputDelta,
    ReasoningDelta,
    Retrying,
    StepFinished,
    TextDelta,
)
from codeact.trajectory import Step

TAIL_LINES = 12
"""At most so many lines move; the end of what is written just now."""

RECENT = 8_000
"""Characters of a growing text that can still be in its tail."""

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
WIDEST = 100


class _Now:
    """What is going on at this moment; drawn anew several times a second."""

    def __init__(self) -> None:
        self.doing = ""
        self.since = time.monotonic()
        self.reply = ""
        self.reasoning = ""
        self.output = ""

    def turn_to(self, doing: str) -> None:
        if doing != self.doing:
            self.doing, self.since = doing, time.monotonic()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = max(1, min(TAIL_LINES, console.height - 4))
        tail = console.render_lines(self._tail(), options, pad=False)[-room:]
        for line in tail:
            yield from line
            yield Segment.line()
        elapsed = time.monotonic() - self.since
        spinner = FRAMES[int(elapsed * 8) % len(FRAMES)]
        status = f"{spinner} {self.doing} · {duration(elapsed)} · Ctrl-C stops"
        yield Text(status, style="cyan", no_wrap=True, overflow="ellipsis")

    def _tail(self) -> RenderableType:
        if self.output:
            return _Indented(clean(self.output[-RECENT:]), "dim")
        if self.reply:
            said, action = streamed(self.reply[-RECENT:])
            return Group(
                *([Text(clean(said))] if said else []), *([code(action)] if action else [])
            )
        if self.reasoning:
            return Text(clean(self.reasoning[-RECENT:]), style="dim italic")
        return Group()


class _Indented:
    """Text two columns to the right, also where it wraps."""

    def __init__(self, text: str, style: str) -> None:
        self._text = Text(text, style=style)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(1, options.max_width - 2)
        for line in self._text.wrap(console, width, overflow="fold"):
            yield Text("  ").append_text(line)


class Screen:
    """Progress on one console, answers on another; both may be the same terminal."""

    def __init__(
        self, *, answer: Callable[[str], None], progress: TextIO, stream: bool = True
    ) -> None:
        self.console = Console(file=progress, highlight=False, emoji=False, markup=False)
        self._answer = answer
        self._stream = stream
        self._now = _Now()
        self._live: Live | None = None
        self._text = ""
        self._parsed = False
        self._asking = False

    def begin(self, doing: str = "thinking") -> None:
        self._fresh(doing)
        self.resume()

    def show(self, event: Event, pictures: Sequence[Path] = ()) -> None:
        self._asking &= not isinstance(event, ApprovalGiven | StepFinished)
        self.resume()
        match event:
            case ApprovalAsked(question=question):
                if isinstance(question.action, ToolCall):
                    self._print(self._rule("approve"), code(question.text), self._rule())
                self.pause()
                self._asking = True
            case ApprovalGiven(consent=None):
                self._print()
            case TextDelta(text=text):
                self._text += text
                self._now.turn_to("writing")
                if self._stream:
                    self._now.reply = self._text
            case ReasoningDelta(text=text):
                if self._stream:
                    self._now.reasoning += text
            case OutputDelta(text=text):
                if self._stream:
                    self._now.output = (self._now.output + text)[-2 * RECENT :]
            case Retrying():
                self._fresh("waiting to try again")
                self.notice(retry_notice(event))
            case Compacted():
                self.notice(compact_notice(event))
            case ActionParsed(action=action):
                self._parsed = True
                self._now.reply = self._now.reasoning = ""
                self._action(action)
            case StepFinished(step=step):
                self._step(step, pictures)

    def pause(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def resume(self) -> None:
        if self._live is None and not self._asking:
            self._live = Live(
                self._now,
                console=self.console,
                refresh_per_second=8,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def notice(self, text: str) -> None:
        self._print(Text(clean(text), style="yellow"))

    def tell(self, text: str) -> None:
        self._print(Text(clean(text)))

    def finish(self, outcome: Outcome) -> None:
        self.pause()
        if outcome.answer is not None:
            self._print()
            self._answer(outcome.answer)
        if outcome.error:
            self._print(Text(f"Error: {clean(outcome.error)}", style="bold red"))
        if outcome.seconds:
            self._print()
            for file in outcome.files:
                self._print(Text(clean(place(file)), style="green"), whole=True)
            where = "" if outcome.folder is None else f" · {clean(place(outcome.folder))}"
            self._print(Text(outcome.summary + where, style="dim"), whole=True)

    def _fresh(self, doing: str = "thinking") -> None:
        """Nothing of the next reply has been seen."""
        self._text, self._parsed = "", False
        self._now.reply = self._now.reasoning = self._now.output = ""
        self._now.turn_to(doing)

    def _action(self, action: Action) -> None:
        match action:
            case CodeAction(code=source):
                self._now.turn_to("running the code")
                self._thought(action)
                self._print(self._rule("Python"), code(source), self._rule())
            case ToolCall(name=name):
                self._now.turn_to(f"calling {clean(name)}")
                self._thought(action)
                self._print(self._rule("tool"), code(call_text(action)), self._rule())
            case InvalidAction(reason=reason):
                self._thought(action)
                first = clean(reason).partition("\n")[0]
                self.notice(f"The reply could not be used: {first}")
            case Answer():
                pass

    def _thought(self, action: Action) -> None:
        said = clean(thought(self._text, action))
        self._print(*(["", markdown(said)] if said else [""]))

    def _step(self, step: Step, pictures: Sequence[Path]) -> None:
        if not self._parsed:
            self._thought(step.action)
        if step.observation.source in ("interpreter", "tool"):
            self._print(*self._observed(step))
        for path in pictures:
            self._print(Text(f"  plot: {clean(place(path))}", style="green"), whole=True)
        self._fresh()

    def _observed(self, step: Step) -> Iterable[RenderableType]:
        folded = observed(step.observation)
        remark = Text(f"  {folded.remark}", style="italic dim")
        if folded.hidden and folded.from_end:
            yield remark
        for number, line in enumerate(folded.lines, 1):
            last = number == len(folded.lines)
            failed = "bold red" if last else "red"
            yield _Indented(line, "dim" if step.observation.ok else failed)
        if folded.hidden and not folded.from_end:
            yield remark

    def _rule(self, title: str = "") -> Text:
        width = min(self.console.width, WIDEST)
        head = f"── {title} " if title else ""
        return Text(head + "─" * (width - len(head)), style="blue", no_wrap=True, overflow="crop")

    def _print(self, *parts: RenderableType, whole: bool = False) -> None:
        """Lines that stay. With `whole` the terminal does the wrapping, so that a path can be
        copied.
        """
        for part in parts or ("",):
            self.console.print(part, soft_wrap=whole)


def rich_answer(stream: TextIO) -> Callable[[str], None]:
    """Writes an answer as rendered Markdown."""

    def write(answer: str) -> None:
        Console(file=stream, highlight=False, emoji=False).print(markdown(clean(answer)))

    return write


def markdown(text: str) -> Markdown:
    """Line breaks stay where they are written; the addresses of links are spelled out."""
    return Markdown(
        "\n".join(_with_breaks(text)), hyperlinks=False, code_theme="ansi_dark", justify="left"
    )


def code(source: str) -> Text:
    """Highlighted Python without a background, so that it can be copied."""
    syntax = Syntax("", "python", theme="ansi_dark", background_color="default")
    text = syntax.highlight(visible(source))
    text.rstrip()
    return text


def _with_breaks(text: str) -> Iterable[str]:
    fenced = False
    for line in text.split("\n"):
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        yield line if fenced or not line.strip() else f"{line}  "
