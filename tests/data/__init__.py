"""The tests of making training data."""
