"""Tiny wheels in a simple index on this machine, as a session's packages come from one."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def wheel(folder: Path, name: str, version: str, code: str, *, needs: str = "") -> None:
    """A package of one module, in the index that lies in the folder."""
    place = folder / name.replace("_", "-")
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    if needs:
        metadata += f"Requires-Dist: {needs}\n"
    files = {
        f"{name}.py": code,
        f"{about}/METADATA": metadata,
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{each},,\n" for each in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for each, text in {**files, f"{about}/RECORD": record}.items():
            archive.writestr(each, text)
    links = "".join(
        f'<a href="{each.name}#sha256={hashlib.sha256(each.read_bytes()).hexdigest()}">'
        f"{each.name}</a>\n"
        for each in sorted(place.glob("*"))
        if each.name != "index.html"
    )
    (place / "index.html").write_text(f"<!DOCTYPE html><html><body>{links}</body></html>")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test's output is its own."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of the index that lies in the folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
