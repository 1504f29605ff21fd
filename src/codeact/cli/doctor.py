"""`codeact doctor`: what would be used, and why."""

from __future__ import annotations

import json as json_text
import platform
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import codeact
from codeact.cli.harmless import clean
from codeact.cli.options import Options
from codeact.cli.session import find_model, runs_folder
from codeact.errors import CodeActError
from codeact.interpreter.forked import ForkedInterpreter
from codeact.interpreter.opening import open_interpreter
from codeact.models.openai import shown_url
from codeact.recording import versions

SANDBOX = {
    "full": "code is confined: it sees its own folder and no network",
    "landlock": "code is confined by Landlock and seccomp; it can see that other files exist",
    "none": "code runs as your user",
}
ASKED = "; the terminal asks before each piece of code, -y does not"


async def examine(
    model: str | None, base_url: str | None, environ: Mapping[str, str], *, json: bool
) -> int:
    """Print the findings; the exit code says whether there is a model."""
    findings: dict[str, Any] = {
        "version": codeact.__version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": platform.platform(),
        "model": await _model(Options(model=model, base_url=base_url), environ),
        "interpreter": await _interpreter(),
        "sandbox": _sandbox(),
        "versions": versions(),
        "folders": _folders(),
    }
    text = json_text.dumps(findings, indent=2) if json else clean(_text(findings))
    sys.stdout.write(f"{text}\n")
    return 0 if findings["model"]["ok"] else 1


async def _model(options: Options, environ: Mapping[str, str]) -> dict[str, Any]:
    """No key is shown, only whether there is one."""
    address = options.base_url or environ.get("OPENAI_BASE_URL")
    record: dict[str, Any] = {
        "name": None,
        "reason": "",
        "tried": [],
        "ok": False,
        "base_url": address and shown_url(address),
        "key": bool(environ.get("OPENAI_API_KEY")),
    }
    try:
        found = await find_model(options, environ)
    except CodeActError as error:
        return record | {"reason": str(error)}
    await found.model.aclose()
    return record | {
        "name": found.model.name,
        "reason": found.reason,
        "tried": list(found.tried),
        "ok": True,
    }


async def _interpreter() -> dict[str, Any]:
    begun = time.perf_counter()
    kind, error = "none", None
    with tempfile.TemporaryDirectory(prefix="codeact-doctor-") as folder:
        try:
            async with open_interpreter(workspace=Path(folder), timeout=30) as interpreter:
                kind = "forked" if isinstance(interpreter, ForkedInterpreter) else "process"
                execution = await interpreter.execute("6 * 7")
                if execution.text.strip() != "42":
                    error = f"6 * 7 gave {execution.text!r}"
        except CodeActError as failure:
            error = str(failure)
    milliseconds = round((time.perf_counter() - begun) * 1000)
    return {"kind": kind, "ok": error is None, "start_ms": milliseconds, "error": error}


def _sandbox() -> dict[str, Any]:
    """The tier that sessions get; what is missing says why."""
    from codeact.interpreter.offer import probe, tier
    from codeact.interpreter.sandbox import FULL

    offer = probe()
    found = "full" if tier(offer) in FULL else tier(offer)
    layers = [{"name": each.name, "works": each.works, "why": each.why} for each in offer.findings]
    return {"tier": found, "layers": layers, "meaning": f"{found}: {SANDBOX[found]}{ASKED}"}


def _folders() -> dict[str, str]:
    import platformdirs

    return {
        "runs": str(runs_folder()),
        "state": platformdirs.user_state_dir("codeact", appauthor=False),
        "config": platformdirs.user_config_dir("codeact", appauthor=False),
    }


def _text(findings: Mapping[str, Any]) -> str:
    model, interpreter = findings["model"], findings["interpreter"]
    started = f"starts and answers in {interpreter['start_ms']} ms"
    lines = [
        f"codeact      {findings['version']}",
        f"python       {findings['python']}",
        f"platform     {findings['platform']}",
        f"model        {model['name'] or 'none found'}",
        *(f"             {line}" for line in model["reason"].splitlines()),
        *(f"  tried      {line}" for line in model["tried"]),
        f"  base URL   {model['base_url'] or 'not set'}",
        f"  key        {'OPENAI_API_KEY is set' if model['key'] else 'OPENAI_API_KEY is not set'}",
        f"interpreter  {interpreter['kind']}: {interpreter['error'] or started}",
        f"sandbox      {findings['sandbox']['meaning']}",
    ]
    known = ("python", "platform", "codeact")
    packages = findings["versions"].items()
    lines += [f"{name:<12} {version}" for name, version in packages if name not in known]
    lines += [f"{name + ' in':<12} {folder}" for name, folder in findings["folders"].items()]
    return "\n".join(lines)
