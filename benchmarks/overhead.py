"""What our loop costs beyond model and interpreter: milliseconds a step, beside smolagents' agent.

    python benchmarks/overhead.py            # a table
    python benchmarks/overhead.py --json     # {"step_ms": …, "peers": {"smolagents": …}, …}

Both sides get a model that answers at once and the same number of steps. Ours gets an interpreter
that answers at once. smolagents runs in an environment of its own, made on the first run under the
user's cache folder, with its own in-process executor; its step is measured on `pass`, so that the
executor has next to nothing to do. Medians over several episodes, in one run on one machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path

import anyio

from codeact.agent import Agent
from codeact.environment import Environment
from codeact.events import Emit, ignore
from codeact.formats import by_name
from codeact.interpreter import Execution, Variable
from codeact.messages import Message
from codeact.models.scripted import ScriptedModel
from codeact.prompt import system_prompt
from codeact.tools import EMPTY, Toolbox

STEPS = 50
EPISODES = 30
PEER = "smolagents==1.26.0"
PEER_SCRIPT = Path(__file__).with_name("overhead_smolagents.py")


class InstantInterpreter:
    """Answers at once, so that only the loop's own time is left."""

    workspace = Path(".")
    report = None

    async def execute(
        self, code: str, *, toolbox: Toolbox = EMPTY, emit: Emit = ignore
    ) -> Execution:
        return Execution(text="42")

    async def interrupt(self) -> None:
        """Nothing runs."""

    async def variables(self) -> tuple[Variable, ...]:
        return ()

    async def reset(self) -> None:
        """Nothing lives."""

    async def aclose(self) -> None:
        """Nothing is open."""


async def episode(format: str) -> float:
    """Seconds per step of one episode."""
    chosen = by_name(format)
    action = "Let me look.\n<execute>\npass\n</execute>"
    if format == "code-fence":
        action = "Let me look.\n```python\npass\n```"
    model = ScriptedModel([action] * (STEPS - 1) + ["It is 42."])
    agent = Agent(model=model, format=chosen, max_steps=STEPS + 1)
    messages = [system_prompt(chosen, EMPTY), Message(role="user", content="What is it?")]
    begun = time.perf_counter()
    trajectory = await agent.run(messages, Environment(interpreter=InstantInterpreter()))
    seconds = time.perf_counter() - begun
    assert len(trajectory.steps) == STEPS, trajectory.stop_reason
    return seconds / STEPS


def ours() -> float:
    """Median milliseconds a step."""

    async def measure() -> list[float]:
        return [await episode("code") for _ in range(EPISODES)]

    return statistics.median(anyio.run(measure)) * 1_000


def smolagents(steps: int) -> float | None:
    """Median milliseconds a step of smolagents' CodeAgent, None where it cannot be installed."""
    python = _peer_python()
    if python is None:
        return None
    command: Sequence[str] = [str(python), str(PEER_SCRIPT), str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"smolagents did not run: {done.stderr.strip()[-400:]}", file=sys.stderr)
        return None
    return float(done.stdout.split()[-1])


def _peer_python() -> Path | None:
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    home = cache / "codeact" / "benchmarks" / PEER.replace("==", "-")
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        venv.create(home, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", PEER]
        if subprocess.run(install, check=False).returncode != 0:
            print(f"{PEER} cannot be installed here; its row is empty.", file=sys.stderr)
            return None
        (home / "ready").touch()
    return python


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--no-peers", action="store_true", help="measure only ours")
    options = parser.parse_args()
    step = ours()
    peer = None if options.no_peers else smolagents(STEPS)
    if options.json:
        ratio = None if peer is None else round(peer / step, 1)
        row = {"ms": None if peer is None else round(peer, 3), "ratio": ratio, "version": PEER}
        record = {"step_ms": round(step, 4), "steps": STEPS, "episodes": EPISODES}
        print(json.dumps(record | {"peers": {} if options.no_peers else {"smolagents": row}}))
        return
    print(f"codeact     {step:8.3f} ms a step  (median of {EPISODES} episodes, {STEPS} steps each)")
    if peer is not None:
        print(f"smolagents  {peer:8.3f} ms a step  ({peer / step:.1f} times ours; {PEER})")


if __name__ == "__main__":
    main()
