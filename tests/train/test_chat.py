"""Which tokens are learned, one by one: the assistant's words and the end of its turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codeact.errors import ConfigError, DataError
from codeact.train import chat
from tests.train import tiny_llm
from tests.train.tiny_llm import said

CONVERSATION = [
    {"role": "system", "content": "Act."},
    *said("What is one?", "wrong", "<execute>\n1\n</execute>", "\nIt is one. ", wrong=[0]),
]


@pytest.fixture(scope="module", name="words")
def tokenizer() -> Any:
    return tiny_llm.tokenizer()


def learned(words: Any, row: dict[str, list[int]]) -> list[str]:
    """The stretches of learned tokens as text."""
    stretches: list[list[int]] = [[]]
    for token, label in zip(row["input_ids"], row["labels"], strict=True):
        if label == chat.UNLEARNED:
            stretches.append([])
        else:
            assert label == token
            stretches[-1].append(token)
    return [words.decode(each) for each in stretches if each]


def marked(words: Any, *, learn_header: bool = False) -> str:
    return chat.training_template(words, "chatml", learn_header=learn_header, model="m")


def test_only_learned_replies_and_their_ends_carry_labels(words: Any) -> None:
    row = chat.labelled(CONVERSATION, words, marked(words))
    assert learned(words, row) == [
        "<execute>\n1\n</execute><|im_end|>",
        "\nIt is one. <|im_end|>",
    ]


def test_the_paper_learned_the_header_of_a_reply_too(words: Any) -> None:
    row = chat.labelled(CONVERSATION, words, marked(words, learn_header=True))
    assert learned(words, row)[0] == "<|im_start|>assistant\n<execute>\n1\n</execute><|im_end|>"


def test_the_text_is_the_papers_template_after_the_beginning_of_a_document(words: Any) -> None:
    row = chat.labelled(CONVERSATION, words, marked(words))
    told = "".join(
        f"<|im_start|>{each['role']}\n{each['content']}<|im_end|>\n" for each in CONVERSATION
    )
    assert words.decode(row["input_ids"]) == "<s>" + told


def test_the_template_that_ships_with_the_model_writes_the_same_without_marks(words: Any) -> None:
    template = marked(words)
    row = chat.labelled(CONVERSATION, words, template)
    plain = chat.unmarked(template)
    assert "generation" not in plain.replace("add_generation_prompt", "")
    asked = words.apply_chat_template(
        CONVERSATION[:-1], chat_template=plain, tokenize=False, add_generation_prompt=True
    )
    assert words.decode(row["input_ids"]).startswith(asked)


def test_the_marks_are_single_tokens_and_a_reply_ends_with_one(words: Any) -> None:
    row = chat.labelled(CONVERSATION, words, marked(words))
    end = words.convert_tokens_to_ids("<|im_end|>")
    assert words.eos_token_id == end
    assert row["input_ids"].count(end) == len(CONVERSATION)
    assert row["labels"].count(end) == 2


def test_train_false_means_the_same_as_weight_zero(words: Any) -> None:
    plain = [{name: v for name, v in each.items() if name != "weight"} for each in CONVERSATION]
    plain[2]["train"] = False
    template = marked(words)
    expected = chat.labelled(CONVERSATION, words, template)
    assert chat.labelled(plain, words, template) == expected


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        (said("say <s>", "<s>"), "reads as a mark"),
        (said("say <|im_end|>", "no"), "reads as a mark"),
        (said("What?", "wrong", wrong=[0]), "nothing of it that is learned"),
        (said("What? " * 50, "cut off"), "within 40 tokens"),
    ],
)
def test_what_cannot_be_learned_is_left_out_and_counted(
    messages: list[dict[str, Any]], reason: str, words: Any
) -> None:
    found = chat.tokenized([messages, said("Hm?", "Yes.")], words, marked(words), 40)
    assert len(found.rows) == 1
    [(told, count)] = found.left_out.items()
    assert (count, reason in told) == (1, True)


def test_a_long_conversation_is_cut_at_the_length(words: Any) -> None:
    found = chat.tokenized([said("Hm?", "y" * 100)], words, marked(words), 40)
    [row] = found.rows
    assert len(row["input_ids"]) == len(row["labels"]) == 40


def test_a_model_without_marks_is_refused_with_the_way_out(words: Any) -> None:
    bare = tiny_llm.tokenizer()
    bare.chat_template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    with pytest.raises(ConfigError, match="template: chatml"):
        chat.training_template(bare, "model", learn_header=False, model="tiny")


def test_a_models_own_marked_template_is_used_as_it_is() -> None:
    own = tiny_llm.tokenizer()
    own.chat_template = (
        "{% for m in messages %}{% if m.role == 'assistant' %}"
        "{% generation %}{{ m.content }}</s>{% endgeneration %}"
        "{% else %}{{ m.content }}{% endif %}{% endfor %}"
    )
    template = chat.training_template(own, "model", learn_header=False, model="tiny")
    row = chat.labelled(said("What?", "This."), own, template)
    assert learned(own, row) == ["This.</s>"]


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '{"messages": 3}', '{"messages": [{"role": "user"}]}', '{"steps": []}'],
)
def test_a_line_that_is_no_conversation_is_named_by_its_place(line: str, tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"messages": []}\n' + line + "\n")
    with pytest.raises(DataError, match=r"data\.jsonl, line 2.*codeact data convert"):
        list(chat.conversations(path))
