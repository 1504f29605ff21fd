"""The interpreter, through its doors."""
