"""Our kernel in Jupyter's list of kernels: written there, and removed."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

from codeact.errors import ConfigError
from codeact.jupyter.settings import Settings

NAME = "codeact"
PROVISIONER = "codeact-provisioner"

NOT_INSTALLED = "There is no kernel named {name!r} here. `jupyter kernelspec list` shows them."
NOT_OURS = "The kernel {name!r} at {place} was not installed by codeact; it stays."
CANNOT_WRITE = "The kernel cannot be installed: {error}. Say --user, --sys-prefix or --prefix PATH."


def described(settings: Settings, *, display_name: str, warm: bool) -> dict[str, Any]:
    """What a `kernel.json` says. `warm` kernels come from the host, others are programs."""
    command = [sys.executable, "-m", "codeact.jupyter", "-f", "{connection_file}"]
    metadata: dict[str, Any] = {"debugger": False, "supported_encryption": "curve"}
    if warm:
        metadata["kernel_provisioner"] = {"provisioner_name": PROVISIONER, "config": {}}
    return {
        "argv": [*command, *settings.argv()],
        "display_name": display_name,
        "language": "python",
        "interrupt_mode": "signal",
        "metadata": metadata,
    }


def install(
    spec: dict[str, Any], *, name: str = NAME, user: bool = False, prefix: str | None = None
) -> Path:
    """The folder that it was written to. Raises ConfigError."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "kernel.json").write_text(json.dumps(spec, indent=1) + "\n", "utf-8")
        Path(folder).chmod(0o755)
        try:
            there = KernelSpecManager().install_kernel_spec(folder, name, user=user, prefix=prefix)
        except (OSError, ValueError) as error:
            raise ConfigError(CANNOT_WRITE.format(error=error)) from error
    return Path(there)


def remove(name: str = NAME) -> Path:
    """The folder that is gone. Raises ConfigError where it is not a kernel of ours."""
    specs = KernelSpecManager(ensure_native_kernel=False)
    found = specs.find_kernel_specs().get(name)
    if found is None:
        raise ConfigError(NOT_INSTALLED.format(name=name))
    spec = json.loads(Path(found, "kernel.json").read_text("utf-8"))
    if "codeact.jupyter" not in spec.get("argv", []):
        raise ConfigError(NOT_OURS.format(name=name, place=found))
    try:
        return Path(specs.remove_kernel_spec(name))
    except (OSError, NoSuchKernel) as error:
        raise ConfigError(NOT_INSTALLED.format(name=name)) from error
