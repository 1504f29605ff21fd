"""The small model's weights for other programs: a folder of Hugging Face's, or a GGUF file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeact.models.nano_prompt import CARD, END, MARKS, PAD, TOKENIZER
from codeact.train.release import arrays

TEMPLATE = """\
{%- for message in messages -%}
{%- if message.role == 'system' -%}<|tools|>{{ message.content }}
{%- elif message.role == 'assistant' -%}<|assistant|>{{ message.content }}<|end|>
{%- elif message.role == 'tool' -%}<|output|>{{ message.content }}
{%- else -%}<|user|>{{ message.content }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}"""
"""The turns as the model knows them; a system message holds the listing of tools and nothing else,
and a traceback is shortened to its last two lines (models/nano_prompt.py).
"""

GGUF_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def to_hf(folder: Path, out: Path) -> None:
    """Write `config.json`, `model.safetensors` and the tokenizer's files. Raises DataError."""
    from safetensors.numpy import save_file

    shape, weights = arrays(folder)
    out.mkdir(parents=True, exist_ok=True)
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    marks = _marks(folder)
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": shape["vocabulary"],
        "hidden_size": shape["width"],
        "intermediate_size": shape["hidden"],
        "num_hidden_layers": shape["layers"],
        "num_attention_heads": shape["heads"],
        "num_key_value_heads": shape["heads"],
        "max_position_embeddings": shape["context"],
        "rope_theta": shape["theta"],
        "rms_norm_eps": shape["epsilon"],
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "dtype": "float16",
        "bos_token_id": None,
        "eos_token_id": marks[END],
        "pad_token_id": marks[PAD],
    }
    _write(out / "config.json", config)
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "pad_token": PAD,
        "additional_special_tokens": list(MARKS.values()),
        "model_max_length": shape["context"],
        "clean_up_tokenization_spaces": False,
        "chat_template": TEMPLATE,
    }
    _write(out / "tokenizer_config.json", settings)
    shutil.copyfile(folder / TOKENIZER, out / TOKENIZER)
    shutil.copyfile(folder / CARD, out / CARD)


def to_gguf(folder: Path, out: Path) -> None:
    """Write one file in half precision. Raises DataError.

    GGUF names pre-tokenizers instead of describing them and has no name for ours: programs that
    tokenize by themselves will split some words otherwise than the model was trained on.
    """
    import gguf

    shape, weights = arrays(folder)
    writer = gguf.GGUFWriter(out, "llama")
    writer.add_name("codeact-nano")
    writer.add_context_length(shape["context"])
    writer.add_embedding_length(shape["width"])
    writer.add_block_count(shape["layers"])
    writer.add_feed_forward_length(shape["hidden"])
    writer.add_head_count(shape["heads"])
    writer.add_head_count_kv(shape["heads"])
    writer.add_rope_dimension_count(shape["width"] // shape["heads"])
    writer.add_rope_freq_base(shape["theta"])
    writer.add_layer_norm_rms_eps(shape["epsilon"])
    writer.add_vocab_size(shape["vocabulary"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    _add_tokenizer(writer, folder, shape["vocabulary"])
    for name, weight in weights.items():
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            weight = interleaved(weight, shape["heads"])
        kind = np.float32 if weight.ndim == 1 else np.float16
        writer.add_tensor(gguf_name(name), np.ascontiguousarray(weight.astype(kind)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def gguf_name(name: str) -> str:
    """The name that GGUF has for a parameter of a Llama."""
    match name.split("."):
        case ["model", "embed_tokens", "weight"]:
            return "token_embd.weight"
        case ["model", "norm", "weight"]:
            return "output_norm.weight"
        case ["model", "layers", number, *parts, "weight"]:
            return f"blk.{number}.{GGUF_NAMES['.'.join(parts)]}.weight"
        case _:
            raise ValueError(f"A Llama has no parameter {name!r}.")


def interleaved(weight: NDArray[Any], heads: int) -> NDArray[Any]:
    """Rows reordered from turning halves against each other to turning neighbours, as GGUF's Llama
    does.
    """
    rows, columns = weight.shape
    halves = weight.reshape(heads, 2, rows // heads // 2, columns)
    return halves.swapaxes(1, 2).reshape(rows, columns)


def _add_tokenizer(writer: Any, folder: Path, size: int) -> None:
    """The tokens, filled up to the size of the embedding."""
    import gguf

    model = json.loads((folder / TOKENIZER).read_text(encoding="utf-8"))
    names = dict(model["model"]["vocab"])
    names |= {each["content"]: each["id"] for each in model["added_tokens"]}
    tokens = sorted(names, key=lambda token: names[token])
    special = {each["content"] for each in model["added_tokens"] if each["special"]}
    own = {each["content"] for each in model["added_tokens"]} - special
    kinds = [
        gguf.TokenType.CONTROL
        if token in special
        else gguf.TokenType.USER_DEFINED
        if token in own
        else gguf.TokenType.NORMAL
        for token in tokens
    ]
    missing = size - len(tokens)
    tokens += [f"<|unused {number}|>" for number in range(missing)]
    kinds += [gguf.TokenType.UNUSED] * missing
    merges = [
        each if isinstance(each, str) else " ".join(each) for each in model["model"]["merges"]
    ]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_eos_token_id(names[END])
    writer.add_pad_token_id(names[PAD])
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)


def _marks(folder: Path) -> dict[str, int]:
    model = json.loads((folder / TOKENIZER).read_text(encoding="utf-8"))
    return {each["content"]: each["id"] for each in model["added_tokens"]}


def _write(path: Path, record: dict[str, Any]) -> None:
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
