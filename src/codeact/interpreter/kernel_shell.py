"""IPython's shell as the kernel needs it: no terminal, no history, no colours, nothing on disk.

Only the kernel imports this room.
"""

from __future__ import annotations

import ast
import asyncio
import base64
import builtins
import contextlib
import linecache
import os
import selectors
import subprocess
import sys
import warnings
from collections.abc import Callable, Coroutine
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from codeact.interpreter.kernel_display import Display, Result
from codeact.interpreter.kernel_output import Output
from codeact.interpreter.kernel_plain_cell import PlainCells
from codeact.interpreter.kernel_preflight import Compile, Preflight, SignatureOf, no_tools
from codeact.interpreter.kernel_traceback import CELL, NOT_PYTHON, refusal, render

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

MAX_MEDIA = 12_000_000
"""Characters of all rich values of one cell."""
MAX_REPR = 1_000_000
"""Items of a text of which the last expression shows the representation."""
_MEDIA_TYPES = ("image/png", "image/jpeg", "image/svg+xml", "text/html")
_TEXT_TYPES = ("text/markdown", "text/latex")

EXITED = "[exit({code!r}) ended this cell. The session goes on and its variables are kept.]\n"
TOO_MUCH_MEDIA = "[a {kind} of {size:,} characters is too large to be shown]\n"
LONG_INTEGER = "<an integer of about {digits:,} digits>"
DAMAGED = "[The session's own machinery failed after this cell: {error}. Variables are kept.]\n"


class Compiler(CachingCompiler):
    """Names the code of a cell so that a traceback says where it is."""

    cell = 0
    nested = 0

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        piece = f".{self.nested}" if self.nested else ""
        type(self).nested += 1
        return f"{CELL}{self.cell}{piece}>"

    def cache(self, transformed_code: str, number: int = 0, raw_code: str | None = None) -> str:
        name = self.get_code_name(raw_code or "", transformed_code, number)
        lines = transformed_code.splitlines(True)
        lines[-1:] = [line.rstrip("\n") + "\n" for line in lines[-1:]]  # as in files: carets count
        linecache.cache[name] = (len(transformed_code), None, lines, name)
        return name


class Shell(InteractiveShell):
    """One namespace. `run` executes a cell and tells how it ended."""

    compiler_class = Compiler
    displayhook_class = Result
    display_pub_class = Display
    db: Any = {}  # noqa: RUF012 - one shell per process
    output: Output
    failure: BaseException | None = None
    tell_error: Callable[[BaseException, str], None]
    media: list[list[str]]
    cell = ""
    intercept: Callable[[str], bool] = staticmethod(lambda line: False)
    """Whether somebody else has done what the line asks of the system's shell."""
    preflight: Preflight | None = None
    """Looks at cells before they run; with it errors are explained."""
    signature_of: SignatureOf = staticmethod(no_tools)
    _begun = False
    _loop: asyncio.AbstractEventLoop | None = None
    _plain: PlainCells

    @classmethod
    def open(cls, output: Output) -> Shell:
        """The process' one shell."""
        config = Config()
        config.HistoryManager.enabled = False
        config.HistoryManager.hist_file = ":memory:"
        config.InteractiveShell.colors = "nocolor"
        config.InteractiveShell.cache_size = 0  # Out would keep every large result alive
        shell = cls.instance(config=config)
        shell.output = output
        shell.tell_error = lambda error, text: output.note(text)
        shell.media = []
        shell.loop_runner = shell._run_coroutine
        shell._prepare()
        return shell

    def _prepare(self) -> None:
        formatter: Any = self.display_formatter
        formatter.active_types = ["text/plain", *_MEDIA_TYPES, *_TEXT_TYPES]
        plain = formatter.formatters["text/plain"]
        plain.for_type(str, _print_text)
        plain.for_type(bytes, _print_text)
        plain.for_type(int, _print_integer)
        hook: Any = self.displayhook
        hook.usual = {kind: plain.type_printers.get(kind) for kind in (bool, int, float)}
        transforms = self.input_transformer_manager.cleanup_transforms
        transforms[:2] = [_keep_leading_lines]
        for name, value in (("exit", _exit), ("quit", _exit)):
            self.user_ns[name] = self.user_ns_hidden[name] = value
        warnings.filterwarnings("ignore", message="To exit: use")
        warnings.filterwarnings("ignore", message="coroutine 'InteractiveShell.run_cell_async'")
        self._plain = PlainCells(self)

    def settle(self, folder: str) -> None:
        """Work in this folder. Without the traits' checks and news: they touch 50 pages."""
        self._trait_values["ipython_dir"] = folder

    def run(self, number: int, code: str) -> None:
        """Run one cell; `failure` and `media` tell what came of it."""
        self.failure = None
        self.media = []
        Compiler.cell, Compiler.nested = number, 0
        self._trait_values["execution_count"] = number  # nobody observes it
        self.cell = code
        self._begun = False
        if not self._plain.run(number, code):
            Compiler.nested = 0
            self.run_cell(code, store_history=True)  # type: ignore[no-untyped-call]
        self.user_ns.pop(f"_i{number}", None)

    def explain(self) -> None:
        """Look at cells before they run, and explain errors, from here on."""
        self.preflight = Preflight(self.transform_cell)

    def refuses(self, statements: list[ast.stmt], compiled: Compile | None = None) -> bool:
        """Whether the cell would fail for certain; then that is told, and it must not run.

        `compiled` compiles a statement, where that is not done yet.
        """
        self._begun = True
        preflight = self.preflight
        if preflight is None:
            return False
        doomed = None
        try:
            doomed = preflight.judge(statements, self.user_ns, signature_of=self.signature_of)
            if doomed is None and compiled is not None:
                doomed = preflight.misplaced(statements, self.user_ns, compiled)
        except Exception:  # noqa: BLE001 - a cell that cannot be judged is run
            doomed = None
        if doomed is None:
            preflight.remember(self.cell)
            return False
        self.failure = doomed.error
        file = f"{CELL}{Compiler.cell}>"
        self.tell_error(doomed.error, refusal(doomed.error, doomed.node, doomed.hint, file))
        return True

    async def run_ast_nodes(
        self,
        nodelist: Any,
        cell_name: str,
        interactivity: str = "last_expr",
        compiler: Any = compile,
        result: Any = None,
    ) -> Any:
        def compiled(statement: ast.stmt) -> None:
            flags = compiler.flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # they are given when it is compiled to be run
                module = ast.Module([statement], [])
                compile(module, cell_name, "exec", flags, dont_inherit=True)

        if not self._begun and self.refuses(nodelist, compiled):
            return True
        return await super().run_ast_nodes(nodelist, cell_name, interactivity, compiler, result)

    def _run_coroutine(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Top-level await: on one loop, so that tasks go on in the next such cell."""
        if self._loop is None or self._loop.is_closed():
            self._loop = asyncio.new_event_loop()
        task = self._loop.create_task(coroutine)
        try:
            return self._loop.run_until_complete(task)
        except BaseException:
            if not task.done():
                task.cancel()
                with contextlib.suppress(BaseException):  # the first error is the one to tell
                    self._loop.run_until_complete(task)
            raise

    def renew_loop(self) -> None:
        """In a copy of the process: the copy waits for events of its own."""
        loop: Any = self._loop
        if loop is None or loop.is_closed():
            return
        shared, loop._selector = loop._selector, selectors.DefaultSelector()
        for key in shared.get_map().values():
            loop._selector.register(key.fileobj, key.events, key.data)
        shared.close()
        loop._close_self_pipe()
        loop._make_self_pipe()

    def show(self, data: dict[str, Any]) -> str:
        """Keep the rich forms as media; the text."""
        text = str(data.get("text/plain", ""))
        for kind in _TEXT_TYPES:
            if isinstance(data.get(kind), str) and text.startswith("<IPython"):
                text = data[kind]
        notes = ""
        room = MAX_MEDIA - sum(len(each[1]) for each in self.media)
        for kind in _MEDIA_TYPES:
            value = data.get(kind)
            if isinstance(value, bytes):
                value = base64.b64encode(value).decode()
            if not isinstance(value, str):
                continue
            if len(value) > room:
                notes += TOO_MUCH_MEDIA.format(kind=kind, size=len(value))
                continue
            room -= len(value)
            self.media.append([kind, value])
        return text + "\n" + notes

    def fail(self, error: BaseException) -> None:
        """Show an error under the cell and remember the first."""
        if isinstance(error, SystemExit):
            self.output.note(EXITED.format(code=error.code))
            if error.code in (None, 0):
                return
        elif isinstance(error, UsageError):
            self.tell_error(error, f"UsageError: {error}\n")
        else:
            self.tell_error(error, self._told(error))
        if self.failure is None:
            self.failure = error

    def _told(self, error: BaseException) -> str:
        if self.preflight is None:
            return render(error)
        not_python = not self._begun and isinstance(error, SyntaxError)
        return render(error, explain=True) + (NOT_PYTHON if not_python else "")

    def showtraceback(
        self,
        exc_tuple: Any = None,
        filename: Any = None,
        tb_offset: Any = None,
        exception_only: bool = False,
        running_compiled_code: bool = False,
    ) -> None:
        error = exc_tuple[1] if exc_tuple else sys.exc_info()[1]
        if error is not None:
            self.fail(error)

    def showsyntaxerror(self, filename: Any = None, running_compiled_code: bool = False) -> None:
        self.showtraceback()

    def showindentationerror(self) -> None:
        self.showtraceback()

    def _format_exception_for_storage(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {}

    def system(self, cmd: str) -> None:
        """`!command`: its output goes where Python's goes."""
        line = self.var_expand(cmd, depth=1)  # type: ignore[no-untyped-call]
        if self.intercept(line):
            self.user_ns["_exit_code"] = 0
            return
        self.user_ns["_exit_code"] = subprocess.run(line, shell=True, check=False).returncode

    def enable_gui(self, gui: Any = None) -> None:
        """Plots are pictures: there is no window to serve."""

    def init_ipython_dir(self, ipython_dir: Any) -> None:
        self.ipython_dir = os.getcwd()

    def init_profile_dir(self, profile_dir: Any) -> None:
        """Nothing is read from or written to disk."""

    def init_completer(self) -> None:
        """Nobody types here."""

    def init_virtualenv(self) -> None:
        """The child's interpreter is already the right one."""


def _keep_leading_lines(lines: list[str]) -> list[str]:
    """Dedent as IPython does, but keep blank lines at the head: tracebacks count lines."""
    blank = 0
    while blank < len(lines) and not lines[blank].strip():
        blank += 1
    if blank == len(lines):
        return lines
    first = lines[blank]
    indent = first[: len(first) - len(first.lstrip())]
    rest = [line[len(indent) :] if line.startswith(indent) else line for line in lines[blank:]]
    return rest if rest[0].startswith("%%") else ["\n"] * blank + rest


def _print_text(value: Any, printer: Any, cycle: bool) -> None:
    if len(value) <= MAX_REPR:
        printer.text(repr(value))
    else:
        half = MAX_REPR // 2
        printer.text(f"{value[:half]!r} … {value[-half:]!r}")


def _print_integer(value: int, printer: Any, cycle: bool) -> None:
    try:
        printer.text(repr(value))
    except ValueError:
        printer.text(LONG_INTEGER.format(digits=int(value.bit_length() * 0.30103)))


def _exit(code: object = None) -> None:
    raise SystemExit(code)
