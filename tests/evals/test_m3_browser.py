"""The browser's views and history, and how far away from the front page the facts are."""

from __future__ import annotations

import dataclasses
import re

import pytest

from codeact.evals.m3tooleval.shop import SHOP
from codeact.evals.m3tooleval.web_browsing import LINES, NOT_FOUND, Browser, WebBrowsing

REPAIRED = dataclasses.replace(SHOP, repaired=True)


def _browser(*, repaired: bool = False) -> Browser:
    return Browser((REPAIRED if repaired else SHOP).pages())


def _title(view: str) -> str:
    return view.split("\n")[1]


def test_a_visit_begins_at_the_top_of_the_front_page() -> None:
    assert _browser().view().startswith("[Viewing page 1 of 2]\nMagicWand Co. wishes you")


@pytest.mark.parametrize("path", SHOP.pages())
def test_a_view_has_five_lines_at_most(path: str) -> None:
    browser = _browser()
    seen = browser.click_url(path).split("\n")[1:]
    while (view := browser.scroll_down().split("\n")[1:]) != seen[-len(view) :]:
        assert len(view) <= LINES
        seen += view
    assert "\n".join(seen) == SHOP.pages()[path]


def test_scrolling_stops_at_both_ends() -> None:
    browser = _browser()
    top, bottom = browser.view(), browser.scroll_down()
    assert browser.scroll_down() == bottom
    assert browser.scroll_up() == top
    assert browser.scroll_up() == top


def test_going_back_follows_the_history_and_ends_at_its_beginning() -> None:
    browser = _browser()
    browser.click_url("/products")
    browser.click_url("/products/wand")
    assert _title(browser.go_to_previous_page()) == "What we sell:"
    assert _title(browser.go_to_previous_page()) == "MagicWand Co. wishes you a good day!"
    assert _title(browser.go_to_previous_page()) == "MagicWand Co. wishes you a good day!"


def test_a_path_may_come_in_quotes_and_need_not_be_on_view() -> None:
    found = _browser().click_url("'/team/sales/shannon_smith'")
    assert _title(found) == "Shannon Smith works in the Sales Department."


def test_an_unknown_path_leaves_the_browser_where_it_is() -> None:
    browser = _browser()
    before = browser.view()
    assert browser.click_url("/treasure") == NOT_FOUND
    assert browser.view() == before


@pytest.mark.parametrize(("repaired", "found"), [(False, False), (True, True)])
def test_the_customer_support_link_works_once_it_is_repaired(repaired: bool, found: bool) -> None:
    browser = _browser(repaired=repaired)
    link = re.findall(r"'(/team/customer[^']*)'", browser.click_url("/team"))[0]
    assert (browser.click_url(link) != NOT_FOUND) is found


def test_a_reduced_price_stands_beside_its_reduction() -> None:
    page = SHOP.pages()["/products/wand/enchanted_wand"]
    assert page.endswith("Price: $118.32 (24% off)")


def test_every_episode_visits_the_site_afresh() -> None:
    domain = WebBrowsing()
    used = domain.toolbox().find("click_url").function("/team")
    assert domain.toolbox().find("view").function() != used


def _steps_to(fact: str, *, repaired: bool) -> int | None:
    """The least number of clicks on links in view, and scrolls, until the fact is on view."""
    ways: list[tuple[str, ...]] = [()]
    seen: set[str] = set()
    for way in ways:
        browser = _browser(repaired=repaired)
        view = browser.view()
        for step in way:
            view = browser.scroll_down() if step == "down" else browser.click_url(step)
        if fact in view:
            return len(way)
        if view not in seen:
            seen.add(view)
            links = re.findall(r"\[Clickable '([^']+)'\]", view)
            ways += [(*way, step) for step in [*links, "down"]]
    return None


@pytest.mark.parametrize(
    ("fact", "steps"),
    [
        ("$68.71", 3),
        ("$82.93", 4),
        ("$181.45", 3),
        ("$130.84", 3),
        ("allison.hill@taylor.net", 4),
        ("kimberly.dudley@miller-carter.org", 4),
        ("+1-232-576-4835", 4),
        ("Joseph Martinez [", 3),
    ],
)
def test_a_fact_is_three_or_four_steps_away(fact: str, steps: int) -> None:
    assert _steps_to(fact, repaired=False) == steps


@pytest.mark.parametrize(("phone", "steps"), [("432-867-7360", 4), ("310-579-9118x38425", 5)])
def test_customer_support_is_reached_by_the_repaired_link_only(phone: str, steps: int) -> None:
    assert _steps_to(phone, repaired=False) is None
    assert _steps_to(phone, repaired=True) == steps
