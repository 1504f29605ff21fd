"""M3ToolEval: 82 tasks in five domains, solved by code, by JSON, by text or by native calls."""

from __future__ import annotations

from codeact.evals.m3tooleval.benchmark import M3ToolEval
from codeact.evals.runs import Tally, run, scores, tally

__all__ = ["M3ToolEval", "Tally", "run", "scores", "tally"]
