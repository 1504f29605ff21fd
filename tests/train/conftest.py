"""Tests of networks are collected where torch is: `pip install 'codeact[train]'`."""

from __future__ import annotations

import importlib.util

collect_ignore = (
    []
    if importlib.util.find_spec("torch")
    else [
        "test_nano.py",
        "test_export.py",
        "test_cli.py",
        "test_continued.py",
        "test_experiments.py",
    ]
)
collect_ignore += (
    [] if importlib.util.find_spec("trl") else ["tiny_llm.py", "test_chat.py", "test_sft.py"]
)
