"""Tests of where replies come from."""
