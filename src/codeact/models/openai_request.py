"""Our messages and tools in the words of the Chat Completions protocol."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from codeact.messages import Media, Message, Sampling, ToolSchema

MAX_STOPS = 4
"""The protocol takes no more stop sequences; all are watched for on this side anyway."""

_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})

Wire = dict[str, Any]


def wire_messages(messages: Sequence[Message], *, sees: bool) -> list[Wire]:
    """Content stays a plain string where there is no picture to send. Other media are left out.

    A tool message cannot hold a picture, and nothing may come between the tool messages of one
    reply: their pictures follow them in a user message.
    """
    wire: list[Wire] = []
    waiting: list[Wire] = []
    for message in messages:
        if waiting and message.role != "tool":
            wire.append({"role": "user", "content": waiting})
            waiting = []
        pictures = [_picture(each) for each in message.media if each.media_type in _PICTURES]
        text = _encodable(message.content)
        entry: Wire = {"role": message.role, "content": text}
        if sees and pictures and message.role == "user":
            entry["content"] = [{"type": "text", "text": text}, *pictures]
        if sees and message.role == "tool":
            waiting += pictures
        if message.calls:
            entry["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": _encodable(call.arguments)},
                }
                for call in message.calls
            ]
        if message.call_id is not None:
            entry["tool_call_id"] = message.call_id
        wire.append(entry)
    return [*wire, {"role": "user", "content": waiting}] if waiting else wire


def shows_pictures(wire: Sequence[Wire]) -> bool:
    return any(isinstance(entry["content"], list) for entry in wire)


def wire_tools(tools: Sequence[ToolSchema]) -> list[Wire]:
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": json.loads(tool.parameters),
            },
        }
        for tool in tools
    ]


def optional_parameters(
    stop: Sequence[str], sampling: Sampling, refused: frozenset[str], *, tools: bool
) -> Wire:
    """What a server may refuse, without what this one has refused."""
    renamed = "max_completion_tokens" if "max_tokens" in refused else "max_tokens"
    wanted: Wire = {
        "stop": list(stop[:MAX_STOPS]) or None,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        renamed: sampling.max_tokens,
        "seed": sampling.seed,
        "stream_options": {"include_usage": True},
        "parallel_tool_calls": False if tools else None,
    }
    return {
        name: value for name, value in wanted.items() if value is not None and name not in refused
    }


def _encodable(text: str) -> str:
    """Half a surrogate pair (a strange file name, a model's slip) cannot be sent as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _picture(media: Media) -> Wire:
    url = f"data:{media.media_type};base64,{media.data}"
    return {"type": "image_url", "image_url": {"url": url}}
