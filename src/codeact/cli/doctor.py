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
from codeact.interpreter.in_force import InForce
from codeact.interpreter.opening import open_interpreter
from codeact.models.openai import shown_url
from codeact.recording import versions

UNASKED = "; it runs without asking, the terminal asks before tools are called, -y does not"
SANDBOX = {
    "full+cgroup": "code is confined: it sees its own folder and no network, and its processes "
    f"share one bound on memory{UNASKED}",
    "full": f"code is confined: it sees its own folder and no network{UNASKED}",
    "landlock": "code is confined by Landlock and seccomp; it can see that other files exist"
    f"{UNASKED}",
    "none": "code runs as your user; the terminal asks before each piece of code, -y does not",
}
NO_SESSION = "no session could be started"


async def examine(
    model: str | None, base_url: str | None, environ: Mapping[str, str], *, json: bool
) -> int:
    """Print the findings; the exit code says whether there is a model."""
    interpreter, report = await _interpreter()
    findings: dict[str, Any] = {
        "version": codeact.__version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": platform.platform(),
        "model": await _model(Options(model=model, base_url=base_url), environ),
        "interpreter": interpreter,
        "sandbox": _sandbox(report),
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


async def _interpreter() -> tuple[dict[str, Any], InForce]:
    """A session like any other, and what confines it."""
    begun = time.perf_counter()
    kind, error, report = "none", None, None
    with tempfile.TemporaryDirectory(prefix="codeact-doctor-") as folder:
        try:
            async with open_interpreter(
                workspace=Path(folder), timeout=30, tell=_unheard
            ) as interpreter:
                kind = "forked" if isinstance(interpreter, ForkedInterpreter) else "process"
                execution = await interpreter.execute("6 * 7")
                report = interpreter.report
                if execution.text.strip() != "42":
                    error = f"6 * 7 gave {execution.text!r}"
        except CodeActError as failure:
            error = str(failure)
    milliseconds = round((time.perf_counter() - begun) * 1000)
    record = {"kind": kind, "ok": error is None, "start_ms": milliseconds, "error": error}
    return record, report or InForce(tier="none", why=NO_SESSION)


def _unheard(sentence: str) -> None:
    """The report says it."""


def _sandbox(report: InForce) -> dict[str, Any]:
    """What confined the session that was tried; `layers` are the single walls, tried one by one."""
    from codeact.interpreter.offer import probe

    layers = [
        {"name": each.name, "works": each.works, "why": each.why} for each in probe().findings
    ]
    meaning = f"{report.tier}: {SANDBOX[report.tier]}"
    return report.plain() | {"layers": layers, "meaning": meaning}


def _walls(sandbox: Mapping[str, Any]) -> list[str]:
    """What stands, what is bounded, and what is lacking with the reason."""
    if sandbox["tier"] == "none":
        return [f"  why        {sandbox['why']}"]
    bounds = ((name, value) for name, value in sandbox["limits"].items() if value is not None)
    limits = ", ".join(f"{name} {value:,}" for name, value in bounds)
    return [
        f"  walls      {', '.join(sandbox['walls'])}",
        f"  network    {sandbox['network']}",
        f"  cgroup     {sandbox['cgroup']}",
        f"  limits     {limits}",
        *(f"  lacking    {wall}: {note}" for wall, note in sandbox["lacking"].items()),
    ]


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
        *_walls(findings["sandbox"]),
    ]
    known = ("python", "platform", "codeact")
    packages = findings["versions"].items()
    lines += [f"{name:<12} {version}" for name, version in packages if name not in known]
    lines += [f"{name + ' in':<12} {folder}" for name, folder in findings["folders"].items()]
    return "\n".join(lines)
