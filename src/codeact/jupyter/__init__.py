"""Our interpreter behind Jupyter's protocol: notebooks, consoles and runners of notebooks."""
