"""The models of an evaluation: named one by one, or in a file with their keys, rules and prices."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codeact.cli.options import Options
from codeact.cli.session import find_model
from codeact.errors import ConfigError
from codeact.messages import Sampling
from codeact.models import Model
from codeact.models.cached import CachedModel
from codeact.models.openai import OPENAI_URL, OpenAIModel
from codeact.models.prices import Price

REFERENCE = "reference"

SAME_NAME = "Two of the models are both called {name!r}. Give one another name, or run them apart."
NOT_A_FILE = "{path} is no list of models: {problem}."
NO_KEY = "{path}: the key of {name!r} is read from {variable}, which is not set."
_KEY = "OPENAI_API_KEY"


class _Price(BaseModel):
    """US dollars per million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0)

    def price(self) -> Price:
        cached = self.input if self.cached is None else self.cached
        return Price(input=self.input, cached=cached, output=self.output)


class Entry(BaseModel):
    """One model of a file. `model` is what the server calls it, `key` the environment variable
    with its key; what is not said is the command line's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(min_length=1)
    model: str | None = None
    base_url: str | None = None
    key: str | None = None
    format: list[str] | None = Field(default=None, min_length=1)
    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, ge=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    seed: int | None = None
    context_tokens: int | None = Field(default=None, ge=1)
    price: _Price | None = None

    def sampling(self) -> Sampling:
        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=self.max_tokens,
            seed=self.seed,
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    model: list[Entry] = Field(min_length=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A model that is ready. `model` is None for the reference player, whom the benchmark makes.

    `formats` None are the command line's; what `sampling` leaves open is too.
    """

    name: str
    model: Model | None
    formats: tuple[str, ...] | None = None
    sampling: Sampling = Sampling()


def read_models(path: Path) -> list[Entry]:
    """The models of a TOML file, each a table `[[model]]`. Raises ConfigError."""
    try:
        return _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).model
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        problem = f"{where}: {first['msg']}"
        raise ConfigError(NOT_A_FILE.format(path=path, problem=problem)) from error
    except (OSError, ValueError) as error:
        raise ConfigError(NOT_A_FILE.format(path=path, problem=error)) from error


async def open_models(
    wished: Sequence[str],
    file: Path | None,
    base_url: str | None,
    environ: Mapping[str, str],
    stack: AsyncExitStack,
    *,
    cache: Path | None = None,
) -> list[Opened]:
    """All models that are asked for, closed with the stack; with `cache`, replies are kept there.

    Raises ConfigError, ModelError.
    """
    entries = read_models(file) if file is not None else []
    found = [_listed(each, file, base_url, environ) for each in entries]
    unnamed: list[str | None] = [] if entries else [None]
    for name in wished or unnamed:
        if name == REFERENCE:
            found.append(Opened(name=REFERENCE, model=None))
        else:
            model = (await find_model(Options(model=name, base_url=base_url), environ)).model
            found.append(Opened(name=model.name, model=model))
    ready: dict[str, Opened] = {}
    for each in found:
        if each.model is not None:
            stack.push_async_callback(each.model.aclose)
        if each.name in ready:
            raise ConfigError(SAME_NAME.format(name=each.name))
        ready[each.name] = each if cache is None else _cached(each, cache)
    return list(ready.values())


def _listed(
    entry: Entry, file: Path | None, base_url: str | None, environ: Mapping[str, str]
) -> Opened:
    """A model of the file; it is asked for nothing yet."""
    formats = None if entry.format is None else tuple(dict.fromkeys(entry.format))
    if entry.name == REFERENCE:
        return Opened(name=REFERENCE, model=None, formats=formats)
    key = environ.get(entry.key or _KEY)
    if entry.key is not None and not key:
        raise ConfigError(NO_KEY.format(path=file, name=entry.name, variable=entry.key))
    address = entry.base_url or base_url or environ.get("OPENAI_BASE_URL") or OPENAI_URL
    model = OpenAIModel(
        entry.model or entry.name,
        name=entry.name,
        base_url=address,
        api_key=key,
        context_tokens=entry.context_tokens,
        price=None if entry.price is None else entry.price.price(),
    )
    return Opened(name=entry.name, model=model, formats=formats, sampling=entry.sampling())


def _cached(opened: Opened, folder: Path) -> Opened:
    if opened.model is None:
        return opened
    endpoint = ""
    if isinstance(opened.model, OpenAIModel):
        config = opened.model.config()
        endpoint = " ".join(config[name] for name in ("base_url", "model", "extra_body"))
    kept = CachedModel(model=opened.model, folder=folder, endpoint=endpoint)
    return dataclasses.replace(opened, model=kept)
