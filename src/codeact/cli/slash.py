"""The commands of the chat: their names, what they do, and how a line is read."""

from __future__ import annotations

import difflib

COMMANDS = {
    "/help": "show this list",
    "/model [NAME]": "show the model, or go on with another",
    "/tools": "list the tools",
    "/run CODE": "run Python in the session yourself, also !CODE; the model is not told, but "
    "shares the variables",
    "/vars": "list the variables",
    "/files": "list the files in the workspace",
    "/undo": "forget the last message and its answer; variables and files stay",
    "/retry": "ask the last message again",
    "/edit": "take the last message back and change it",
    "/reset": "forget the conversation; variables and files stay",
    "/save [FILE]": "write the conversation as Markdown",
    "/usage": "tokens and cost so far",
    "/system": "show the system prompt",
    "/approve [MODE]": "show what is asked for, or ask by another rule: auto, always, tools, never",
    "/exit": "leave (also Ctrl-D)",
}
NAMES = tuple(usage.partition(" ")[0] for usage in COMMANDS)

KEYS = "Enter sends, Alt-Enter begins a new line. Ctrl-C stops what runs; a second one leaves."


def read(line: str) -> tuple[str, str] | None:
    """A command's name and its argument, None for a line that is a message.

    `/usr/bin/python is slow` is a message.
    """
    if line.startswith("!"):
        return "/run", line[1:].strip("\n")
    name, _, argument = line.partition("\n" if line.startswith("/run\n") else " ")
    if not name.startswith("/") or "/" in name[1:] or name == "/":
        return None
    name = {"/quit": "/exit", "/?": "/help"}.get(name, name)
    return name, argument.strip("\n") if name == "/run" else argument.strip()


def unknown(name: str) -> str:
    near = difflib.get_close_matches(name, NAMES, n=1)
    guess = f" Did you mean {near[0]}?" if near else ""
    return f"There is no command {name}.{guess} /help lists them."


def listing() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"{usage:<{width}}  {meaning}" for usage, meaning in COMMANDS.items()]
    return "\n".join([*lines, "", KEYS])
