"""What all tests share: asyncio alone, homes of their own, no model or key from the outside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.stage import Stage

_OUTSIDE = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "CODEACT_MODEL", "NO_COLOR", "FORCE_COLOR")

# A busy machine is no finding: no property is failed for the time that its examples took.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _OUTSIDE:
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home" / name.lower()))


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    from codeact.interpreter.process import ProcessInterpreter
    from tests.stage import TOOLS, Stage

    async with ProcessInterpreter(workspace=tmp_path, timeout=10) as interpreter:
        yield Stage(interpreter, TOOLS)
