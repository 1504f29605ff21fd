"""The tree at the end of the README, drawn from the first line of every source file.

`python tests/readme_tree.py` rewrites it.
"""

from __future__ import annotations

import ast
from pathlib import Path

BEGIN, END = "<!-- tree: just tree -->\n```text\n", "```\n<!-- end of tree -->"

# What files say that cannot speak for themselves.
PHRASES = {
    "py.typed": "Tells type checkers that our annotations count",
    "card.json": "What the small model is: shape, training, families, what was held out",
    "tokenizer.json": "The small model's tokenizer",
    "weights.npz": "The small model's weights in half precision",
}

_WIDTH = 28


def draw(source: Path) -> str:
    """One line a file, folders before it named by their own `__init__.py`. Raises ValueError for a
    file without a phrase.
    """
    return "".join(line.rstrip() + "\n" for line in _lines(source, 0))


def phrase(path: Path) -> str:
    """The first sentence of a file, without its full stop."""
    if path.suffix == ".txt":
        title = path.read_text(encoding="utf-8").partition("\n")[0]
        if title.startswith("# "):
            return title.removeprefix("# ").rstrip(".")
    if path.suffix != ".py":
        if path.name not in PHRASES:
            raise ValueError(f"Give {path.name} a phrase in tests/readme_tree.py.")
        return PHRASES[path.name]
    first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]
    said = first.partition(". ")[0].rstrip(".")
    if not said:
        raise ValueError(f"{path} has no first line that says what it is for.")
    return said


def block(readme: str) -> str:
    """The tree that a README holds. Raises ValueError where it holds none."""
    return readme[readme.index(BEGIN) + len(BEGIN) : readme.index(END)]


def _lines(folder: Path, depth: int) -> list[str]:
    inside = sorted(
        (path for path in folder.iterdir() if path.name not in ("__init__.py", "__pycache__")),
        key=lambda path: (path.is_dir(), path.name),
    )
    said = phrase(folder / "__init__.py") if (folder / "__init__.py").exists() else ""
    lines = [_line(f"{folder.name}/", said, depth)]
    for path in inside:
        if path.is_dir():
            lines += _lines(path, depth + 1)
        else:
            lines.append(_line(path.name, phrase(path), depth + 1))
    return lines


def _line(name: str, said: str, depth: int) -> str:
    return f"{'  ' * depth + name:<{_WIDTH}}{said}"


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    readme = root / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    drawn = draw(root / "src" / "codeact")
    readme.write_text(f"{before}{BEGIN}{drawn}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
