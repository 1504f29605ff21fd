"""A shop's website, read through a browser that shows five lines at a time."""

from __future__ import annotations

from dataclasses import dataclass

from codeact.evals.m3tooleval.calculator import calculator
from codeact.evals.m3tooleval.exercise import Exercise
from codeact.evals.m3tooleval.shop import SHOP, Employee, Pages, Shop
from codeact.tools import Toolbox

LINES = 5
"""How many lines of a page are on view."""

NOT_FOUND = "[URL not found.]"
VIEWING = "[Viewing page {number} of {count}]"


class Browser:
    """One visit that begins on the front page. Any known path can be opened, on view or not."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._path = "/"
        self._view = 0
        self._history: list[str] = []

    def click_url(self, url: str) -> str:
        """Follow a link. On a page it looks like [Clickable 'url']. Returns the page behind it."""
        path = url.replace("'", "")
        if path not in self._pages:
            return NOT_FOUND
        self._history.append(self._path)
        return self._open(path)

    def go_to_previous_page(self) -> str:
        """Go back to the page before and return it."""
        return self._open(self._history.pop() if self._history else self._path)

    def scroll_down(self) -> str:
        """Move down by one view and return it."""
        self._view = min(self._view + 1, len(self._views()) - 1)
        return self.view()

    def scroll_up(self) -> str:
        """Move up by one view and return it."""
        self._view = max(self._view - 1, 0)
        return self.view()

    def view(self) -> str:
        """What is on view of the current page. Call it first to see where you are."""
        views = self._views()
        header = VIEWING.format(number=self._view + 1, count=len(views))
        return f"{header}\n{views[self._view]}"

    def _open(self, path: str) -> str:
        self._path, self._view = path, 0
        return self.view()

    def _views(self) -> list[str]:
        lines = self._pages[self._path].split("\n")
        return ["\n".join(lines[at : at + LINES]) for at in range(0, len(lines), LINES)]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebBrowsing:
    """Thirty-four questions about the shop. `texts` replaces the pages that are made of its facts:
    then both must agree.
    """

    shop: Shop = SHOP
    texts: Pages | None = None

    @property
    def name(self) -> str:
        return "web_browsing"

    def exercises(self) -> tuple[Exercise, ...]:
        return (
            *self._prices(),
            *self._about_people(),
            *self._totals(),
            *self._head_counts(),
            *self._phone_numbers(),
        )

    def toolbox(self) -> Toolbox:
        browser = Browser(self.shop.pages() if self.texts is None else self.texts)
        return Toolbox.of(
            [
                browser.click_url,
                browser.go_to_previous_page,
                browser.scroll_down,
                browser.scroll_up,
                browser.view,
                calculator,
            ]
        )

    def _prices(self) -> list[Exercise]:
        return [
            Exercise(
                domain=self.name,
                name=f"price_of_{name.lower().replace(' ', '_')}",
                instruction=f"What does the {name} cost now?{_CENTS}",
                answer=self._price(name),
                decimals=True,
            )
            for name in _PRICED
        ]

    def _about_people(self) -> list[Exercise]:
        return [
            Exercise(
                domain=self.name,
                name=f"{field}_of_{person.name.lower().replace(' ', '_')}",
                instruction=question.format(name=person.name),
                answer=_fact(person, field),
            )
            for field, question in _QUESTIONS.items()
            for person in self.shop.people[:4]
        ]

    def _totals(self) -> list[Exercise]:
        plain = [
            Exercise(
                domain=self.name,
                name=f"total_price_of_selected_items_{number}",
                instruction=f"What do these cost together: [{', '.join(names)}]?{_CENTS}",
                answer=sum(map(self._price, names)),
                decimals=True,
                issues=(NOISE,) if _noisy(sum(map(self._price, names))) else (),
            )
            for number, names in enumerate(_TOGETHER)
        ]
        reduced = [
            Exercise(
                domain=self.name,
                name=f"total_price_of_selected_items_after_discount_{number}",
                instruction=f"What do these cost together: [{', '.join(names)}], once 10% is taken "
                f"off the total?{_CENTS}",
                answer=sum(map(self._price, names)) * 0.9,
                decimals=True,
                issues=(UNROUNDED,),
            )
            for number, names in enumerate(_REDUCED)
        ]
        return plain + reduced

    def _head_counts(self) -> list[Exercise]:
        return [
            Exercise(
                domain=self.name,
                name=f"people_in_{department.lower().replace(' ', '_')}",
                instruction=f"How many people work in the {department} Department?\n"
                "Answer with the number alone, such as 9.",
                answer=sum(each.department == department for each in self.shop.people),
                issues=(DEAD_LINK,) if " " in department else (),
            )
            for department in ("Sales", "Customer Support")
        ]

    def _phone_numbers(self) -> list[Exercise]:
        return [
            Exercise(
                domain=self.name,
                name=f"match_phone_number_to_person_{person.name.lower().replace(' ', '_')}",
                instruction=f"Whose phone number is {person.phone}?\n"
                "Answer with the person's name, such as John Smith.",
                answer=person.name,
                issues=(DEAD_LINK,),
            )
            for person in self.shop.people[-4:]
        ]

    def _price(self, name: str) -> float:
        return next(ware.price for ware in self.shop.wares if ware.name == name)


UNROUNDED = "two decimals are asked for, the unrounded float is expected"
NOISE = "the expected value carries the noise of binary floating point"
DEAD_LINK = (
    "the public site links /team/customer_support, its page is named /team/customer-support; only "
    "a guessed path leads there, or the repaired link of the fixed edition"
)

_CENTS = "\nAnswer with two decimals in the form 'xx.xx', such as 12.34."
_PRICED = ("Legendary Wand", "Legendary Potion", "Legendary Spellbook", "Legendary Crystal Ball")
_QUESTIONS = {
    "email": "What is the email address of {name}?\nAnswer in the form 'xxx@xxx.xxx'.",
    "department": "In which department does {name} work?\nAnswer with its name in the form 'xxx'.",
    "phone_number": "What is the phone number of {name}?\nAnswer with it exactly as the page does.",
    "expertise": "What is the expertise of {name}?\n"
    "Answer with it exactly as the page does, such as A/B.",
}
_TOGETHER = (
    ("Legendary Wand", "Enchanted Potion", "Magical Spellbook"),
    ("Mystical Crystal Ball", "Rare Crystal Ball", "Magical Spellbook"),
    ("Ancient Wand", "Mystical Wand", "Enchanted Potion"),
    ("Mystical Crystal Ball", "Rare Crystal Ball", "Magical Spellbook", "Mystical Potion"),
)
_REDUCED = (
    ("Legendary Wand", "Enchanted Potion", "Magical Spellbook"),
    ("Mystical Crystal Ball", "Magical Spellbook"),
    ("Ancient Wand", "Enchanted Potion"),
    ("Ancient Crystal Ball", "Rare Wand"),
)


def _fact(person: Employee, field: str) -> str:
    match field:
        case "email":
            return person.email
        case "department":
            return person.department
        case "phone_number":
            return person.phone
        case _:
            return person.expertise


def _noisy(value: float) -> bool:
    return value != round(value, 2)
