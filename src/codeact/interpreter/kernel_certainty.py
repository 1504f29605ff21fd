"""Whether the code of a session could define a name, or end a cell quietly, behind our back.

The world is closed: what runs is what the cells say, and libraries that are known not to touch the
caller's names. Whatever could leave that world, however unlikely, makes nothing certain any more.
Asked only when a cell seems doomed, so thoroughness costs a sound cell nothing.
"""

from __future__ import annotations

import ast
import builtins
import os
import re
import sys
from collections.abc import Callable, Iterable
from importlib.machinery import PathFinder, all_suffixes
from pathlib import Path

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KNOWN = _words(
    """__future__ abc array asyncio base64 bisect calendar cmath collections colorsys concurrent
    contextlib copy csv dataclasses datetime decimal difflib enum fnmatch fractions functools glob
    gzip hashlib heapq hmac html http io ipaddress itertools json keyword logging math mimetypes
    numbers operator os pathlib platform pprint queue random re secrets shutil socket sqlite3
    statistics string struct subprocess sys tempfile textwrap threading time traceback types typing
    unicodedata urllib uuid warnings weakref xml zipfile zlib zoneinfo
    bs4 dateutil lxml matplotlib networkx numpy openpyxl pandas PIL pytz requests scipy seaborn
    sklearn statsmodels sympy tqdm"""
)
"""Libraries that define nothing in the caller's namespace and do not end the program."""
WORDS = _words(
    """exec eval compile globals locals vars execfile breakpoint exit quit _exit abort SystemExit
    kill get_ipython builtins import_module modules _getframe currentframe settrace setprofile
    displayhook excepthook meta_path path_hooks path_importer_cache FunctionType CodeType LambdaType
    attrgetter methodcaller get_field vformat Formatter dictConfig fileConfig get_type_hints
    ForwardRef get_annotations evaluate_forward_ref global_enum allow_pickle read_pickle pickle
    ctypes ctypeslib importlib runpy f_globals f_locals f_builtins f_back gi_frame cr_frame ag_frame
    tb_frame fork forkpty parse_args"""
)
"""Names by which code reaches names, frames, modules or the end of the program."""
_OF_SYMPY = _words("var sympify S parse_expr lambdify init_session interactive")
_DUNDERS = _words(
    """__name__ __init__ __new__ __class__ __doc__ __len__ __str__ __repr__ __eq__ __lt__ __hash__
    __iter__ __next__ __enter__ __exit__ __call__ __version__ __file__ __qualname__ __debug__
    __post_init__ __add__ __getitem__ __setitem__ __contains__ __all__"""
)
_QUIET = _words(
    """bash cat cd conda head html latex ls markdown matplotlib mkdir pinfo pinfo2 pip pwd sh svg
    system sx uv who whos writefile"""
)
"""Magics that define no name and leave nothing behind in Python."""
_RUNS = frozenset({"time", "timeit", "capture"})
"""Magics whose text is code of the cell."""
_PLAIN_FIELD = re.compile(r"\{[\w.\[\]'\" ]*\}")

Transform = Callable[[str], str]


class Closed:
    """What the code read so far may do.

    `certain` until something was read that may act later too; `certain_now` likewise, for the cell
    at hand. `ran` says that what is read has run already. `stored` are the names that functions
    may define.
    """

    def __init__(self, transform: Transform = str, *, ran: bool = False) -> None:
        self._ran = ran
        self.certain = self.certain_now = True
        self.stored: set[str] = set()
        self._roots: set[str] = set()
        self._transform = transform

    def inherit(self, past: Closed) -> None:
        """Begin a cell after what was read before it."""
        self.certain = past.certain
        self.stored |= past.stored
        self._roots |= past._roots

    def read(self, source: str) -> None:
        """The source of a whole cell, as it was written."""
        try:
            tree = ast.parse(source)
        except SyntaxError:
            try:
                tree = ast.parse(self._transform(source))
            except SyntaxError:
                return  # it never ran
        self.read_nodes(tree.body)

    def read_nodes(self, nodes: Iterable[ast.AST]) -> None:
        """A part of a cell."""
        for each in nodes:
            cleared: set[ast.AST] = set()
            for node in ast.walk(each):
                if node not in cleared:
                    self._read(node, cleared)

    def _read(self, node: ast.AST, cleared: set[ast.AST]) -> None:
        match node:
            case ast.Call():
                self._call(node, cleared)
            case ast.Name(id=word) | ast.Attribute(attr=word) | ast.keyword(arg=str(word)):
                self._word(word)
            case ast.Import(names=names):
                for each in names:
                    self._import(each.name)
            case ast.ImportFrom(module=module, names=names, level=level):
                self._import("" if level or not module else module)
                for each in names:
                    if each.name == "*":
                        self.certain_now = False
                    else:
                        self._word(each.name)
            case ast.Global(names=stored):
                self.stored.update(stored)

    def _word(self, word: str) -> None:
        dunder = word[:2] == "__" and word not in _DUNDERS
        of_sympy = word in _OF_SYMPY and "sympy" in self._roots
        if dunder or of_sympy or word in WORDS or word == "getattr":
            self.certain = False

    def _import(self, module: str) -> None:
        root, *parts = module.split(".")
        self._roots.add(root)
        known = root in KNOWN or module.startswith("IPython.display")
        if not known and not (self._ran and _is_nowhere(root)):
            self.certain = False
        for part in parts:
            self._word(part)

    def _call(self, node: ast.Call, cleared: set[ast.AST]) -> None:
        match node:
            case ast.Call(
                func=ast.Name(id="getattr") as name, args=[_, ast.Constant(str(word)), *_]
            ):
                cleared.add(name)
                self._word(word)
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Call(func=ast.Name(id="get_ipython") as name, args=[], keywords=[]),
                    attr=method,
                ),
                args=args,
                keywords=[],
            ) if all(isinstance(each, ast.Constant) for each in args):
                cleared.add(name)
                self._magic(method, [str(ast.literal_eval(each)) for each in args])

    def _magic(self, method: str, args: list[str]) -> None:
        match method, args:
            case (("system" | "getoutput"), [line]):
                self._fields(line)
            case ("run_line_magic", [name, line]) | ("run_cell_magic", [name, line, _]) if (
                name in _QUIET
            ):
                self._fields(line)
            case ("run_line_magic", [name, line]) if name in _RUNS:
                self.certain_now = False
                self._run(line)
            case ("run_cell_magic", [name, line, body]) if name in _RUNS:
                self.certain_now = False
                self._run(line)
                self._run(body)
            case _:
                self.certain = False

    def _run(self, source: str) -> None:
        source = re.sub(r"^(?:\s*-\w+(?:\s+\d+)?)+\s*", "", source)
        try:
            tree = ast.parse(self._transform(source))
        except SyntaxError:
            self.certain = self.certain and re.fullmatch(r"[\w\s-]*", source) is not None
        else:
            self.read_nodes(tree.body)

    def _fields(self, line: str) -> None:
        """IPython puts values into commands: a name is harmless, any other expression is code."""
        if "{" in _PLAIN_FIELD.sub("", line):
            self.certain = False


def _is_nowhere(root: str) -> bool:
    """Whether an import of it has failed for want of a module."""
    try:
        return root not in sys.modules and PathFinder.find_spec(root) is None
    except Exception:  # noqa: BLE001 - finders of others, folders that are gone
        return False


def only_libraries() -> bool:
    """Whether nothing is loaded, or would be loaded, from files that are not a library's."""
    places = [os.path.dirname(os.__file__), sys.prefix, sys.base_prefix, sys.exec_prefix]
    places += [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    places.append(str(Path(__file__).resolve().parents[1]))
    trusted = tuple(place.rstrip(os.sep) + os.sep for place in places)
    for module in list(sys.modules.values()):
        file = getattr(module, "__dict__", {}).get("__file__")
        if isinstance(file, str) and not file.startswith(trusted):
            return False
    return not any(_shadows(path or ".") for path in sys.path if not _in(path, trusted))


def _in(path: str, places: tuple[str, ...]) -> bool:
    return bool(path) and (path.rstrip(os.sep) + os.sep).startswith(places)


def _shadows(folder: str) -> bool:
    """Whether a folder of the user's holds a module by the name of a library's."""
    try:
        entries = os.listdir(folder)
    except OSError:
        return False  # a zip file of the standard library, or nothing
    taken = KNOWN | sys.stdlib_module_names
    for entry in entries:
        name = entry.partition(".")[0]
        if name in taken and (name == entry or entry.endswith(tuple(all_suffixes()))):
            return True
    return False
