"""Tests of how an action is written in text."""
