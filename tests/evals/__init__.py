"""Tests of what a trajectory is worth."""
