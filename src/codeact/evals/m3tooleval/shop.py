"""The web domain's world: a shop for magical things with its wares, its people and its pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Pages = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ware:
    """A thing for sale; `before` is its price before a reduction. Prices in dollars."""

    name: str
    kind: str
    price: float
    before: float | None = None

    @property
    def path(self) -> str:
        return f"/products/{slug(self.kind)}/{slug(self.name)}"

    def page(self) -> str:
        price = f"Price: ${self.price:.2f}"
        if self.before is not None:
            off = round(100 * (1 - self.price / self.before))
            price = f"Price: ${self.price:.2f} ({off}% off)"
        return f"{self.name}\nMade by hand and tested for magic.\n{price}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """Somebody who works there."""

    name: str
    expertise: str
    email: str
    phone: str
    department: str

    @property
    def path(self) -> str:
        return f"/team/{slug(self.department)}/{slug(self.name)}"

    def page(self) -> str:
        return (
            f"{self.name} works in the {self.department} Department.\n"
            f"Expertise: {self.expertise}\n"
            f"Email: {self.email}\n"
            f"Phone: {self.phone}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The facts that the pages are made of. The public site links one department under a name that
    its page does not have; with `repaired` the link works.
    """

    wares: tuple[Ware, ...]
    people: tuple[Employee, ...]
    repaired: bool = False

    def pages(self) -> dict[str, str]:
        """The text of each page by its path."""
        pages = dict(_FRONT)
        kinds = list(dict.fromkeys(ware.kind for ware in self.wares))
        departments = list(dict.fromkeys(each.department for each in self.people))
        pages["/products"] = _listing(
            "What we sell:", ((kind, f"/products/{slug(kind)}") for kind in kinds)
        )
        for kind in kinds:
            wares = [ware for ware in self.wares if ware.kind == kind]
            links = ((ware.name, ware.path) for ware in wares)
            pages[f"/products/{slug(kind)}"] = _listing(f"{kind}:", links)
            pages |= {ware.path: ware.page() for ware in wares}
        pages["/team"] = _listing(
            "The teams of our house:", ((f"{each} Team", self._link(each)) for each in departments)
        )
        for department in departments:
            people = [each for each in self.people if each.department == department]
            links = ((each.name, each.path) for each in people)
            pages[_team(department)] = _listing(f"{department} Team:", links)
            pages |= {each.path: each.page() for each in people}
        return pages

    def _link(self, department: str) -> str:
        return _team(department) if self.repaired else f"/team/{slug(department)}"


def slug(name: str) -> str:
    return name.lower().replace(" ", "_")


def _team(department: str) -> str:
    return f"/team/{slug(department).replace('_', '-')}"


def clickable(path: str) -> str:
    return f"[Clickable '{path}']"


def _listing(title: str, links: Iterator[tuple[str, str]]) -> str:
    return "\n".join([title, *(f"- {name} {clickable(path)}" for name, path in links), ""])


_FRONT: dict[str, str] = {
    "/": f"""\
MagicWand Co. wishes you a good day!
Here you find magical things that were made with care and are meant for daily use.
- Who we are {clickable("/about")}
- What we sell {clickable("/products")}
- What we write {clickable("/blog")}
- How to reach us {clickable("/contact")}
- Who works here {clickable("/team")}
Come in and look around.""",
    "/about": f"""\
Who we are
For more than a hundred years MagicWand Co. has worked with magic; it began in a hut in the woods.
The people of today {clickable("/team")}
The things they make {clickable("/products")}
- Mr. Gandalf, CEO {clickable("/about/team/ceo")}
- Ms. Hermione, Head of Engineering {clickable("/about/team/head_engineering")}
- Dr. Snape, Chief Potion Master {clickable("/about/team/chief_potion_master")}
We want every home to have a little magic.""",
    "/contact": """\
How to reach us
Questions about an order, a ware or a spell that went wrong are all welcome.
Email: contact@magicwand.co
Phone: +1-800-MAGICWAND
On WitcherGram we are @MagicWandCo""",
    "/blog": f"""\
What we write
Our experts report on what they try and what comes of it.
- On potions {clickable("/blog/potions")}
- On the care of wands {clickable("/blog/wand-maintenance")}
Readers who know better are asked to write to us.""",
    "/blog/potions": """\
On potions
What heals, what warms and what should rather not be drunk, told by those who brew it.
Read next: how to brew a potion of invisibility and find it again
Soon: a workshop for beginners""",
    "/blog/wand_maintenance": """\
On the care of wands
A wand that is looked after serves for a lifetime.
Read next: five ways to tell that a wand needs care
Advice: hold it often, so that it gets used to you""",
    "/about/team/ceo": """\
Mr. Gandalf, CEO
He has led MagicWand Co. for decades and is known for arriving when he means to.
Email: gandalf.ceo@magicwand.co
He says that a wand only helps whoever has the magic already.""",
    "/about/team/head_engineering": """\
Ms. Hermione, Head of Engineering
She joins old spells with new machines and reads the manual first.
Email: hermione.engineering@magicwand.co
She made the spellbook that refills itself.
In her free time she looks for more of both.""",
    "/about/team/chief_potion_master": """\
Dr. Snape, Chief Potion Master
Nobody brews more exactly, and nobody praises less.
Email: snape.potions@magicwand.co
He made the elixir that never runs out.
To him every potion tells a story.""",
}

_PRICES: dict[str, dict[str, float]] = {
    "Wand": {
        "Mystical Wand": 103.84,
        "Ancient Wand": 171.06,
        "Legendary Wand": 68.71,
        "Rare Wand": 142.77,
        "Enchanted Wand": 118.32,
        "Magical Wand": 91.69,
    },
    "Potion": {
        "Enchanted Potion": 105.52,
        "Ancient Potion": 155.26,
        "Mystical Potion": 141.36,
        "Rare Potion": 86.71,
        "Legendary Potion": 82.93,
    },
    "Spellbook": {
        "Enchanted Spellbook": 173.26,
        "Magical Spellbook": 90.15,
        "Legendary Spellbook": 181.45,
    },
    "Crystal Ball": {
        "Magical Crystal Ball": 182.69,
        "Enchanted Crystal Ball": 89.72,
        "Legendary Crystal Ball": 130.84,
        "Ancient Crystal Ball": 82.89,
        "Mystical Crystal Ball": 163.36,
        "Rare Crystal Ball": 73.99,
    },
}
_REDUCED_FROM = {"Enchanted Wand": 155.68}

_PEOPLE: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "Engineering": (
        ("Allison Hill", "Wand/Spellbook", "taylor.net", "296-500-1338"),
        ("Meredith Barnes", "Spellbook/Wand", "lawrence-pacheco.com", "001-626-254-2351x16155"),
        ("Kimberly Dudley", "Potion/Wand", "miller-carter.org", "(993)710-3413x164"),
    ),
    "Marketing": (
        ("Henry Santiago", "Wand/Spellbook", "zuniga.com", "+1-232-576-4835"),
        ("Renee Morales", "Crystal Ball/Wand", "clark.com", "676.872.4238"),
        ("Jennifer Robinson", "Wand/Crystal Ball", "hicks.com", "922-669-1669"),
    ),
    "Sales": (
        ("Shannon Smith", "Potion/Spellbook", "wilson.com", "346-627-0482"),
        ("Katie Gonzalez", "Wand/Spellbook", "farmer-ryan.net", "2955701543"),
        ("Theresa Miller", "Potion/Spellbook", "cabrera-spence.net", "001-822-778-2489x63834"),
        ("Joseph Martinez", "Crystal Ball/Wand", "brown.org", "+1-239-730-1031"),
    ),
    "Customer Support": (
        ("David Caldwell", "Spellbook/Wand", "ryan.org", "001-773-876-3116"),
        ("Scott Brown", "Potion/Spellbook", "joyce.com", "633-938-7262"),
        ("Thomas Ramos", "Crystal Ball/Potion", "garcia.com", "432-867-7360"),
        ("James House", "Spellbook/Wand", "mitchell-horton.net", "+1-972-434-3098x05009"),
        ("Jordan York", "Potion/Crystal Ball", "larson.com", "(719)639-9091x6998"),
        ("Mike Allen", "Wand/Crystal Ball", "anderson-brewer.info", "310-579-9118x38425"),
    ),
}

SHOP = Shop(
    wares=tuple(
        Ware(name=name, kind=kind, price=price, before=_REDUCED_FROM.get(name))
        for kind, prices in _PRICES.items()
        for name, price in prices.items()
    ),
    people=tuple(
        Employee(
            name=name,
            expertise=expertise,
            email=f"{name.lower().replace(' ', '.')}@{mail}",
            phone=phone,
            department=department,
        )
        for department, people in _PEOPLE.items()
        for name, expertise, mail, phone in people
    ),
)
