"""Which model is used when one is named, when the environment speaks, and when nothing does."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from codeact.errors import ConfigError, ModelError
from codeact.messages import Message
from codeact.models.discover import DEFAULT_MODEL, LOCAL_SERVERS, Discovery, LocalServer, discover
from codeact.models.embedded import EmbeddedModel
from codeact.models.openai import OpenAIModel
from tests.loopback import Behaviour, Loopback, Raw, Reply, Silence, Status

pytestmark = pytest.mark.anyio

ASKED = [Message(role="user", content="How are you?")]
NOBODY = ("http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1")


def local(*urls: str) -> tuple[LocalServer, ...]:
    """Servers of these kinds, but at our addresses."""
    return tuple(
        LocalServer(name=kind.name, prefix=kind.prefix, base_url=url)
        for kind, url in zip(LOCAL_SERVERS, urls, strict=False)
    )


async def find(
    model: str | None = None,
    base_url: str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    servers: Sequence[LocalServer] = local(*NOBODY),
    seconds: float = 2.0,
    embedded: Path = Path("no-weights-here"),
) -> Discovery:
    return await discover(
        model, base_url, environ or {}, servers=servers, timeout=seconds, embedded=embedded
    )


def config(found: Discovery) -> dict[str, str]:
    assert isinstance(found.model, OpenAIModel)
    return found.model.config()


def listing(page: Behaviour) -> Loopback:
    return Loopback(pages={"/v1/models": page})


async def test_a_plain_name_with_a_key_is_a_model_of_openai() -> None:
    found = await find("gpt-4o-mini", environ={"OPENAI_API_KEY": "sk-some-key"})
    assert found.model.name == "gpt-4o-mini"
    assert found.reason == "you named it"
    assert config(found)["base_url"] == "https://api.openai.com/v1"
    assert config(found)["api_key"] == "[redacted]"


async def test_a_named_server_gets_the_name_as_it_stands_and_the_key() -> None:
    with Loopback([Reply("Fine.")]) as server:
        found = await find("ollama/odd", server.base_url, environ={"OPENAI_API_KEY": "sk-some-key"})
        assert (await found.model.complete(ASKED)).text == "Fine."
        await found.model.aclose()
    assert server.posts[0].body["model"] == "ollama/odd"
    assert {each.headers["authorization"] for each in server.requests} == {"Bearer sk-some-key"}
    assert found.reason == f"you named it ({server.base_url})"


async def test_a_named_server_without_a_model_gives_its_first_chat_model() -> None:
    with Loopback(models=["nomic-embed-text", "qwen3", "llama3.1"]) as server:
        found = await find(base_url=server.base_url)
    assert found.model.name == "qwen3"
    assert "qwen3 is the first of 2 models there" in found.reason


async def test_the_only_model_of_a_server_is_called_so() -> None:
    with Loopback() as server:
        assert "the only model there" in (await find(base_url=server.base_url)).reason


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (Status(401), "HTTP 401"),
        (Raw(b"<html>", "text/html"), "no list of models"),
        (Raw(b'{"data": {}}', "application/json"), "no list of models"),
        (Raw(b'{"data": [{"id": "bge-m3"}, 3]}', "application/json"), "the list is empty"),
    ],
)
async def test_a_server_that_names_no_model_is_an_error(page: Behaviour, why: str) -> None:
    with listing(page) as server, pytest.raises(ConfigError) as caught:
        await find(base_url=server.base_url)
    assert f"{server.base_url} did not say which models it has ({why})" in str(caught.value)


async def test_a_secure_address_where_nobody_is_gives_no_answer() -> None:
    with pytest.raises(ConfigError, match=r"did not say which models it has \(no answer\)"):
        await find(base_url="https://127.0.0.1:1/v1")


async def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="is no base URL"):
        await find("m", "localhost:8000")


async def test_an_address_may_carry_the_model() -> None:
    with Loopback() as server:
        found = await find(f"{server.base_url}#my/model", environ={"OPENAI_BASE_URL": NOBODY[0]})
        other = await find(server.base_url)
    assert (found.model.name, config(found)["base_url"]) == ("my/model", server.base_url)
    assert other.model.name == "test-model"


async def test_a_prefix_names_a_server_on_this_machine_which_gets_no_key() -> None:
    with Loopback() as server:
        found = await find(
            "lmstudio/qwen/qwen3",
            servers=local(NOBODY[0], server.base_url),
            environ={"OPENAI_API_KEY": "sk-some-key", "OPENAI_BASE_URL": NOBODY[0]},
        )
    assert (found.model.name, config(found)["base_url"]) == ("qwen/qwen3", server.base_url)
    assert config(found)["api_key"] == ""
    assert "authorization" not in server.requests[0].headers


async def test_a_plain_name_goes_to_the_server_of_the_environment() -> None:
    with Loopback() as server:
        found = await find("unknown/model", environ={"OPENAI_BASE_URL": server.base_url})
    assert (found.model.name, config(found)["base_url"]) == ("unknown/model", server.base_url)


async def test_a_plain_name_without_a_key_is_looked_for_on_this_machine() -> None:
    with Loopback(models=["a"]) as first, Loopback(models=["b", "c"]) as second:
        found = await find("c", servers=local(first.base_url, second.base_url))
    assert config(found)["base_url"] == second.base_url
    assert found.reason == f"LM Studio offers it on this machine ({second.base_url})"


async def test_a_plain_name_that_nobody_offers_is_an_error() -> None:
    with Loopback() as server, pytest.raises(ConfigError) as caught:
        await find("gpt-5", servers=local(server.base_url, NOBODY[1]))
    assert "There is no OPENAI_API_KEY for the model 'gpt-5'" in str(caught.value)
    assert f"Ollama at {server.base_url}: no such model; LM Studio" in str(caught.value)


async def test_the_environments_model_comes_before_its_server_and_key() -> None:
    with Loopback(models=["other"]) as server:
        environ = {"CODEACT_MODEL": "m", "OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "k"}
        found = await find(environ=environ)
    assert found.model.name == "m"
    assert found.reason == f"CODEACT_MODEL names it ({server.base_url})"


async def test_a_named_server_does_not_get_the_environments_model() -> None:
    with Loopback() as server:
        found = await find(base_url=server.base_url, environ={"CODEACT_MODEL": "elsewhere"})
    assert found.model.name == "test-model"


async def test_the_environments_server_comes_before_the_key() -> None:
    with Loopback() as server:
        environ = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-some-key"}
        found = await find(environ=environ)
    assert found.model.name == "test-model"
    assert found.reason.startswith("OPENAI_BASE_URL names its server; test-model is the only")


async def test_a_key_alone_means_a_small_model_of_openai() -> None:
    with Loopback() as server:
        environ = {"OPENAI_API_KEY": "sk-some-key", "CODEACT_MODEL": "", "OPENAI_BASE_URL": ""}
        found = await find(environ=environ, servers=local(server.base_url))
    assert found.model.name == DEFAULT_MODEL
    assert "OPENAI_API_KEY is set" in found.reason
    assert server.requests == []


async def test_without_any_word_the_first_server_that_answers_is_used() -> None:
    with Loopback(models=["embedder"]) as first, Loopback(models=["chat"]) as second:
        found = await find(servers=local(NOBODY[0], first.base_url, second.base_url))
    assert found.model.name == "chat"
    assert found.tried == (
        "CODEACT_MODEL, OPENAI_BASE_URL and OPENAI_API_KEY are not set",
        f"Ollama at {NOBODY[0]}: no answer",
        f"LM Studio at {first.base_url}: no such model",
    )


async def test_without_any_model_the_error_says_how_to_connect_one() -> None:
    with pytest.raises(ConfigError) as caught:
        await find()
    said = str(caught.value)
    assert f"Ollama at {NOBODY[0]}: no answer" in said
    for command in ("export OPENAI_API_KEY=", "ollama pull", "codeact --base-url"):
        assert command in said


async def test_without_any_model_the_small_one_is_used_where_its_weights_are(
    tmp_path: Path,
) -> None:
    (tmp_path / "weights.npz").write_bytes(b"")
    found = await find(embedded=tmp_path)
    assert found.model.name == "nano"
    assert "no server answers" in found.reason
    assert f"Ollama at {NOBODY[0]}: no answer" in found.tried


async def test_the_small_model_can_be_named_beside_a_key() -> None:
    found = await find("nano", environ={"OPENAI_API_KEY": "sk-some-key"})
    assert isinstance(found.model, EmbeddedModel)
    assert found.reason.startswith("you named it; it is the small model in this package")


async def test_servers_that_hang_are_waited_for_together_and_not_long() -> None:
    with listing(Silence()) as one, listing(Silence()) as two, trickle() as three:
        begun = time.perf_counter()
        with pytest.raises(ConfigError, match="no answer"):
            await find(servers=local(one.base_url, two.base_url, three), seconds=0.2)
        assert time.perf_counter() - begun < 1.0


@contextmanager
def trickle() -> Iterator[str]:
    """A server that sends one byte of a header now and then."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not over.wait(0.05):
                connection.sendall(b"x")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    finally:
        over.set()
        thread.join()
        listener.close()


@pytest.mark.parametrize(
    ("entry", "tokens"),
    [
        ({"max_model_len": 8192}, 8192),
        ({"context_length": 4096, "max_model_len": None}, 4096),
        ({"max_context_length": 32768, "loaded_context_length": 4096}, 4096),
        ({"context_length": "much"}, None),
        ({}, None),
    ],
)
async def test_the_context_window_is_what_the_server_says(
    entry: dict[str, Any], tokens: int | None
) -> None:
    with Loopback(models=["other", {"id": "m"} | entry]) as server:
        found = await find("m", server.base_url)
    assert found.model.context_tokens == tokens


@pytest.mark.parametrize(
    ("properties", "tokens"),
    [
        ({"default_generation_settings": {"n_ctx": 2048}}, 2048),
        ({"default_generation_settings": []}, None),
        ([], None),
        (Status(404), None),
    ],
)
async def test_llama_cpp_tells_its_context_window_elsewhere(
    properties: Any, tokens: int | None
) -> None:
    models = [{"id": "m", "owned_by": "llamacpp"}]
    with Loopback(models=models, pages={"/props": properties}) as server:
        found = await find(base_url=server.base_url)
    assert found.model.context_tokens == tokens


async def test_a_named_model_does_not_need_a_list() -> None:
    with listing(Status(404)) as server:
        found = await find("m", server.base_url)
    assert found.model.name == "m"
    assert found.model.context_tokens is None


@pytest.mark.parametrize(
    "text", [json.dumps("one\ntwo") + "\n\n" + json.dumps("three"), "one\ntwo\n---\nthree\n"]
)
async def test_a_recording_is_replayed_and_says_what_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "replies"
    path.write_text(text, encoding="utf-8")
    found = await find(f"scripted:{path}")
    assert [(await found.model.complete(ASKED)).text for _ in range(2)] == ["one\ntwo", "three"]
    assert "no living model answers" in found.reason
    for _ in range(2):
        with pytest.raises(ModelError, match="knows one task only"):
            await found.model.complete(ASKED)


@pytest.mark.parametrize("content", [None, '"open'])
async def test_a_recording_that_cannot_be_read_is_an_error(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "replies"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"The recording .* cannot be read"):
        await find(f"scripted:{path}")


def test_the_servers_that_are_looked_for_are_on_this_machine() -> None:
    assert [server.base_url.split(":")[2] for server in LOCAL_SERVERS] == [
        *("11434/v1", "1234/v1", "8000/v1", "8080/v1")
    ]
    assert {server.base_url.split(":")[1] for server in LOCAL_SERVERS} == {"//127.0.0.1"}
