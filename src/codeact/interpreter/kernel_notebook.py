"""A kernel behind a notebook: rich values, errors and questions travel to the host as they happen.

The host asks for it when the kernel starts. What is shown goes out in order with what is printed,
as bundles of MIME types; `input()` and `getpass` wait for the host's answer.
"""

from __future__ import annotations

import base64
import builtins
import getpass
import math
from typing import TYPE_CHECKING, Any, NoReturn

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher

from codeact.interpreter.kernel_display import Result
from codeact.interpreter.kernel_shell import Compiler, Shell

if TYPE_CHECKING:
    from codeact.interpreter.kernel import Kernel
    from codeact.interpreter.kernel_tools import Tools

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

MAX_SHOWN = 24_000_000
"""Characters of one value's forms."""
_CACHED = 1000
"""Results that `Out` keeps."""
_DEPTH = 80
TOO_LARGE = "[a {kind} of {size:,} characters is too large to be shown]"


class Notebook:
    """What a kernel does otherwise for a notebook."""

    def __init__(self, kernel: Kernel, tools: Tools) -> None:
        self._kernel = kernel
        self._tools = tools
        shell = self._shell = kernel.shell
        shell.displayhook = NotebookResult(self, shell)
        shell.display_trap.hook = shell.displayhook
        shell.display_pub = NotebookDisplay(self, shell)
        shell.tell_error = self.error
        shell.set_next_input = self.set_next_input
        formatter: Any = shell.display_formatter
        formatter.active_types = formatter.format_types
        shell.set_hook("show_in_pager", self.page, 99)  # type: ignore[no-untyped-call]
        leave = Leave(self)
        for name in ("exit", "quit"):
            shell.user_ns[name] = shell.user_ns_hidden[name] = leave
        kernel.output.notes_are_live = True
        kernel.replace_builtin("input", self.input)
        getpass.getpass = self.getpass

    def show(self, what: str, data: Any, metadata: Any = None, transient: Any = None) -> None:
        """Send one thing to show, after all that was printed before it."""
        output, channel = self._kernel.output, self._kernel.channel
        if output.is_copy:
            output.write("stdout", f"{data.get('text/plain', '')}\n")
            return
        frame = {"op": "shown", "what": what, "data": _plain(_small(data))}
        frame |= {"metadata": _plain(metadata or {}), "transient": _plain(transient or {})}
        with channel.shield, output.in_order():
            channel.send(frame)

    def error(self, error: BaseException, text: str) -> None:
        """An exception that ended the cell."""
        try:
            said = str.__str__(str(error))
        except Exception:  # noqa: BLE001 - exceptions of the cell can misbehave in any way
            said = ""
        data = {"ename": type(error).__name__, "evalue": said, "traceback": text.splitlines()}
        self.show("error", data)

    def input(self, prompt: object = "") -> str:
        """Ask the person at the notebook, wait for a line.

        Raises StdinNotImplementedError where nobody can be asked.
        """
        return self._ask(str(prompt), password=False)

    def getpass(self, prompt: str = "Password: ", stream: object = None, **options: object) -> str:
        """Ask for a line that is not shown as it is typed."""
        return self._ask(str(prompt), password=True)

    def set_next_input(self, text: str, replace: bool = False) -> None:
        """`%load` and the like put code into a cell."""
        self.show("payload", {"source": "set_next_input", "text": text, "replace": replace})

    def page(self, shell: Any, strng: Any, start: int = 0, screen_lines: int = 0) -> None:
        """Long help goes to the client's pager."""
        data = dict(strng) if isinstance(strng, dict) else {"text/plain": str(strng)}
        self.show("payload", {"source": "page", "data": data, "start": start})

    def _ask(self, prompt: str, *, password: bool) -> str:
        kernel = self._kernel
        with kernel.output.in_order():
            pass  # what was printed is seen before the question
        frame = kernel.channel.ask({"op": "input"}, prompt, password)
        return str(self._tools.read("input", frame))


class NotebookResult(Result):
    """The last expression, as a bundle."""

    def __init__(self, notebook: Notebook, shell: Shell) -> None:
        DisplayHook.__init__(self, shell=shell, cache_size=_CACHED)  # type: ignore[no-untyped-call]
        self._notebook = notebook

    @property
    def prompt_count(self) -> int:
        return Compiler.cell

    def __call__(self, result: Any = None) -> None:
        if isinstance(result, Leave):
            result()
        super().__call__(result)

    def update_user_ns(self, result: Any) -> None:
        DisplayHook.update_user_ns(self, result)  # type: ignore[no-untyped-call]

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        self._notebook.show("result", format_dict, md_dict)


class NotebookDisplay(DisplayPublisher):
    """What `display` shows, as a bundle."""

    def __init__(self, notebook: Notebook, shell: Shell) -> None:
        super().__init__(shell=shell)  # type: ignore[no-untyped-call]
        self._notebook = notebook

    def publish(
        self,
        data: Any,
        metadata: Any = None,
        source: Any = None,
        *,
        transient: Any = None,
        update: bool = False,
        **kwargs: Any,
    ) -> None:
        self._notebook.show("update" if update else "display", data, metadata, transient)

    def clear_output(self, wait: bool = False) -> None:
        self._notebook.show("clear", {"wait": bool(wait)})


class Leave:
    """`exit` and `quit`, with or without parentheses: the client leaves, the cell ends."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def __call__(self, code: object = None, keep_kernel: bool = False) -> NoReturn:
        self._notebook.show("payload", {"source": "ask_exit", "keepkernel": bool(keep_kernel)})
        raise SystemExit(code)


def _small(data: Any) -> dict[str, Any]:
    """The forms that are small enough to travel, with a note for each that is not."""
    kept: dict[str, Any] = {}
    for kind, value in data.items():
        if isinstance(value, bytes):
            value = base64.b64encode(value).decode()
        if isinstance(value, str) and len(value) > MAX_SHOWN:
            note = TOO_LARGE.format(kind=kind, size=len(value))
            value = value[:1000] + note if kind == "text/plain" else None
            kept.setdefault("text/plain", note)
        if value is not None:
            kept[str(kind)] = value
    return kept


def _plain(value: Any, depth: int = 0) -> Any:
    """JSON data; what is none is told by its `repr`."""
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if math.isfinite(value) else repr(value)
    if depth > _DEPTH:
        return "…"
    if isinstance(value, dict):
        return {str(key): _plain(each, depth + 1) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each, depth + 1) for each in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, str):
        return str.__str__(value)
    return repr(value)
