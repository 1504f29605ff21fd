"""The system prompt: its parts, their order and what is left out."""

from __future__ import annotations

import pytest

from codeact.formats import NAMES, by_name
from codeact.prompt import CONDUCT, OUTPUT, ROLE, system_prompt
from codeact.tools import EMPTY, Toolbox


def price(item: str) -> float:
    """The price of an item in euros."""
    return 1.0


TOOLS = Toolbox.of([price])


@pytest.mark.parametrize("name", NAMES)
def test_the_prompt_goes_from_role_to_format_to_conduct(name: str) -> None:
    format = by_name(name)
    message = system_prompt(format, TOOLS)
    parts = (ROLE, format.instructions(TOOLS), CONDUCT)
    assert message.role == "system"
    assert message.content == "\n\n".join(part.strip() for part in parts if part.strip())


def test_the_prompt_names_the_tools_with_signature_and_description() -> None:
    content = system_prompt(by_name("code"), TOOLS).content
    assert "price(item: str) -> float" in content
    assert "The price of an item in euros." in content


def test_the_callers_own_text_comes_last() -> None:
    schema = '{"type":"integer"}'
    content = system_prompt(
        by_name("code"), EMPTY, extra="  Speak French.\n", output_schema=schema
    ).content
    assert content.startswith(ROLE)
    assert content.endswith(f"{OUTPUT.format(schema=schema)}\n\nSpeak French.")


def test_no_part_is_left_blank() -> None:
    assert "\n\n\n" not in system_prompt(by_name("code"), EMPTY, extra=" \n ").content
