"""A look at a cell before anything of it runs: would it fail for certain?

Only what is evaluated on every path counts: statements at the top of the cell, one after another.
A cell that could end well, by whatever trick, is left to run.
"""

from __future__ import annotations

import ast
import builtins
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from codeact.interpreter.kernel_certainty import Closed, Transform, only_libraries
from codeact.interpreter.kernel_suggestions import of_keyword, of_name

globals()["__builtins__"] = vars(builtins).copy()  # the cell may replace builtins; ours stay

UNDEFINED = "name {name!r} is not defined"
BAD_CALL = "{name}(): {error}. Its signature is {signature}"
_PLACES = frozenset({ast.Attribute, ast.Subscript})

Known = tuple[inspect.Signature, str]
SignatureOf = Callable[[str, object], "Known | None"]
"""What a tool accepts, and as the model reads it, by its name and the value of that name; None for
anything else.
"""
Compile = Callable[[ast.stmt], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doomed:
    """Why a cell would fail: the error it would raise, where, and what may have been meant."""

    error: Exception
    node: ast.AST | None
    hint: str = ""


def no_tools(name: str, value: object) -> Known | None:
    return None


class Preflight:
    """The judge of one session's cells. It must be shown each cell that runs, in order.

    `transform` turns IPython's spelling into Python; `surroundings` says whether all that is loaded
    is a library's.
    """

    def __init__(
        self, transform: Transform = str, surroundings: Callable[[], bool] = only_libraries
    ) -> None:
        self._transform = transform
        self._surroundings = surroundings
        self._past = Closed(transform, ran=True)
        self._unread: list[str] = []

    def judge(
        self,
        statements: Sequence[ast.stmt],
        namespace: dict[str, Any],
        *,
        signature_of: SignatureOf = no_tools,
    ) -> Doomed | None:
        """The first failure that is certain. `statements` are those of the whole cell."""
        bound: set[str] = set()
        known = vars(builtins)
        for place, statement in enumerate(statements):
            for node in _evaluated(statement):
                if type(node) is ast.Name:
                    name = node.id
                    if name in namespace or name in bound or name in known or name[0] == "_":
                        continue
                    text = UNDEFINED.format(name=name)
                    doomed: Doomed | None = Doomed(error=NameError(text, name=name), node=node)
                elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    name = node.func.id
                    if name in bound or name not in namespace:
                        continue
                    doomed = _misfit(node, name, signature_of(name, namespace[name]))
                else:
                    continue
                if doomed is None or name in _by_walrus(statement):
                    continue
                world = self._closed(statements[: place + 1], namespace)
                if world is None:
                    return None
                if name not in world.stored:
                    return _with_hint(doomed, {*namespace, *bound, *known})
            if type(statement) is ast.Raise:
                return None
            if place + 1 < len(statements):
                bound |= _bound(statement)
        return None

    def misplaced(
        self, statements: Sequence[ast.stmt], namespace: dict[str, Any], compiled: Compile
    ) -> Doomed | None:
        """The first statement that parses but does not compile, such as a `return` outside of a
        function. `compiled` raises SyntaxError for it.
        """
        if any(isinstance(s, ast.ImportFrom) and s.module == "__future__" for s in statements):
            return None  # it changes how the rest is compiled
        for place, statement in enumerate(statements):
            try:
                compiled(statement)
            except SyntaxError as error:
                if place and self._closed(statements[:place], namespace) is None:
                    return None
                return Doomed(error=error, node=None)
        return None

    def remember(self, source: str) -> None:
        """A cell that is about to run: its functions may act in every later one."""
        self._unread.append(source)

    def lose_track(self) -> None:
        """Code has come into the namespace that was in no cell: nothing is certain any more."""
        self._past.certain = False

    def _closed(self, nodes: Sequence[ast.stmt], namespace: dict[str, Any]) -> Closed | None:
        """What the session up to here may do; None where that cannot be told."""
        if namespace.get("__builtins__", builtins) not in (builtins, vars(builtins)):
            return None
        while self._unread:
            self._past.read(self._unread[0])
            del self._unread[0]
        now = Closed(self._transform)
        now.inherit(self._past)
        now.read_nodes(nodes)
        if not (now.certain and now.certain_now and self._surroundings()):
            return None
        return now


def _with_hint(doomed: Doomed, names: set[str]) -> Doomed:
    if not isinstance(doomed.error, NameError):
        return doomed
    return replace(doomed, hint=of_name(str(doomed.error.name), names))


def _misfit(call: ast.Call, name: str, known: Known | None) -> Doomed | None:
    """The tool's refusal of these arguments; None where they may fit."""
    if known is None or any(type(each) is ast.Starred for each in call.args):
        return None
    signature, line = known
    keywords = [each.arg for each in call.keywords if each.arg is not None]
    if len(keywords) < len(call.keywords):
        return None
    args, kwargs = (None,) * len(call.args), dict.fromkeys(keywords)
    try:
        signature.bind(*args, **kwargs)
        return None
    except TypeError as error:
        reason = str(error)
    kinds = inspect.Parameter
    parameters = list(signature.parameters.values())
    if not args and any(
        each.name in kwargs and each.kind in (kinds.POSITIONAL_ONLY, kinds.VAR_POSITIONAL)
        for each in parameters
    ):
        return None  # the host gives what has no name in Python its place
    text = BAD_CALL.format(name=name, error=reason, signature=line)
    hint = ""
    for keyword in keywords:
        if keyword not in signature.parameters:
            hint = of_keyword(keyword, [each.name for each in parameters])
            break
    return Doomed(error=TypeError(text), node=call, hint=hint)


def _evaluated(statement: ast.stmt) -> Iterator[ast.expr]:
    """Names and calls that every run of the statement evaluates, in order."""
    parts: Iterable[ast.AST | None] = ()
    match statement:
        case ast.Expr(value=value) | ast.AnnAssign(value=value):
            parts = (value,)
        case ast.Assign(value=value, targets=targets):
            parts = (value, *(each for each in targets if type(each) in _PLACES))
        case ast.AugAssign(target=target, value=value):
            if isinstance(target, ast.Name):
                yield target
            parts = (target, value)
        case ast.Delete(targets=targets):
            yield from (each for each in targets if isinstance(each, ast.Name))
            parts = [each for each in targets if type(each) in _PLACES]
        case ast.Raise(exc=error, cause=cause):
            parts = (error, cause)
        case ast.Assert(test=test):
            parts = (test,) if __debug__ else ()
        case ast.If(test=test) | ast.While(test=test):
            parts = (test,)
        case ast.For(iter=items) | ast.AsyncFor(iter=items):
            parts = (items,)
        case ast.With(items=[first, *_]) | ast.AsyncWith(items=[first, *_]):
            parts = (first.context_expr,)
        case ast.Match(subject=subject):
            parts = (subject,)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            parts = _defining(statement)
        case ast.ClassDef(decorator_list=decorators, bases=bases, keywords=keywords):
            parts = [*decorators, *bases, *(each.value for each in keywords)]
            if getattr(statement, "type_params", None):  # which the bases may name
                parts = decorators
    found: list[ast.expr] = []
    for part in parts:
        _certain(part, found)
    yield from found


def _defining(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.AST | None]:
    return [*function.decorator_list, *function.args.defaults, *function.args.kw_defaults]


def _certain(node: ast.AST | None, found: list[ast.expr]) -> None:
    """The names and calls that an expression evaluates on every path, added in order."""
    kind: Any = type(node)
    if kind is ast.Name:
        if type(node.ctx) is ast.Load:  # type: ignore[union-attr]
            found.append(node)  # type: ignore[arg-type]
    elif node is not None and kind not in _LEAVES:
        parts = _PARTS.get(kind, _children)
        for each in parts(node):
            _certain(each, found)
        if kind is ast.Call:
            found.append(node)  # type: ignore[arg-type]


def _children(node: ast.AST) -> list[ast.AST]:
    children = []
    for field in node._fields:
        value = getattr(node, field, None)
        if type(value) is list:
            children += [each for each in value if isinstance(each, ast.AST)]
        elif isinstance(value, ast.AST) and type(value) not in _LEAVES:
            children.append(value)
    return children


_PARTS: dict[Any, Callable[[Any], Iterable[ast.AST | None]]] = {
    ast.BoolOp: lambda node: node.values[:1],
    ast.IfExp: lambda node: (node.test,),
    ast.Compare: lambda node: (node.left, node.comparators[0]),
    ast.Lambda: lambda node: (*node.args.defaults, *node.args.kw_defaults),
    **dict.fromkeys(
        (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
        lambda node: (node.generators[0].iter,),
    ),
}
"""Of expressions that do not evaluate all their parts, those that they always do."""
_LEAVES = frozenset(
    {ast.Constant, ast.Load, ast.Store, ast.Del, *ast.operator.__subclasses__()}
    | {*ast.unaryop.__subclasses__(), *ast.cmpop.__subclasses__()}
)


def _bound(node: ast.AST) -> set[str]:
    """The names that a statement may bind at the top of the cell, bodies of functions and classes
    left out: there a name is their own, unless it is declared `global`.
    """
    names: set[str] = set()
    waiting: list[Any] = [node]
    while waiting:
        inner = waiting.pop()
        kind = type(inner)
        if kind is ast.Name:
            if type(inner.ctx) is ast.Store:
                names.add(inner.id)
        elif inner is not None and kind not in _LEAVES:
            if kind in _BINDING:
                for each in (getattr(inner, "name", None), getattr(inner, "rest", None)):
                    if isinstance(each, str):
                        names.add(each)
            waiting += _OUTER.get(kind, _children)(inner)
            if kind is ast.alias:
                names.add(inner.asname or inner.name.partition(".")[0])
    return names


_BINDING = frozenset(
    {ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler}
    | {ast.MatchAs, ast.MatchStar, ast.MatchMapping}
)
_OUTER: dict[Any, Callable[[Any], Iterable[ast.AST | None]]] = {
    **dict.fromkeys(
        (ast.FunctionDef, ast.AsyncFunctionDef),
        lambda node: (*_defining(node), node.args, node.returns),
    ),
    ast.ClassDef: lambda node: (*node.decorator_list, *node.bases, *node.keywords),
    ast.Lambda: lambda node: (node.args,),
    ast.comprehension: lambda node: (node.iter, *node.ifs),
}
"""Of what has a scope of its own, the parts that are outside of it."""


def _by_walrus(statement: ast.stmt) -> set[str]:
    return {node.target.id for node in ast.walk(statement) if isinstance(node, ast.NamedExpr)}
