"""Tests, file by file as in src."""
