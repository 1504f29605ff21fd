"""Jupyter's folders of these tests: our kernel in both its forms, and the host that they share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeact.jupyter import doorway, kernelspec
from codeact.jupyter.settings import Settings

KERNELS = {"codeact": True, "codeact-plain": False}
"""Names of installed kernels, and whether the warm host makes them."""


@pytest.fixture(scope="session", autouse=True)
def _shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as environment:
        for name in ("CONFIG", "DATA", "RUNTIME"):
            environment.setenv(f"JUPYTER_{name}_DIR", str(folder / name.lower()))
        environment.setenv("JUPYTER_PLATFORM_DIRS", "1")
        environment.setenv("IPYTHONDIR", str(folder / "ipython"))
        for name, warm in KERNELS.items():
            spec = kernelspec.described(Settings(), display_name=name, warm=warm)
            kernelspec.install(spec, name=name, user=True)
        try:
            yield folder
        finally:
            doorway.end(doorway.place(folder / "runtime", sys.executable))


@pytest.fixture
def runtime(_shelf: Path) -> Path:
    """Where the host of these tests listens, and logs."""
    return _shelf / "runtime"


@pytest.fixture(params=sorted(KERNELS))
def kernel_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name
