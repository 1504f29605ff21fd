"""Any Python function becomes a tool, and each way to call one wrongly has its clear answer."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import textwrap
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from codeact.errors import ConfigError
from codeact.tools import EMPTY, BadArguments, Tool, Toolbox, ToolTimeout, UnknownTool, tool

pytestmark = pytest.mark.anyio

LANGUAGE = contextvars.ContextVar("LANGUAGE", default="none")


def price(item: str, count: int = 1) -> float:
    """The price of an item
    in euros.

    What follows is not for the model.
    """
    return 3.5 * count


async def later(number: int) -> int:
    """The next number, a moment later."""
    await anyio.lowlevel.checkpoint()
    return number + 1


@dataclass
class Search:
    """An index that is searched."""

    index: str

    def __call__(self, query: str) -> str:
        """Search the index."""
        return f"{query} in {self.index}"


class Quiet:
    """Says nothing about its call."""

    async def __call__(self, query: str) -> str:
        await anyio.lowlevel.checkpoint()
        return query


class Shop:
    @classmethod
    def owner(cls, name: str) -> str:
        return f"{cls.__name__} of {name}"

    def sells(self, item: str) -> bool:
        return item == "tea"


def test_a_function_speaks_for_itself() -> None:
    made = tool(price)
    assert (made.name, made.signature, made.description) == (
        "price",
        "price(item: str, count: int = 1) -> float",
        "The price of an item\nin euros.",
    )


def test_a_tool_can_be_given_other_words() -> None:
    made = tool(price, name="cost", description="What it costs.", seconds=None)
    assert (made.name, made.description, made.seconds) == ("cost", "What it costs.", None)
    assert made.signature.startswith("cost(item: str")


def test_a_function_without_a_docstring_has_no_description() -> None:
    assert tool(Shop().sells).description == ""


def test_a_tool_without_a_description_shows_providers_its_signature() -> None:
    assert tool(Shop().sells).schema().description == "sells(item: str) -> bool"


def test_a_tool_is_described_for_native_calling() -> None:
    schema = tool(later).schema()
    assert (schema.name, schema.description) == ("later", "The next number, a moment later.")
    assert schema.parameters.startswith('{"type":"object","properties":{"number":')


def test_a_partial_bears_the_name_and_words_of_its_function() -> None:
    made = tool(functools.partial(price, count=2))
    assert (made.name, made.description) == ("price", "The price of an item\nin euros.")


def test_an_object_bears_the_name_of_its_class_and_the_words_of_its_call() -> None:
    made = tool(Search("books"))
    assert (made.name, made.signature, made.description) == (
        "Search",
        "Search(query: str) -> str",
        "Search the index.",
    )


def test_an_object_whose_call_says_nothing_bears_the_words_of_its_class() -> None:
    assert tool(Quiet()).description == "Says nothing about its call."


@pytest.mark.parametrize("name", ["<lambda>", "two words", "class"])
def test_a_name_that_python_cannot_call_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"is none\. Use tool\(function, name=\.\.\.\)\."):
        tool(price, name=name)


def test_a_lambda_needs_a_name() -> None:
    with pytest.raises(ConfigError, match="'<lambda>' is none"):
        tool(lambda x: x)


def test_a_builtin_without_a_signature_is_refused_with_a_remedy() -> None:
    with pytest.raises(
        ConfigError, match=r"'max' has no readable signature: .* Wrap it in a typed"
    ):
        tool(max)


def test_what_cannot_be_called_is_no_tool() -> None:
    with pytest.raises(ConfigError, match="'price' cannot be called"):
        Toolbox.of(["price"])  # type: ignore[list-item]


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"Two tools are named 'price'\. Rename one with tool"):
        Toolbox.of([price, tool(later, name="price")])


def test_a_toolbox_knows_its_tools_in_order() -> None:
    box = Toolbox.of([price, tool(later)])
    assert (len(box), box.names, [each.name for each in box]) == (
        2,
        ("price", "later"),
        [*box.names],
    )
    assert "price" in box
    assert "prize" not in box


def test_the_model_reads_one_signature_a_line_with_its_description_below() -> None:
    assert Toolbox.of([price, Shop.owner]).listing() == textwrap.dedent("""\
        [1] price(item: str, count: int = 1) -> float
            The price of an item
            in euros.
        [2] owner(name: str) -> str""")


def test_native_schemas_come_in_the_order_of_the_tools() -> None:
    assert [each.name for each in Toolbox.of([price, later]).schemas()] == ["price", "later"]


@pytest.mark.parametrize(
    ("name", "box", "complaint"),
    [
        ("prise", Toolbox.of([price]), "named 'prise'. Did you mean 'price'?"),
        ("lat", Toolbox.of([later, tool(price, name="late")]), "Did you mean 'late' or 'later'?"),
        ("dance", Toolbox.of([price, later]), "named 'dance'. The tools are: price, later."),
        ("dance", EMPTY, "named 'dance': no tools are available."),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(
    name: str, box: Toolbox, complaint: str
) -> None:
    with pytest.raises(UnknownTool) as caught:
        box.find(name)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("args", "kwargs", "complaint"),
    [
        ((), {}, "price(): missing a required argument: 'item'. Its signature is price(item: str"),
        (("tea", 1, 2), {}, "price(): too many positional arguments. Its signature is price("),
        (("tea",), {"colour": 1}, "price(): got an unexpected keyword argument 'colour'. Its sig"),
        (("tea",), {"item": "tea"}, "price(): multiple values for argument 'item'. Its signature"),
        (("tea", "two"), {}, "price(): bad value for 'count': Input should be a valid integer"),
    ],
)
def test_arguments_that_do_not_fit_are_explained(
    args: tuple[Any, ...], kwargs: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(BadArguments) as caught:
        Toolbox.of([price]).bind("price", args, kwargs)
    assert str(caught.value).startswith(complaint)


@functools.wraps(price)
def wrapped(*args: Any, **kwargs: Any) -> float:
    return price(*args, **kwargs)


def hands_over(number: int) -> Any:
    """A plain function that returns something to wait for."""
    return later(number)


@pytest.mark.parametrize(
    ("function", "args", "result"),
    [
        (price, ["tea", "2"], 7.0),
        (later, ["1"], 2),
        (Search("books"), ["ants"], "ants in books"),
        (Quiet(), ["ants"], "ants"),
        (functools.partial(price, count=2), ["tea"], 7.0),
        (functools.partial(later, 1), [], 2),
        (tool(functools.partial(Quiet(), "ants"), name="ants"), [], "ants"),
        (Shop().sells, ["tea"], True),
        (Shop.owner, ["Ada"], "Shop of Ada"),
        (str.upper, ["a"], "A"),
        (wrapped, ["tea", "2"], 7.0),
        (functools.lru_cache(price), ["tea", "2"], 7.0),
        (tool(lambda x: x, name="same"), ["x"], "x"),
        (hands_over, [1], 2),
        (Search, ["books"], Search("books")),
        (len, ["four"], 4),
        (tool(later, seconds=None), [1], 2),
    ],
)
async def test_whatever_can_be_called_is_called(
    function: Callable[..., Any] | Tool, args: list[Any], result: Any
) -> None:
    box = Toolbox.of([function])
    assert await box.call(box.names[0], args) == result


async def test_an_asynchronous_tool_runs_on_the_loop_of_its_caller() -> None:
    async def loop() -> object:
        return asyncio.get_running_loop()

    assert await Toolbox.of([loop]).call("loop") is asyncio.get_running_loop()


async def test_a_synchronous_tool_sees_its_callers_context() -> None:
    def language() -> str:
        return LANGUAGE.get()

    LANGUAGE.set("French")
    assert await Toolbox.of([language]).call("language") == "French"


async def test_synchronous_tools_do_not_hold_up_the_loop() -> None:
    meeting = threading.Barrier(2, timeout=10)
    box = Toolbox.of([tool(meeting.wait, name="wait")])
    numbers = []

    async def wait() -> None:
        numbers.append(await box.call("wait"))

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        group.start_soon(wait)
    assert sorted(numbers) == [0, 1]


def raises(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def raises_later(error: BaseException) -> Callable[[], Any]:
    async def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize("failing", [raises, raises_later])
async def test_what_a_tool_raises_reaches_its_caller(failing: Callable[..., Any]) -> None:
    error = ZeroDivisionError("by nothing")
    with pytest.raises(ZeroDivisionError) as caught:
        await Toolbox.of([failing(error)]).call("fail")
    assert caught.value is error


@pytest.mark.parametrize("failing", [raises, raises_later])
async def test_a_tool_that_raises_stop_iteration_fails_like_any_other(
    failing: Callable[..., Any],
) -> None:
    with pytest.raises(RuntimeError, match="raised StopIteration"):
        await Toolbox.of([failing(StopIteration("done"))]).call("fail")


@pytest.mark.parametrize("failing", [raises, raises_later])
async def test_a_tool_cannot_end_the_program(failing: Callable[..., Any]) -> None:
    with pytest.raises(RuntimeError, match=r"The tool 'fail' called sys\.exit\(2\)\."):
        await Toolbox.of([failing(SystemExit(2))]).call("fail")


async def test_a_synchronous_tool_that_never_returns_is_given_up() -> None:
    end = threading.Event()
    box = Toolbox.of([tool(end.wait, name="wait", seconds=0.05)])
    with pytest.raises(ToolTimeout, match=r"The tool 'wait' did not return within 0\.05 seconds\."):
        await box.call("wait")
    end.set()


async def test_an_asynchronous_tool_that_never_returns_is_cancelled() -> None:
    ended = []

    async def wait() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("yes")

    with pytest.raises(ToolTimeout):
        await Toolbox.of([tool(wait, seconds=0.05)]).call("wait")
    assert ended == ["yes"]


async def test_a_timeout_that_the_tool_raises_itself_stays_its_own() -> None:
    with pytest.raises(TimeoutError) as caught:
        await Toolbox.of([raises(TimeoutError("no network"))]).call("fail")
    assert not isinstance(caught.value, ToolTimeout)
