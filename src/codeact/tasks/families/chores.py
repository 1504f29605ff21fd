"""Chores in a folder: text files counted, searched, written, renamed and brought together."""

from __future__ import annotations

import json

from codeact.tasks.families.expected import File, Names, Number, Text
from codeact.tasks.families.family import Case, Draw, Family
from codeact.tasks.families.texts import a_word, sentence


def _lines(draw: Draw, low: int = 3, high: int = 8) -> list[str]:
    return [sentence(draw, 1, 4) for _ in range(draw.integer(low, high))]


def _bytes(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _text_file(draw: Draw) -> str:
    return f"{draw.name('file')}.{draw.pick(('txt', 'txt', 'log', 'md'))}"


def _count_lines(draw: Draw) -> Case:
    name, lines = _text_file(draw), _lines(draw)
    return Case(
        slots={"file": name},
        code=(f'print(len(open("{name}").readlines()))',),
        expected=Number(len(lines)),
        answers=("{file} has {out} lines.", "{out} lines.", "{out}"),
        files={name: _bytes(lines)},
    )


def _count_file_words(draw: Draw) -> Case:
    name, lines = _text_file(draw), _lines(draw)
    return Case(
        slots={"file": name},
        code=(f'print(len(open("{name}").read().split()))',),
        expected=Number(len(" ".join(lines).split())),
        answers=("{file} has {out} words.", "{out} words.", "{out}"),
        files={name: _bytes(lines)},
    )


def _nth_line(draw: Draw) -> Case:
    name, lines = _text_file(draw), _lines(draw)
    number = draw.integer(1, len(lines))
    return Case(
        slots={"file": name, "n": str(number)},
        code=(f'print(open("{name}").read().splitlines()[{number - 1}])',),
        expected=Text(lines[number - 1]),
        answers=("{out}", "Line {n} is: {out}"),
        files={name: _bytes(lines)},
    )


def _files(draw: Draw, low: int = 2, high: int = 5) -> list[str]:
    endings = [draw.pick(("txt", "csv", "log", "md", "json")) for _ in range(high)]
    names = [f"{draw.names.made_up()}.{end}" for end in endings[: draw.integer(low, high)]]
    return list(dict.fromkeys(names))


def _list_files(draw: Draw) -> Case:
    names = _files(draw)
    return Case(
        slots={},
        code=('import os\nprint(", ".join(sorted(f for f in os.listdir() if f[0] != ".")))',),
        expected=Names(sorted(names), names),
        answers=("{out}", "There are these: {out}"),
        files={name: _bytes(_lines(draw, 1, 2)) for name in names},
    )


def _count_files(draw: Draw) -> Case:
    names = _files(draw, 3, 6)
    ending = names[0].rpartition(".")[2]
    return Case(
        slots={"ending": ending},
        code=(f'import os\nprint(sum(f.endswith(".{ending}") for f in os.listdir()))',),
        expected=Number(sum(name.endswith(f".{ending}") for name in names)),
        answers=("There are {out}.", "{out}"),
        files={name: _bytes(_lines(draw, 1, 2)) for name in names},
    )


def _search(draw: Draw) -> Case:
    """The file in which a word stands."""
    word = draw.names.made_up(3)
    names = [f"{draw.names.made_up()}.txt" for _ in range(draw.integer(2, 4))]
    names = list(dict.fromkeys(names))
    files = {name: _lines(draw, 1, 3) for name in names}
    files[names[0]][-1] += f" {word}"
    code = (
        'import glob\nfor name in sorted(glob.glob("*.txt")):\n'
        f'    if "{word}" in open(name).read():\n        print(name)'
    )
    order = draw.shuffled(names)
    return Case(
        slots={"word": word},
        code=(code,),
        expected=Names([names[0]], names),
        answers=("It is in {out}.", "{out}"),
        files={name: _bytes(files[name]) for name in order},
    )


def _write(draw: Draw) -> Case:
    name, text = _text_file(draw), sentence(draw, 1, 5)
    code = f'with open("{name}", "w") as f:\n    f.write("{text}")\nprint("saved {name}")'
    return Case(
        slots={"file": name, "text": f'"{text}"'},
        code=(code,),
        expected=File(name, lambda data: data.decode().strip() == text),
        answers=("I wrote it to {file}.", "Done: {file}", "The text is in {file}."),
        plain=False,
    )


def _rename(draw: Draw) -> Case:
    old, new = _text_file(draw), _text_file(draw)
    if old == new:
        new = f"new_{new}"
    content = _bytes(_lines(draw, 1, 3))
    code = f'import os\nos.rename("{old}", "{new}")\nprint(os.path.exists("{new}"))'
    return Case(
        slots={"old": old, "new": new},
        code=(code,),
        expected=File(new, lambda data: data == content, gone=(old,)),
        answers=("I renamed {old} to {new}.", "Done, it is called {new} now."),
        files={old: content},
        plain=False,
    )


def _append(draw: Draw) -> Case:
    name, text = _text_file(draw), sentence(draw, 1, 4)
    content = _bytes(_lines(draw, 1, 3))
    code = f'with open("{name}", "a") as f:\n    f.write("{text}\\n")\nprint("saved {name}")'
    wanted = content.decode() + text
    return Case(
        slots={"file": name, "text": f'"{text}"'},
        code=(code,),
        expected=File(name, lambda data: data.decode().strip() == wanted),
        answers=("I added it to {file}.", "Done: {file}"),
        files={name: content},
        plain=False,
    )


def _sum_file(draw: Draw) -> Case:
    name = f"{draw.name('file')}.txt"
    numbers = [draw.integer(1, 500) for _ in range(draw.integer(3, 8))]
    return Case(
        slots={"file": name},
        code=(f'print(sum(int(line) for line in open("{name}")))',),
        expected=Number(sum(numbers)),
        answers=("The sum is {out}.", "{out}"),
        files={name: _bytes([str(each) for each in numbers])},
    )


def _json_file(draw: Draw) -> Case:
    name = f"{draw.name('file')}.json"
    record = {key: draw.integer(1, 900) for key in draw.several("column", draw.integer(2, 4))}
    key = draw.pick(list(record))
    look = f'import json\ndata = json.load(open("{name}"))\nprint(data["{key}"])'
    return Case(
        slots={"file": name, "key": key},
        code=(look,),
        expected=Number(record[key]),
        answers=("The {key} is {out}.", "{out}"),
        files={name: json.dumps(record).encode()},
    )


def _merge(draw: Draw) -> Case:
    first, second = f"{draw.names.made_up()}.txt", f"{draw.names.made_up()}_b.txt"
    target = f"{draw.pick(('all', 'both', 'merged', draw.names.made_up(3)))}.txt"
    a, b = _bytes(_lines(draw, 1, 3)), _bytes(_lines(draw, 1, 3))
    code = (
        f'text = open("{first}").read() + open("{second}").read()\n'
        f'with open("{target}", "w") as f:\n    f.write(text)\nprint("saved {target}")'
    )
    return Case(
        slots={"a": first, "b": second, "target": target},
        code=(code,),
        expected=File(target, lambda data: data.split() == (a + b).split()),
        answers=("Both are in {target} now.", "Done: {target}"),
        files={first: a, second: b},
        plain=False,
    )


def _longest_line(draw: Draw) -> Case:
    name = _text_file(draw)
    lines = [a_word(draw) for _ in range(draw.integer(3, 6))]
    best = max(lines, key=len)
    return Case(
        slots={"file": name},
        code=(f'print(max(open("{name}").read().splitlines(), key=len))',),
        expected=Names([best], lines),
        answers=("{out}", "The longest line is {out}."),
        files={name: _bytes(lines)},
    )


FAMILIES = (
    Family(name="count_lines", group="files", draw=_count_lines),
    Family(name="count_file_words", group="files", draw=_count_file_words, weight=0.8),
    Family(name="nth_line", group="files", draw=_nth_line, weight=0.8),
    Family(name="list_files", group="files", draw=_list_files, weight=0.8),
    Family(name="count_files", group="files", draw=_count_files, weight=0.7),
    Family(name="search_files", group="files", draw=_search),
    Family(name="write_file", group="files", draw=_write, weight=1.2),
    Family(name="rename_file", group="files", draw=_rename),
    Family(name="append_file", group="files", draw=_append, weight=0.7),
    Family(name="sum_file", group="files", draw=_sum_file, weight=0.8),
    Family(name="json_file", group="files", draw=_json_file),
    Family(name="merge_files", group="files", draw=_merge, weight=0.6),
    Family(name="longest_line", group="files", draw=_longest_line, weight=0.7),
)
