"""API-Bank: single calls of APIs, asked for in a dialogue and judged by what they do."""

from __future__ import annotations

from codeact.evals.apibank.benchmark import ApiBank

__all__ = ["ApiBank"]
