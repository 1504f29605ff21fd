"""All APIs of API-Bank by name: the functions behind them, and the tools that a model is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from codeact.evals.apibank.apis.accounts import Accounts
from codeact.evals.apibank.apis.calendar import Agenda, Alarms, Reminders
from codeact.evals.apibank.apis.health import Appointments, HealthData, Symptoms
from codeact.evals.apibank.apis.house import Scenes, Switches
from codeact.evals.apibank.apis.knowledge import Knowledge
from codeact.evals.apibank.apis.media import Media
from codeact.evals.apibank.apis.meetings import Meetings
from codeact.evals.apibank.apis.money import Bank, Stocks
from codeact.evals.apibank.apis.reckoning import Reckoning
from codeact.evals.apibank.apis.travel import Hotels
from codeact.evals.apibank.databases import ApiWorld
from codeact.evals.apibank.dialogues import SEARCHER
from codeact.evals.apibank.refusal import ApiRefusal
from codeact.evals.apibank.search import NOTHING, ToolSearch
from codeact.tools import Tool, Toolbox, tool

BY_ARGUMENTS = {
    "Dictionary": "its definitions come from a service on the network",
    "Translate": "its translations come from a service on the network",
}
"""APIs that are not executed: a call is right when its arguments are."""

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Api:
    """One API in one world; `group` is the kind of thing that it is about."""

    name: str
    group: str
    function: Function

    @property
    def executed(self) -> bool:
        return self.name not in BY_ARGUMENTS


def catalogue(world: ApiWorld) -> dict[str, Api]:
    """All 53 by name, in a fixed order."""
    found = {
        name: Api(name, group, function)
        for group, functions in _groups(world).items()
        for name, function in functions.items()
    }

    def search(keywords: str) -> list[dict[str, str]]:
        """Find tools by a few keywords; gives their names, signatures and descriptions."""
        tools = {name: as_tool(api) for name, api in found.items()}
        names = ToolSearch(tools).find(keywords)
        if not names:
            raise ApiRefusal(NOTHING)
        return described(names, tools)

    return {SEARCHER: Api(SEARCHER, "search", search), **found}


def described(names: Iterable[str], tools: Mapping[str, Tool]) -> list[dict[str, str]]:
    """Tools as a search gives them."""
    return [
        {
            "name": name,
            "signature": tools[name].signature,
            "description": " ".join(tools[name].description.split()),
        }
        for name in names
    ]


def as_tool(api: Api) -> Tool:
    return tool(api.function, name=api.name)


def toolbox(world: ApiWorld, names: Iterable[str]) -> Toolbox:
    """The named APIs as tools that act on the world, in the catalogue's order."""
    wanted = set(names)
    return Toolbox.of(as_tool(api) for name, api in catalogue(world).items() if name in wanted)


def _groups(world: ApiWorld) -> dict[str, dict[str, Function]]:
    return {
        "accounts": _accounts(Accounts(world)),
        "calendar": {
            **_four("Agenda", Agenda(world)),
            **_four("Reminder", Reminders(world)),
            **_four("Alarm", Alarms(world)),
            **_four("Meeting", Meetings(world)),
        },
        "health": _health(Appointments(world), Symptoms(world), HealthData(world)),
        "money": {
            "OpenBankAccount": Bank(world).open,
            "QueryBalance": Bank(world).balance,
            "QueryStock": Stocks(world).price,
        },
        "house": {
            **_four("Scene", Scenes(world)),
            "TimedSwitch": Switches(world).add,
            "CancelTimedSwitch": Switches(world).cancel,
        },
        "travel": {"BookHotel": Hotels(world).book},
        "knowledge": _knowledge(Knowledge(world)),
        "media": {
            "ImageCaption": Media(world).caption,
            "SpeechRecognition": Media(world).transcript,
            "PlayMusic": Media(world).play,
            "SendEmail": Media(world).send,
        },
        "reckoning": {
            "Calculator": Reckoning(world).calculate,
            "GetToday": Reckoning(world).today,
        },
    }


def _four(noun: str, kept: Agenda | Reminders | Alarms | Meetings | Scenes) -> dict[str, Function]:
    return {
        f"Add{noun}": kept.add,
        f"Delete{noun}": kept.delete,
        f"Modify{noun}": kept.change,
        f"Query{noun}": kept.query,
    }


def _accounts(accounts: Accounts) -> dict[str, Function]:
    return {
        "GetUserToken": accounts.token,
        "CheckToken": accounts.check,
        "RegisterUser": accounts.register,
        "DeleteAccount": accounts.delete,
        "ModifyPassword": accounts.change_password,
        "ForgotPassword": accounts.forgot,
    }


def _health(
    appointments: Appointments, symptoms: Symptoms, data: HealthData
) -> dict[str, Function]:
    return {
        "AppointmentRegistration": appointments.register,
        "CancelRegistration": appointments.cancel,
        "ModifyRegistration": appointments.change,
        "QueryRegistration": appointments.query,
        "SymptomSearch": symptoms.search,
        "EmergencyKnowledge": symptoms.aid,
        "RecordHealthData": data.record,
        "QueryHealthData": data.query,
    }


def _knowledge(knowledge: Knowledge) -> dict[str, Function]:
    return {
        "Wiki": knowledge.article,
        "SearchEngine": knowledge.pages,
        "QueryHistoryToday": knowledge.history,
        "DocumentQA": knowledge.document,
        "Dictionary": knowledge.word,
        "Translate": knowledge.translation,
    }
