"""The tests of the task sources and their graders."""
