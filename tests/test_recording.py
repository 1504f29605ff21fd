"""What a run leaves on disk: whole, readable after a crash, and without secrets."""

from __future__ import annotations

import dataclasses
import json
import platform
import tempfile
from pathlib import Path

import pytest
from hypothesis import given

from codeact.actions import CodeAction
from codeact.events import StepFinished, TextDelta
from codeact.messages import Completion, Message
from codeact.observations import Observation
from codeact.recording import Recording, new_folder, versions
from codeact.trajectory import Step, StopReason, Trajectory, plain_step, read
from tests import nouns

SECRETS = ("sk-live-0123", "sk-live-0123-and-more", 'quoted"key\\1', "schlüssel", "short")


def step(text: str) -> Step:
    return Step(
        completion=Completion(text=text),
        reply=Message(role="assistant", content=text),
        action=CodeAction(code=text),
        observation=Observation(text=text, source="interpreter"),
    )


def whole(*steps: Step) -> Trajectory:
    return Trajectory(prompt=(), steps=steps, stop_reason=StopReason.ANSWERED)


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def test_finished_steps_are_on_disk_without_a_finish(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "new" / "run")
    recording.emit(StepFinished(index=0, step=step("one")))
    recording.emit(StepFinished(index=1, step=step("two")))
    kept = [json.loads(line) for line in lines(tmp_path / "new" / "run" / "steps.jsonl")]
    assert kept == [
        {"index": 0, "step": plain_step(step("one"))},
        {"index": 1, "step": plain_step(step("two"))},
    ]


def test_only_finished_steps_are_kept(tmp_path: Path) -> None:
    Recording(tmp_path).emit(TextDelta(text="half a re"))
    assert list(tmp_path.iterdir()) == []


def test_trajectories_of_one_run_are_kept_in_order(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.finish(whole(step("one")))
    recording.finish(whole(step("two")))
    assert list(read(tmp_path / "trajectories.jsonl")) == [whole(step("one")), whole(step("two"))]


@given(nouns.trajectories)
def test_any_trajectory_is_recorded_and_read_back(trajectory: Trajectory) -> None:
    with tempfile.TemporaryDirectory() as folder:
        recording = Recording(Path(folder))
        for index, each in enumerate(trajectory.steps):
            recording.emit(StepFinished(index=index, step=each))
        recording.finish(trajectory)
        assert list(read(Path(folder, "trajectories.jsonl"))) == [trajectory]


def test_the_resolved_configuration_is_kept_with_its_versions(tmp_path: Path) -> None:
    Recording(tmp_path).configure({"model": "m", "workspace": Path("/w"), "task": "ü\udc80"})
    config = json.loads((tmp_path / "config.json").read_text("utf-8"))
    assert (config["model"], config["workspace"], config["task"]) == ("m", "/w", "ü\udc80")
    assert config["versions"]["python"] == platform.python_version()
    assert config["begun"].endswith("+00:00")


@pytest.mark.parametrize("secret", SECRETS[:4])
def test_no_secret_reaches_the_disk(tmp_path: Path, secret: str) -> None:
    recording = Recording(tmp_path, secrets=SECRETS)
    recording.configure({"key": secret})
    recording.emit(StepFinished(index=0, step=step(f"my key is {secret}!")))
    recording.finish(whole(step(f"my key is {secret}!")))
    for path in tmp_path.iterdir():
        assert _holds(json.loads(lines(path)[0] if path.suffix == ".jsonl" else path.read_text()))
    (kept,) = read(tmp_path / "trajectories.jsonl")
    assert kept == whole(step("my key is [redacted]!"))


def _holds(record: object) -> bool:
    text = json.dumps(record, ensure_ascii=False)
    return "[redacted]" in text and not any(secret[:7] in text for secret in SECRETS[:4])


def test_the_longer_of_two_keys_leaves_no_end_behind(tmp_path: Path) -> None:
    recording = Recording(tmp_path, secrets=SECRETS)
    recording.finish(whole(step(SECRETS[1])))
    assert "and-more" not in (tmp_path / "trajectories.jsonl").read_text()


def test_short_words_are_no_secrets(tmp_path: Path) -> None:
    recording = Recording(tmp_path, secrets=SECRETS)
    recording.finish(whole(step("in short")))
    assert list(read(tmp_path / "trajectories.jsonl")) == [whole(step("in short"))]


def test_folders_of_runs_are_new_and_not_yet_made(tmp_path: Path) -> None:
    one, other = new_folder(tmp_path), new_folder(tmp_path)
    assert one != other
    assert one.parent == tmp_path
    assert not one.exists()


def test_only_installed_packages_have_a_version() -> None:
    assert set(versions(["pydantic", "no-such-package"])) == {"python", "platform", "pydantic"}


def test_a_recorded_step_does_not_change_with_its_redaction(tmp_path: Path) -> None:
    original = step("sk-live-0123")
    Recording(tmp_path, secrets=SECRETS).emit(StepFinished(index=0, step=original))
    assert original == dataclasses.replace(original, completion=Completion(text="sk-live-0123"))
