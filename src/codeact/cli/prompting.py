"""Where the chat's lines come from: an editor on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from codeact.cli.keyboard import read_line
from codeact.cli.slash import COMMANDS

if TYPE_CHECKING:
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

PROMPT = "> "


class Prompting(Protocol):
    """Asks the user for the next message."""

    async def line(self, default: str = "") -> str:
        """One message, `default` to begin with. Raises EOFError at the end of the input and
        Abandoned when Ctrl-C gave up on the line.
        """


class Abandoned(Exception):
    """The user pressed Ctrl-C; `text` is what had been typed."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def prompting(environ: Mapping[str, str]) -> Prompting:
    """What fits the input."""
    if not sys.stdin.isatty():
        return _Lines()
    if environ.get("TERM", "dumb").lower() in ("dumb", "unknown", ""):
        return _Typed()
    return _Editor(_history_file())


class _Lines:
    """Messages from a file or a pipe, one a line."""

    async def line(self, default: str = "") -> str:
        import anyio

        text: str = await anyio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)
        if not text:
            raise EOFError
        return text.rstrip("\n")


class _Typed:
    """A terminal that cannot move its cursor."""

    async def line(self, default: str = "") -> str:
        text = await read_line(PROMPT)
        if text is None:
            raise EOFError
        return text.rstrip("\n")


class _Editor:
    """Multi-line editing with history and completion."""

    def __init__(self, history: Path) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.history import FileHistory

        self._session: PromptSession[str] = PromptSession(
            history=FileHistory(str(history)),
            multiline=True,
            key_bindings=_keys(),
            completer=_completer(),
            complete_while_typing=True,
            prompt_continuation=lambda width, number, wrapped: "  " if wrapped else "· ",
        )

    async def line(self, default: str = "") -> str:
        try:
            return await self._session.prompt_async(PROMPT, default=default)
        except KeyboardInterrupt:
            raise Abandoned(self._session.default_buffer.text) from None


def _keys() -> KeyBindings:
    from prompt_toolkit.filters import completion_is_selected
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()

    @keys.add("enter", filter=~completion_is_selected)
    def _send(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _break(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys


def _completer() -> Completer:
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document

    class Commands(Completer):
        def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
            typed = document.text
            for usage, meaning in COMMANDS.items():
                name = usage.partition(" ")[0]
                if typed.startswith("/") and name.startswith(typed) and name != typed:
                    yield Completion(
                        name, start_position=-len(typed), display=usage, display_meta=meaning
                    )

    return Commands()


def _history_file() -> Path:
    """Readable by its user alone."""
    import platformdirs

    folder = Path(platformdirs.user_state_dir("codeact", appauthor=False))
    folder.mkdir(parents=True, exist_ok=True)
    history = folder / "history"
    history.touch(mode=0o600)
    return history
