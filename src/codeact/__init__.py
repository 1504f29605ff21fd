"""LLM agents that act by writing Python."""
