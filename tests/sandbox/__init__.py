"""Hostile programs against the walls, and the same programs where a wall is missing."""
