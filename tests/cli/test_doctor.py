"""What the doctor finds, and says."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.program import run, script
from tests.loopback import Loopback


def test_the_findings_have_stable_keys(tmp_path: Path) -> None:
    done = run(tmp_path, "doctor", "--json", "-m", script(tmp_path, "Hi."))
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert {"version", "python", "platform", "model", "interpreter", "sandbox", "folders"} <= {
        *found
    }
    assert {"name", "reason", "tried", "ok"} <= {*found["model"]}
    assert {*found["interpreter"]} == {"kind", "ok", "start_ms", "error"}
    assert {"tier", "layers"} <= {*found["sandbox"]}
    assert found["interpreter"]["ok"]
    assert found["model"]["ok"]


def test_a_server_that_is_named_is_asked_for_its_model(tmp_path: Path) -> None:
    with Loopback([], models=["big-model"]) as server:
        env = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-secret-key"}
        done = run(tmp_path, "doctor", env=env)
    assert done.returncode == 0
    assert "model        big-model" in done.stdout
    assert "OPENAI_API_KEY is set" in done.stdout
    assert "sk-secret" not in done.stdout


def test_without_a_model_the_doctor_says_how_to_connect_one(tmp_path: Path) -> None:
    done = run(tmp_path, "doctor", "-m", "no-such-model")
    assert done.returncode == 1
    assert "model        none found" in done.stdout
    assert "OPENAI_API_KEY is not set" in done.stdout


def test_the_doctor_says_plainly_that_there_is_no_sandbox(tmp_path: Path) -> None:
    done = run(tmp_path, "doctor", "-m", script(tmp_path, "Hi."))
    assert "sandbox      none: code runs as your user" in done.stdout
