"""Fails when the wheel holds other files than the source folder, or no licence."""

import sys
import zipfile
from pathlib import Path

wheel, source = zipfile.ZipFile(sys.argv[1]), Path(sys.argv[2])
packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
written = {
    str(path.relative_to(source))
    for path in source.rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
}
if packed != written:
    sys.exit(f"The wheel differs from {source}: {sorted(packed ^ written)}")
if not any(name.endswith("/licenses/LICENSE") for name in wheel.namelist()):
    sys.exit("The wheel holds no LICENSE.")
