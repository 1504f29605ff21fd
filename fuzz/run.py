"""Runs one target under atheris: `python -m fuzz.run wire -max_total_time=120`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["codeact"]):
    from fuzz.targets import TARGETS, seeds


def main() -> None:
    """`argv`: the target's name, then libFuzzer's flags."""
    name = sys.argv.pop(1)
    corpus = Path(tempfile.gettempdir(), f"codeact-fuzz-{name}")
    corpus.mkdir(exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    target = TARGETS[name]
    atheris.Setup([sys.argv[0], str(corpus), *sys.argv[1:]], lambda data: target(bytes(data)))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
