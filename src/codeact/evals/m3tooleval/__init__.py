"""M3ToolEval."""
