"""Tests of the terminal, through the real program."""
