"""Trajectories into training data."""
