"""`codeact train`: a run's folder, going on in it, and what is said when something is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codeact.cli.training import Plan, train, write_export
from codeact.models.embedded import EmbeddedModel


def plan(out: Path, budget: str = "3k", **more: object) -> Plan:
    asked = {"budget": budget, "out": out, "device": "cpu", "episodes": 40, "threads": 1}
    return Plan(**{**asked, **more})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a few steps."""
    folder = tmp_path_factory.mktemp("run")
    assert train(plan(folder), {}) == 0
    return folder


def test_a_run_leaves_its_model_its_curve_and_its_checkpoint(run: Path) -> None:
    for name in ("checkpoint.pt", "loss.csv", "loss.png", "episodes.jsonl", "model/weights.npz"):
        assert (run / name).stat().st_size > 0, name
    assert EmbeddedModel(run / "model").ships


def test_the_card_names_the_families_that_were_learned(run: Path) -> None:
    card = json.loads((run / "model" / "card.json").read_text(encoding="utf-8"))
    assert len(card["families"]) > 10
    assert card["tokens_seen"] >= 3_000


def test_a_larger_budget_goes_on_in_the_same_folder(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(plan(run, "9ktok"), {}) == 0
    said = capsys.readouterr().out
    assert "Going on:" in said
    assert "tokens/s" in said
    assert "Making episodes" not in said


def test_finished_weights_can_be_the_beginning_of_another_run(run: Path, tmp_path: Path) -> None:
    data = [run / "episodes.jsonl"]
    assert train(plan(tmp_path, start=run / "model", data=data), {}) == 0
    assert (tmp_path / "tokenizer.json").read_bytes() == (run / "tokenizer.json").read_bytes()


def test_a_run_is_exported_for_other_programs(run: Path, tmp_path: Path) -> None:
    assert write_export(run / "model", "hf", tmp_path / "hf") == 0
    assert write_export(run / "model", "gguf", tmp_path / "nano.gguf") == 0
    assert (tmp_path / "hf" / "model.safetensors").stat().st_size > 1_000_000
    assert (tmp_path / "nano.gguf").read_bytes()[:4] == b"GGUF"


def test_a_budget_of_money_bounds_no_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(plan(tmp_path, "1usd"), {}) == 2
    assert "bounds neither time nor tokens" in capsys.readouterr().err


def test_a_gpu_that_is_not_there_is_no_crash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    if not torch.cuda.is_available():
        assert train(plan(tmp_path, device="cuda"), {}) == 2
        assert "no GPU" in capsys.readouterr().err


def test_an_export_of_nothing_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert write_export(tmp_path, "hf", tmp_path / "out") == 3
    assert "holds no model" in capsys.readouterr().err
