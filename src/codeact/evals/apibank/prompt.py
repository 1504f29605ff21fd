"""The dialogue so far as a model sees it: APIs and spelling first, past calls in that spelling."""

from __future__ import annotations

from codeact.actions import ToolCall
from codeact.environment import show
from codeact.evals.apibank.catalogue import as_tool as tool_of
from codeact.evals.apibank.catalogue import catalogue, described
from codeact.evals.apibank.databases import ApiWorld
from codeact.evals.apibank.dialogues import SEARCHER, Made, Said, Sample
from codeact.evals.apibank.one_call import spelled
from codeact.formats import ActionFormat
from codeact.messages import Message
from codeact.observations import Observation
from codeact.tools import Toolbox

ROLE = """\
You help a user in a conversation by calling APIs. You are given the conversation so far; write \
the next call. This year is 2023."""
SEARCH = (
    f"Where no API that you are shown does what is needed, search for one with {SEARCHER}; what it "
    "finds can be called afterwards."
)
NEXT = "[Write the next API call now.]"


def prompt(sample: Sample, format: ActionFormat, toolbox: Toolbox) -> tuple[Message, ...]:
    """A system message, the turns before the call, and the request for it."""
    role = [ROLE, SEARCH] if sample.level == 2 else [ROLE]
    system = "\n\n".join([*role, format.instructions(toolbox)])
    messages = [Message(role="system", content=system)]
    for number, turn in enumerate(sample.before, 1):
        match turn:
            case Said(user=user, text=text):
                _add(messages, Message(role="user" if user else "assistant", content=text))
            case Made():
                _add_call(messages, turn, format, number)
    _add(messages, Message(role="user", content=NEXT))
    return tuple(messages)


def _add(messages: list[Message], message: Message) -> None:
    """What one side says in a row is one message."""
    last = messages[-1]
    if last.role == message.role and not last.calls:
        content = f"{last.content}\n\n{message.content}" if last.content else message.content
        messages[-1] = Message(role=last.role, content=content, calls=message.calls)
    else:
        messages.append(message)


def _add_call(messages: list[Message], made: Made, format: ActionFormat, number: int) -> None:
    text, calls = spelled(format, made.call, number)
    _add(messages, Message(role="assistant", content=text, calls=calls))
    call = ToolCall(name=made.name, kwargs=made.arguments, id=calls[0].id if calls else "")
    observed = Observation(text=show(_told(made)), source="tool")
    _add(messages, format.render(call, observed))


def _told(made: Made) -> object:
    """The recorded result; what a search found is told in our own descriptions."""
    if made.name != SEARCHER:
        return made.result
    found = made.result if isinstance(made.result, list) else [made.result]
    tools = {name: tool_of(api) for name, api in catalogue(ApiWorld(tables={}, library={})).items()}
    return described((each["name"] for each in found), tools)
