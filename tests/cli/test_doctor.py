"""What the doctor finds, and says."""

from __future__ import annotations

import json
from pathlib import Path

from codeact.interpreter.offer import probe, tier
from tests.cli.program import WITHOUT_WALLS, act, run, script
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
    assert sandbox["tier"] == tier(probe())
    assert {layer["name"] for layer in sandbox["layers"]} >= {"landlock", "seccomp"}
    assert {"landlock", "seccomp", "rlimits"} <= {*sandbox["walls"]}
    assert sandbox["cgroup"] == (probe().cgroup or "none")
    assert sandbox["network"] == "none"
    assert sandbox["limits"]["memory_mb"] == 2048


def test_the_doctor_spells_walls_and_limits_out(tmp_path: Path) -> None:
    done = run(tmp_path, "doctor", "-m", script(tmp_path, "Hi."))
    assert "  walls      users, " in done.stdout
    assert "memory_mb 2,048" in done.stdout


def test_code_in_the_terminal_sees_no_file_outside(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("secret")
    look = act(f"import os\nprint('seen', os.path.exists({str(tmp_path / 'outside')!r}))")
    for flags, seen in (((), "seen False"), (("--sandbox", "off"), "seen True")):
        done = run(tmp_path, "-y", "-m", script(tmp_path, look, "Done."), *flags, "Look.")
        assert seen in done.stderr


def test_a_machine_without_walls_is_told_in_one_clean_line(tmp_path: Path) -> None:
    replies = script(tmp_path, act("6 * 7"), act("x = 1"), "Done.")
    done = run(tmp_path, "-y", "-m", replies, "Go.", program=WITHOUT_WALLS)
    assert done.returncode == 0
    lines = [line for line in done.stderr.splitlines() if "no sandbox" in line]
    sentence = "Warning: no sandbox on this machine: the code can read, change and send whatever"
    assert len(lines) == 1
    assert lines[0].startswith(f"[{sentence}")
    assert "UserWarning" not in done.stderr


def test_a_required_sandbox_refuses_a_machine_without_walls(tmp_path: Path) -> None:
    replies = script(tmp_path, act("6 * 7"), "Done.")
    flags = ("-y", "--sandbox", "required", "-m", replies)
    done = run(tmp_path, *flags, "Go.", program=WITHOUT_WALLS)
    assert done.returncode != 0
    assert "The sandbox is required, and this machine cannot build one" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_doctor_says_that_no_walls_stand_and_why(tmp_path: Path) -> None:
    replies = script(tmp_path, "Hi.")
    done = run(tmp_path, "doctor", "--json", "-m", replies, program=WITHOUT_WALLS)
    sandbox = json.loads(done.stdout)["sandbox"]
    assert (sandbox["tier"], sandbox["why"]) == ("none", "this machine offers none")
    assert sandbox["walls"] == []
