"""Every example and every Python block of the documents is run as a reader would run it.

A block stays unrun only below a line `<!-- not run: reason -->`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.loopback import Loopback, Reply

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
MOST_LINES = 40

OUTPUT = {
    "01_ask.py": """\
Let me compute it.
<execute>
sum(n for n in range(1, 101) if n % 3 == 0)
</execute>
-> 1683
The multiples of 3 up to 100 add up to 1683.
""",
    "02_tools.py": """\
2 x tea ordered for 7.0
cocoa is not sold
2 x cake ordered for 8.4
Two teas and two cakes are ordered; there is no cocoa.
""",
    "03_own_format.py": """\
user: What is 6 times 7?
assistant: Let me see.
>>> x = 6
>>> x * 7
user: Out:
42
assistant: It is 42.
""",
    "04_own_environment.py": """\
'About 5000.' -> 'That is wrong. Compute it.'
'<execute>\\nsum(range(100))\\n</execute>' -> '4950\\n'
'It is 4950.' -> ''
answered after 3 steps
""",
    "05_typed_answer.py": """\
Your answer does not fit the required type. the value: Invalid JSON: expected value at line 1 \
column 1 (got 'The longest word is "not".').
not has 3 letters
to has 2 letters
""",
}

# What the model says that the blocks of a document ask, through a server on this machine.
REPLIES = {
    "README.md": (
        '<execute>\n2 * price("tea") + price("cake")\n</execute>',
        "Two teas and a cake cost 11.20 euros.",
    ),
}

_BLOCK = re.compile(r"((?:^<!--[^\n]*-->\n)?)^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NOT_RUN = re.compile(r"<!-- not run: \S.* -->")


@dataclass(frozen=True)
class Block:
    """A Python block of a document; `line` is that of its first statement."""

    document: str
    line: int
    code: str


def blocks(document: str, text: str) -> Iterator[Block]:
    for found in _BLOCK.finditer(text):
        if not _NOT_RUN.match(found[1]):
            yield Block(document, text.count("\n", 0, found.start(2)) + 1, found[2])


def documents() -> Iterator[Block]:
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        yield from blocks(str(path.relative_to(ROOT)), path.read_text("utf-8"))


def python(*arguments: str, folder: Path, **environment: str) -> str:
    """What a program prints, run with our source and warnings as errors."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def served(block: Block, replies: Sequence[str], folder: Path) -> str:
    """What a block prints where the named model is a server that gives the replies."""
    with Loopback([Reply(each) for each in replies]) as server:
        printed = python(
            "-c", block.code, folder=folder, OPENAI_BASE_URL=server.base_url, OPENAI_API_KEY="test"
        )
        assert len(server.posts) == len(replies)
    return printed


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_an_example_prints_what_it_shows(name: str, tmp_path: Path) -> None:
    assert python(str(EXAMPLES / name), folder=tmp_path) == OUTPUT[name]


@pytest.mark.parametrize("name", OUTPUT)
def test_an_example_is_short_and_says_how_to_name_a_living_model(name: str) -> None:
    lines = (EXAMPLES / name).read_text("utf-8").splitlines()
    assert len(lines) <= MOST_LINES
    assert any(line.lstrip().startswith("#") and "gpt-4.1-mini" in line for line in lines)


@pytest.mark.parametrize(
    "block", [*documents()], ids=lambda block: f"{block.document}:{block.line}"
)
def test_a_python_block_of_the_documents_runs(block: Block, tmp_path: Path) -> None:
    replies = REPLIES.get(block.document, ())
    printed = served(block, replies, tmp_path)
    assert "".join(replies[-1:]) in printed


def test_a_document_with_replies_has_a_block_that_asks_for_them() -> None:
    assert set(REPLIES) <= {block.document for block in documents()}


DOCUMENT = """\
A fence in prose: ```` ```python ````.

```sh
python
```

<!-- not run: it needs a GPU -->
```python
train()
```

<!-- not run: -->
```python
first()
```

```python
second()
```
"""


def test_every_block_is_found_but_those_with_a_reason() -> None:
    assert list(blocks("a.md", DOCUMENT)) == [
        Block("a.md", 14, "first()\n"),
        Block("a.md", 18, "second()\n"),
    ]


def test_a_block_that_fails_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        served(Block("a.md", 1, "1 / 0"), (), tmp_path)


def test_a_block_that_does_not_ask_the_model_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        served(Block("a.md", 1, "print('42')"), ("42",), tmp_path)
