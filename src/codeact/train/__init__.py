"""Training: trajectories into weights. The network itself needs the extra `train`."""
