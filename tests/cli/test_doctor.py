"""What the doctor finds, and says."""

from __future__ import annotations

import json
from pathlib import Path

from codeact.interpreter.offer import probe, tier
from codeact.interpreter.sandbox import FULL
from tests.cli.program import act, run, script
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


def test_the_doctor_says_which_walls_sessions_get(tmp_path: Path) -> None:
    done = run(tmp_path, "doctor", "--json", "-m", script(tmp_path, "Hi."))
    sandbox = json.loads(done.stdout)["sandbox"]
    best = tier(probe())
    assert sandbox["tier"] == ("full" if best in FULL else best)
    assert {layer["name"] for layer in sandbox["layers"]} >= {"landlock", "seccomp"}


def test_code_in_the_terminal_sees_no_file_outside(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("secret")
    look = act(f"import os\nprint('seen', os.path.exists({str(tmp_path / 'outside')!r}))")
    for flags, seen in (((), "seen False"), (("--sandbox", "off"), "seen True")):
        done = run(tmp_path, "-y", "-m", script(tmp_path, look, "Done."), *flags, "Look.")
        assert seen in done.stderr
