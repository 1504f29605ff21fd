"""The actions of `soak.py`: each does something to a session and checks the answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from soak_oracle import must
from soak_session import LIMIT, Session, kill

from codeact.interpreter.snapshots import CannotCopy

EXIT = "__import__('os')._exit(3)"
DEATHS = (
    EXIT,
    "__import__('ctypes').string_at(0)",
    "__import__('os').abort()",
)
LOOP = "print('on', flush=True)\nwhile True: pass"
SLEEP = "print('on', flush=True)\n__import__('time').sleep(60)"
STUBBORN = (
    "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    "print('on', flush=True)\nwhile True: time.sleep(60)"
)
LOCKED = "print('on', flush=True)\nall(__import__('itertools').repeat(True))"
NAMED = "__import__('ctypes').CDLL(None).prctl(15, {name!r}.encode(), 0, 0, 0)\n"
THREAD = (
    "__import__('threading').Thread(target=__import__('time').sleep, args=(99,),"
    " daemon=True).start()"
)


async def assign(it: Session, all_: list[Session]) -> None:
    name = f"v{it.chance.randrange(8)}"
    value = it.chance.choice([7, [1, 2], {"a": 1}, "text", 2.5, (1, None)])
    await it.changes(f"{name} = {value!r}", name)


async def mutate(it: Session, all_: list[Session]) -> None:
    number = it.chance.randrange(1000)
    if name := it.pick(list):
        await it.changes(f"{name}.append({number})", name)
    elif name := it.pick(dict):
        await it.changes(f"{name}[{number}] = {number}", name)
    elif name := it.pick(int):
        await it.changes(f"{name} += {number}", name)
    else:
        await assign(it, all_)


async def look(it: Session, all_: list[Session]) -> None:
    name = it.pick(int, list, dict, str, float, tuple)
    code = f"str({name})" if name else "'nothing'"
    await it.says(code, it.oracle.value(code), harmless=True)


async def missing(it: Session, all_: list[Session]) -> None:
    done = await it.run("no_such_name", harmless=True)
    must(done.error == "NameError" and not done.ok, "must be a NameError", done)


async def define(it: Session, all_: list[Session]) -> None:
    name, number = f"f{it.chance.randrange(3)}", it.chance.randrange(100)
    await it.changes(f"def {name}(n): return n + {number}", f"{name}(1)")


async def forget(it: Session, all_: list[Session]) -> None:
    if name := it.pick(int, list, dict, str, float, tuple):
        await it.changes(f"del {name}", f"'{name}' in globals()")


async def fail(it: Session, all_: list[Session]) -> None:
    code = f"v0 = {it.chance.randrange(99)}"
    done = await it.run(f"{code}\n1 / 0")
    it.oracle.run(code)
    must(done.error == "ZeroDivisionError" and not done.ok, "must fail", done)


async def big(it: Session, all_: list[Session]) -> None:
    size = it.chance.randrange(LIMIT + 1000, 400_000)
    done = await it.run(f"print('<' + 'x' * {size} + '>')")
    must(len(done.text) < LIMIT + 300 and done.text[0] == "<" and done.text[-2:] == ">\n", "cut")
    must(done.log is not None, "a whole text that is kept nowhere", done)
    whole = (it.interpreter.workspace / Path(done.log or "")).read_text()
    must(whole == "<" + "x" * size + ">\n", "the whole text is another", len(whole), size)


async def write(it: Session, all_: list[Session]) -> None:
    folder = it.chance.choice(["", "d/", "d/e/"])
    name = f"{folder}n{it.chance.randrange(4)}"
    text = str(it.chance.randrange(10**6)) * it.chance.randrange(1, 50)
    code = f"__import__('os').makedirs('./{folder}', exist_ok=True)\nopen({name!r}, 'w').write("
    await it.says(f"{code}{text!r})", f"{len(text)}\n")
    it.oracle.files[name] = text


async def read(it: Session, all_: list[Session]) -> None:
    if it.oracle.files:
        name, text = it.chance.choice(sorted(it.oracle.files.items()))
        await it.says(f"open({name!r}).read()", f"{text!r}\n")


async def remove(it: Session, all_: list[Session]) -> None:
    if it.oracle.files:
        name = it.chance.choice(sorted(it.oracle.files))
        await it.says(f"__import__('os').remove({name!r})", "")
        del it.oracle.files[name]


async def call_tool(it: Session, all_: list[Session]) -> None:
    number = it.chance.randrange(100)
    choice = it.chance.randrange(3)
    if choice == 0:
        code = f"v1 = add({number}, 1)"
        await it.says(f"{code}\nv1", f"{number + 1}\n", tools=True)
        it.oracle.run(f"v1 = {number + 1}")
    elif choice == 1:
        code = "try: refuse('no')\nexcept ValueError as error: print('refused:', error)"
        await it.says(code, "refused: no\n", tools=True)
    else:
        await it.says("nap(0.01)", "'rested'\n", tools=True)


async def die(it: Session, all_: list[Session]) -> None:
    name, text = f"n{it.chance.randrange(4)}", str(it.chance.randrange(10**6))
    write_it = f"with open({name!r}, 'w') as file: file.write({text!r})\n"
    await it.dies(f"v0 = 'gone'\n{write_it}{it.chance.choice(DEATHS)}")
    it.oracle.files[name] = text


async def kill_running(it: Session, all_: list[Session]) -> None:
    name = it.name()

    async def stop() -> None:
        kill(name)

    code = NAMED.format(name=name) + "v0 = 'gone'\n" + it.chance.choice([LOOP, SLEEP, LOCKED])
    it.oracle.died(await it.stopped(code, stop), in_cell=True)


async def kill_idle(it: Session, all_: list[Session]) -> None:
    name = it.name()
    done = await it.run(NAMED.format(name=name) + "v0 = 'gone'")
    must(done.ok, "the name could not be given", done)
    kill(name)
    await asyncio.sleep(it.chance.choice([0, 0.02, 0.2]))
    it.oracle.run("v0 = 'gone'")
    done = await it.interpreter.execute("v0 = 'not run'")
    if "while the cell ran" in done.text:  # the news had not come when the cell was sent
        it.oracle.prepare()
        it.oracle.cell += 1
        it.oracle.died(done, in_cell=True)
    else:
        must("This cell was not run" in done.text, "must be told late", done)
        it.oracle.died(done, in_cell=False)


async def mark(it: Session, all_: list[Session]) -> None:
    name = it.name()
    must((await it.run(NAMED.format(name=name) + "v7 = 1")).ok, "the name could not be given")
    it.oracle.run("v7 = 1")
    it.marked.append(name)
    await assign(it, all_)


async def kill_snapshot(it: Session, all_: list[Session]) -> None:
    """One that waits, and whatever lives of it: what comes next must tell."""
    if not it.marked:
        await mark(it, all_)
    kill(it.marked.pop())
    for each in all_:
        each.oracle.injured = True
    await asyncio.sleep(0.1)
    for each in all_:
        await probe(each)


async def probe(it: Session) -> None:
    """A cell after violence: it runs, or tells that it did not; both ends are followed."""
    it.oracle.prepare()
    done = await it.interpreter.execute("v6 = 'probed'")
    if done.ok:
        it.oracle.cell += 1
        it.oracle.run("v6 = 'probed'")
    else:
        must(done.error == "StateLost", "must be lost", done)
        in_cell = "while the cell ran" in done.text
        it.oracle.cell += in_cell
        it.oracle.died(done, in_cell=in_cell)
    await audit(it, [it])


async def interrupt(it: Session, all_: list[Session]) -> None:
    code = f"v2 = {it.chance.randrange(99)}"
    cell = f"{code}\n{it.chance.choice([LOOP, SLEEP])}"
    done = await it.stopped(cell, it.interpreter.interrupt)
    must(done.error == "Interrupted" and done.state == "kept", "must be interrupted", done)
    it.oracle.run(code)


async def race(it: Session, all_: list[Session]) -> None:
    """An interrupt that may come before, within or after a short cell."""
    it.oracle.prepare()
    code = f"v3 = {it.chance.randrange(10**6)}"
    running = asyncio.ensure_future(it.interpreter.execute(code))
    await asyncio.sleep(it.chance.random() * 0.02)
    await it.interpreter.interrupt()
    done = await running
    must(done.state == "kept", "must be kept", done)
    if done.ok:
        it.oracle.run(code)
    else:
        must(done.error == "Interrupted", "must be interrupted", done)
    begun = "before it began" not in done.text
    it.oracle.cell += begun
    if begun and not done.ok:  # it may have come before the assignment, or after it
        seen = await it.run("str(globals().get('v3'))")
        if seen.text == repr(code.partition(" = ")[2]) + "\n":
            it.oracle.run(code)
    await audit(it, [it])


async def cancel(it: Session, all_: list[Session]) -> None:
    async def stop() -> None:
        running.cancel()

    printed = asyncio.Event()
    code, stubborn = f"v4 = {it.chance.randrange(99)}", it.chance.random() < 0.3
    cell = f"{code}\n{STUBBORN if stubborn else LOOP}"
    it.oracle.prepare()
    it.oracle.cell += 1
    run = it.interpreter.execute(cell, emit=lambda event: printed.set())
    running = asyncio.ensure_future(run)
    await printed.wait()
    await stop()
    await asyncio.wait([running])
    must(running.cancelled(), "must be cancelled")
    if stubborn:
        done = await it.interpreter.execute("'not run'")
        must("This cell was not run" in done.text, "must be told", done)
        it.oracle.died(done, in_cell=False)
    else:
        it.oracle.run(code)


async def deadline(it: Session, all_: list[Session]) -> None:
    code = f"v5 = {it.chance.randrange(99)}"
    cell = it.chance.choice([LOOP, SLEEP, STUBBORN, LOCKED])
    it.oracle.prepare()
    it.oracle.cell += 1
    done = await it.interpreter.execute(f"{code}\n{cell}")
    must(done.error == "Timeout" and not done.ok, "must be a timeout", done)
    if done.state == "kept":
        must(cell in (LOOP, SLEEP), "must have been killed", done)
        it.oracle.run(code)
    else:
        must(cell not in (LOOP, SLEEP), "must be kept", done)
        it.oracle.died(done, in_cell=True)


async def undo(it: Session, all_: list[Session]) -> None:
    it.oracle.undone(await it.interpreter.undo())
    await audit(it, [it])


async def fork(it: Session, all_: list[Session]) -> None:
    try:
        twin = await it.interpreter.fork()
    except CannotCopy as error:
        must(it.oracle.blocked or it.oracle.injured, "must be copied", str(error))
        return
    must(not (it.oracle.blocked and it.oracle.changed), "must not be copied")
    all_.append(Session(twin, it.oracle.forked(), it.chance, it.hasty))
    await audit(all_[-1], [it])


async def reset(it: Session, all_: list[Session]) -> None:
    await it.interpreter.reset()
    it.oracle.reset()
    it.marked.clear()


async def leave(it: Session, all_: list[Session]) -> None:
    all_.remove(it)
    await it.close()
    it.oracle.files = {}


async def thread(it: Session, all_: list[Session]) -> None:
    must((await it.run(THREAD)).ok, "must start")
    it.oracle.blocked = True


async def names(it: Session, all_: list[Session]) -> None:
    found = {each.name for each in await it.interpreter.variables()}
    must(found == set(it.oracle.names), "other names", found, set(it.oracle.names))


async def audit(it: Session, all_: list[Session]) -> None:
    """All values at once."""
    plain = {k: repr(v) for k, v in it.oracle.names.items() if not callable(v)}
    cell = (
        "print(__import__('json').dumps({k: repr(v) for k, v in list(globals().items())"
        " if k[:1] == 'v' and k[1:].isdigit()}, sort_keys=True))"
    )
    await it.says(cell, json.dumps(plain, sort_keys=True) + "\n")


async def together(it: Session, all_: list[Session]) -> None:
    """Cells given at the same time run in their order."""
    cells = [f"v2 = {it.chance.randrange(99)}" for _ in range(3)]
    for each in cells:
        it.oracle.prepare()
        it.oracle.cell += 1
        it.oracle.run(each)
    runs = [it.interpreter.execute(f"{each}\nv2") for each in cells]
    texts = [done.text for done in await asyncio.gather(*runs)]
    must(texts == [each.partition(" = ")[2] + "\n" for each in cells], "another order", texts)


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    weight: float
    act: Callable[[Session, list[Session]], Awaitable[None]]
    hasty: bool = False


KINDS = (
    Kind("assign", 20, assign),
    Kind("mutate", 15, mutate),
    Kind("look", 12, look),
    Kind("missing", 2, missing),
    Kind("define", 4, define),
    Kind("delete", 3, forget),
    Kind("error", 4, fail),
    Kind("big output", 3, big),
    Kind("write", 8, write),
    Kind("read", 3, read),
    Kind("remove", 2, remove),
    Kind("tool", 6, call_tool),
    Kind("death", 4, die),
    Kind("kill running", 1.5, kill_running),
    Kind("kill idle", 1.5, kill_idle),
    Kind("mark", 1, mark),
    Kind("kill snapshot", 0.5, kill_snapshot),
    Kind("interrupt", 2, interrupt),
    Kind("race", 2, race),
    Kind("cancel", 1, cancel),
    Kind("deadline", 4, deadline, hasty=True),
    Kind("undo", 5, undo),
    Kind("fork", 1.5, fork),
    Kind("reset", 1, reset),
    Kind("leave", 0.5, leave),
    Kind("thread", 0.5, thread),
    Kind("names", 3, names),
    Kind("audit", 3, audit),
    Kind("together", 1, together),
)
