"""Tools in the cell's namespace: functions whose calls run in the host."""

from __future__ import annotations
import __future__

import builtins
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from codeact.interpreter.kernel_channel import Channel
from codeact.interpreter.kernel_output import Output
from codeact.interpreter.wire import Frame, WireError

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

BAD_ARGUMENT = "{name}(): {error}."


class Tools:
    """The functions that stand for the host's tools."""

    def __init__(self, channel: Channel, output: Output) -> None:
        self._channel = channel
        self._output = output
        self._stubs: dict[str, Callable[..., Any]] = {}
        self._exact: dict[str, tuple[inspect.Signature, str]] = {}
        self._errors: dict[tuple[str, type[BaseException]], type[BaseException]] = {}

    def bind(self, offered: list[list[str]] | None, namespace: dict[str, Any]) -> None:
        """Make these the tools ([name, signature, description] and, where the signature is
        the function's own, something more; None: as they were).

        A name that the code has taken for itself stays the code's.
        """
        if offered is not None:
            stubs = {name: self._stub(name, line, text) for name, line, text, *_ in offered}
            exact = {name: line for name, line, _, *exact in offered if exact}
            for name, stub in self._stubs.items():
                if namespace.get(name) is stub:
                    del namespace[name]
            self._stubs = stubs
            self._exact = {
                name: (vars(stubs[name])["__signature__"], line)
                for name, line in exact.items()
                if "__signature__" in vars(stubs[name])
            }
        for name, stub in self._stubs.items():
            if name not in namespace:
                namespace[name] = stub

    def signature_of(self, name: str, value: object) -> tuple[inspect.Signature, str] | None:
        """What the tool of this name accepts, where the host says that its line tells all; and the
        line.
        """
        return self._exact.get(name) if self.owns(name, value) else None

    def owns(self, name: str, value: object) -> bool:
        return name in self._stubs and self._stubs[name] is value

    def name_of(self, value: object) -> str | None:
        """Which tool this function is, under whatever name the code keeps it."""
        return next((name for name, stub in self._stubs.items() if stub is value), None)

    def stand_in(self, name: str, doc: str) -> Callable[..., Any]:
        """The tool of this name, or a function that is it as soon as it is offered."""
        line, _, text = doc.partition("\n\n")
        return self._stubs.get(name) or self._stub(name, line, text)

    def _stub(self, name: str, line: str, description: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            return self._call(name, args, kwargs)

        call.__name__ = call.__qualname__ = name
        call.__module__ = "__main__"
        call.__doc__ = f"{line}\n\n{description}" if description else line
        signature = _signature(line)
        if signature is not None:
            call.__signature__ = signature  # type: ignore[attr-defined]
        return call

    def _call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._output.flush()
        try:
            frame = self._channel.call(name, args, kwargs)
        except TypeError as error:
            raise TypeError(BAD_ARGUMENT.format(name=name, error=error)) from None
        return self.read(name, frame)

    def read(self, name: str, frame: Frame) -> Any:
        """What a reply says: a value that is returned, an exception that is raised."""
        try:
            values = frame.values()
        except WireError as error:
            raise TypeError(f"The result of {name}() cannot be read here: {error}") from None
        if "error" not in frame.head:
            return values[0]
        raise self._error(frame, values) from None

    def _error(self, frame: Frame, values: list[Any]) -> BaseException:
        names, text = frame.head["error"], frame.head["text"]
        base: type[BaseException] = Exception
        for name in names:
            found = getattr(builtins, name, None)
            if isinstance(found, type) and issubclass(found, Exception):
                base = found
                break
        kind = base if base.__name__ == names[0] else self._foreign(names[0], base)
        for args in (values[0], (text,)):
            try:
                error = kind(*args)
            except Exception:  # noqa: BLE001 - constructors of exceptions want what they want
                continue
            if str(error) != text:
                error = self._foreign(names[0], base)(*args)
                error._text = text  # type: ignore[attr-defined]
            return error
        return RuntimeError(f"{names[0]}: {text}")

    def _foreign(self, name: str, base: type[BaseException]) -> type[BaseException]:
        """A class that says the host's error under its name."""
        key = name, base
        if key not in self._errors:
            body: Mapping[str, Any] = {"__module__": "__main__", "__str__": _say}
            self._errors[key] = type(name, (base,), dict(body))
        return self._errors[key]


def _say(error: Any) -> str:
    text = getattr(error, "_text", None)
    return text if isinstance(text, str) else super(type(error), error).__str__()


def _signature(line: str) -> inspect.Signature | None:
    """The signature that a line of text shows, None where Python cannot read it."""
    try:
        flags = __future__.annotations.compiler_flag
        space: dict[str, Any] = {}
        exec(compile(f"def {line}: ...", "<tool>", "exec", flags, dont_inherit=True), space)
        return inspect.signature(space[line.partition("(")[0]])
    except Exception:  # noqa: BLE001 - the line is written for a reader; it need not be Python
        return None
