"""A folder with one question of each public set, in the files' own layouts."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from tests.tasks.test_alfworld import PROBLEM

SUM = "What is two plus two?"
TWICE = "def twice(x):\n"


def write(folder: Path) -> Path:
    """The folder, filled."""
    tests = "def check(candidate):\n    assert candidate(2) == 4\n"
    gold = {"canonical_solution": "    return 2 * x\n", "test": tests, "entry_point": "twice"}
    _lines(folder / "gsm8k/test.jsonl", {"question": SUM, "answer": "2 + 2\n#### 4"})
    _lines(folder / "gsm_hard/gsmhardv2.jsonl", {"input": SUM, "target": 4.0})
    _lines(
        folder / "math/test.jsonl",
        {"problem": SUM, "solution": "It is $\\boxed{4}$.", "type": "Number Theory"},
    )
    program = json.dumps({"prompt": TWICE, **gold}) + "\n"
    _put(folder / "humaneval/HumanEval.jsonl.gz", gzip.compress(program.encode()))
    _lines(
        folder / "mbpp/mbpp.jsonl",
        *({"task_id": number, **_mbpp()} for number in (10, 11)),
    )
    _mint(folder / "mint", gold)
    _tables(folder / "wikitablequestions")
    return folder


def _mbpp() -> dict[str, Any]:
    code = TWICE.replace("\n", "\r\n") + "    return 2 * x\r\n"
    return {
        "text": "Double it.",
        "code": code,
        "test_list": ["assert twice(2) == 4"],
        "test_setup_code": "",
    }


def _mint(folder: Path, gold: dict[str, Any]) -> None:
    for kind in ("gsm8k", "math", "hotpotqa", "theoremqa"):
        reference = 4 if kind == "theoremqa" else "4"
        _lines(folder / f"{kind}.jsonl", {"id": 0, "prompt": SUM, "reference": reference})
    options = f"{SUM}\nOptions: A ) 3 , B ) 4"
    _lines(folder / "mmlu.jsonl", {"id": 0, "prompt": options, "reference": "b"})
    program = {"id": 0, "prompt": TWICE, "reference": f"{gold['test']}check(twice)"}
    _lines(folder / "humaneval.jsonl", {**program, **gold})
    tests = {"reference": "assert twice(2) == 4", "code": _mbpp()["code"]}
    _lines(folder / "mbpp.jsonl", {"id": 0, "prompt": '"""\nDouble it.\n"""', **tests})
    game = json.dumps({"pddl_problem": PROBLEM}).encode()
    archive = folder / "alfworld/alfworld_valid_unseen_134.tar.gz"
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:gz") as packed:
        member = tarfile.TarInfo("games/pick/trial/game.tw-pddl")
        member.size = len(game)
        packed.addfile(member, io.BytesIO(game))


def _tables(folder: Path) -> None:
    head = "id\tutterance\tcontext\ttargetValue\n"
    row = "nu-0\twhich town has 9?\tcsv/200-csv/0.csv\tUlm\n"
    _put(folder / "data/pristine-unseen-tables.tsv", (head + row).encode())
    _put(folder / "csv/200-csv/0.csv", b'"town","size"\n"Ulm","9"\n"Bonn","8"\n')


def _lines(path: Path, *records: dict[str, Any]) -> None:
    _put(path, "".join(json.dumps(each) + "\n" for each in records).encode())


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
