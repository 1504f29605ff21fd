"""Tests of Inspect's tasks are collected where it is: `pip install 'codeact[inspect]'`."""

from __future__ import annotations

import importlib.util

collect_ignore = [] if importlib.util.find_spec("inspect_ai") else ["test_inspect_tasks.py"]
