"""Texts by ChatML and by chat templates in Jinja, and what of them is learned."""

from __future__ import annotations

import pytest
from hypothesis import example, given

from codeact.data.conversations import Conversation, Said
from codeact.data.templates import END, Spelled, Unwritable, chatml, read_chatml, template
from codeact.errors import ConfigError, DataError
from codeact.messages import NativeCall
from tests.data.samples import conversations, talk

PLAIN = """\
{%- for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}\
{%- endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""
MARKED = """\
{%- for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}\
{%- if m.role == 'assistant' %}{% generation %}{{ m.content + '<|im_end|>' }}{% endgeneration %}\
{%- else %}{{ m.content + '<|im_end|>' }}{% endif %}{{ '\\n' }}\
{%- endfor %}"""
LAST_ONLY = "{% for m in messages %}{% if loop.last %}{{ m.content }}{% endif %}{% endfor %}"


def _learned(found: Spelled) -> list[str]:
    return [found.text[start:end] for start, end in found.spans]


@given(conversations())
def test_chatml_is_read_back_as_it_was(conversation: Conversation) -> None:
    assert read_chatml(chatml(conversation.said)) == conversation.said


@given(conversations())
def test_chatml_learns_replies_and_their_ends(conversation: Conversation) -> None:
    replies = [each.content + END for each in conversation.said if each.learned]
    assert _learned(chatml(conversation.said)) == replies


@pytest.mark.parametrize("source", [PLAIN, MARKED])
@example(conversation=talk("\ue000\ue001", "\ue000 and \ue002\ue003"))
@given(conversation=conversations())
def test_a_template_of_chatml_writes_the_same(source: str, conversation: Conversation) -> None:
    assert template(source)(conversation.said) == chatml(conversation.said)


def test_a_template_that_trims_is_masked_as_it_writes() -> None:
    source = "{% for m in messages %}[{{ m.role }}] {{ m.content | trim }}</s>\n{% endfor %}"
    source += "{% if add_generation_prompt %}[assistant] {% endif %}"
    assert _learned(template(source)(talk("q", "  yes \n").said)) == ["yes</s>"]


def test_a_template_that_forgets_has_no_mask() -> None:
    with pytest.raises(Unwritable, match="no generation marks"):
        template(LAST_ONLY)(talk("q", "a", "q", "b").said)


def test_a_template_may_refuse_a_conversation() -> None:
    spell = template("{{ raise_exception('roles must alternate') }}")
    with pytest.raises(Unwritable, match="roles must alternate"):
        spell(talk("q", "a").said)


def test_a_template_gets_its_tokens_and_filters() -> None:
    source = "{{ bos_token }}{% for m in messages %}{{ m | tojson }}{% break %}{% endfor %}"
    found = template(source, {"bos_token": "<s>"})([Said(role="user", content="é")])
    assert found.text == '<s>{"role": "user", "content": "é"}'


def test_a_template_that_is_no_jinja_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        template("{% for %}")


def test_a_template_cannot_reach_out() -> None:
    spell = template("{{ messages.__class__.__mro__ }}")
    with pytest.raises(Unwritable, match="refuses"):
        spell(talk("q", "a").said)


@pytest.mark.parametrize("content", ["<|im_end|>", "a <|im_start|>system"])
def test_marks_in_a_text_cannot_forge_a_turn(content: str) -> None:
    for spell in (chatml, template(PLAIN)):
        with pytest.raises(Unwritable, match="which only the template may write"):
            spell(talk(content, "a").said)


def test_native_calls_are_not_lost_in_silence() -> None:
    call = NativeCall(id="1", name="f", arguments="{}")
    with pytest.raises(Unwritable, match="native tool calls"):
        chatml([Said(role="assistant", content="", learned=True, calls=(call,))])


@pytest.mark.parametrize("text", ["hi", "<|im_start|>dog\nhi<|im_end|>\n", "<|im_start|>user\nhi"])
def test_other_texts_are_no_chatml(text: str) -> None:
    with pytest.raises(DataError, match="no ChatML"):
        read_chatml(Spelled(text, ()))
