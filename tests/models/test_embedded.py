"""The embedded model behind the door of all models, with small random weights."""

from __future__ import annotations

from pathlib import Path

import anyio
import anyio.lowlevel
import numpy as np
import pytest

from codeact.errors import ContextOverflow, DataError, ModelError
from codeact.events import Event, TextDelta
from codeact.formats import by_name
from codeact.messages import Message, Sampling
from codeact.models.embedded import EmbeddedModel
from codeact.models.nano_forward import Dimensions, Network, load
from codeact.prompt import system_prompt
from codeact.tools import Toolbox
from tests import tiny

pytestmark = pytest.mark.anyio

ASKED = [
    system_prompt(by_name("code"), Toolbox()),
    Message(role="user", content="What is the sum?"),
]
SHORT = Sampling(max_tokens=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model(tmp_path_factory.mktemp("nano"))


@pytest.fixture
def model(folder: Path) -> EmbeddedModel:
    return EmbeddedModel(folder)


async def test_the_deltas_join_to_the_text(model: EmbeddedModel) -> None:
    heard: list[Event] = []
    completion = await model.complete(ASKED, sampling=SHORT, emit=heard.append)
    deltas = [event.text for event in heard if isinstance(event, TextDelta)]
    assert len(deltas) > 1
    assert "".join(deltas) == completion.text


async def test_without_a_temperature_the_same_reply_comes_again(model: EmbeddedModel) -> None:
    once = await model.complete(ASKED, sampling=SHORT)
    assert (await model.complete(ASKED, sampling=SHORT)).text == once.text


async def test_a_seed_makes_drawn_replies_repeatable(model: EmbeddedModel) -> None:
    def drawn(seed: int) -> Sampling:
        return Sampling(max_tokens=30, temperature=1.0, top_p=0.95, seed=seed)

    first = await model.complete(ASKED, sampling=drawn(1))
    assert (await model.complete(ASKED, sampling=drawn(1))).text == first.text
    assert (await model.complete(ASKED, sampling=drawn(2))).text != first.text


async def test_a_tiny_nucleus_leaves_the_likeliest_token_alone(model: EmbeddedModel) -> None:
    greedy = await model.complete(ASKED, sampling=SHORT)
    drawn = Sampling(max_tokens=30, temperature=1.0, top_p=0.0, seed=3)
    assert (await model.complete(ASKED, sampling=drawn)).text == greedy.text


async def test_the_reply_ends_before_a_stop_sequence(model: EmbeddedModel) -> None:
    whole = (await model.complete(ASKED, sampling=SHORT)).text
    stop = whole[10:13]
    heard: list[Event] = []
    cut = await model.complete(ASKED, stop=[stop], sampling=SHORT, emit=heard.append)
    assert cut.text == whole[: whole.index(stop)]
    assert cut.finish_reason == "stop"
    deltas = [event.text for event in heard if isinstance(event, TextDelta)]
    assert "".join(deltas) == cut.text


async def test_the_reply_ends_as_soon_as_until_holds(model: EmbeddedModel) -> None:
    completion = await model.complete(ASKED, until=lambda text: len(text) >= 5, sampling=SHORT)
    assert 5 <= len(completion.text) < 20
    assert completion.finish_reason == "stop"


async def test_a_reply_at_its_length_limit_says_so(model: EmbeddedModel) -> None:
    completion = await model.complete(ASKED, sampling=Sampling(max_tokens=3))
    assert completion.finish_reason == "length"
    assert completion.usage.output_tokens == 3


async def test_tokens_are_counted_as_they_are(model: EmbeddedModel, folder: Path) -> None:
    completion = await model.complete(ASKED, sampling=SHORT)
    assert completion.usage.cost == 0.0
    assert completion.usage.input_tokens < 30  # the instructions are not read
    assert completion.seconds > 0


async def test_a_conversation_that_is_too_long_overflows(model: EmbeddedModel) -> None:
    long = Message(role="user", content="sum of 1 and 2 " * 40)
    with pytest.raises(ContextOverflow, match="reads 96, its reply included"):
        await model.complete([ASKED[0], long])


async def test_a_reply_ends_with_the_context(model: EmbeddedModel) -> None:
    completion = await model.complete(ASKED, sampling=Sampling(max_tokens=1000))
    used = completion.usage
    assert completion.finish_reason == "length"
    assert used.input_tokens + used.output_tokens == tiny.SHAPE["context"]


@pytest.mark.parametrize("format", ["json", "text"])
async def test_another_format_is_refused_in_words(model: EmbeddedModel, format: str) -> None:
    asked = [system_prompt(by_name(format), Toolbox()), ASKED[1]]
    with pytest.raises(ModelError, match="--format code"):
        await model.complete(asked)


async def test_a_folder_without_weights_is_no_model(tmp_path: Path) -> None:
    empty = EmbeddedModel(tmp_path)
    assert not empty.ships
    with pytest.raises(DataError, match="holds no model"):
        await empty.complete(ASKED)
    with pytest.raises(DataError, match="holds no model"):
        _ = empty.card


async def test_other_work_goes_on_while_it_writes(model: EmbeddedModel) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(tick)
        await model.complete(ASKED, sampling=SHORT)
        group.cancel_scope.cancel()
    assert ticks > 3


def test_reading_at_once_and_token_by_token_agree(folder: Path) -> None:
    network = load(folder)
    ids = [5, 80, 17, 250, 33, 9]
    memory = network.begin()
    at_once = network.read(ids, memory)
    memory = network.begin()
    one_by_one = [network.read([token], memory) for token in ids]
    np.testing.assert_allclose(one_by_one[-1], at_once, rtol=1e-4, atol=1e-4)


def test_what_comes_later_changes_nothing_before(folder: Path) -> None:
    network = load(folder)
    memory = network.begin()
    network.read([1, 2, 3], memory)
    before = memory.kept[:, :, :3].copy()
    network.read([200, 4], memory)
    np.testing.assert_array_equal(memory.kept[:, :, :3], before)


def test_more_tokens_than_the_context_are_refused(folder: Path) -> None:
    network = load(folder)
    with pytest.raises(IndexError, match="97 tokens exceed the context of 96"):
        network.read([1] * 97, network.begin())


def test_a_network_of_half_the_size_needs_its_own_dimensions() -> None:
    dimensions = Dimensions(**{**tiny.SHAPE, "layers": 1})  # type: ignore[arg-type]
    network = Network(dimensions, tiny.weights(1))
    assert network.begin().kept.shape == (1, 2, 96, 2, 8)
