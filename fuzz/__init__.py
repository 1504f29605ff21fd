"""Fuzz targets: what the host reads from kernels, models and files, given any bytes."""
