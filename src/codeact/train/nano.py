"""The embedded model from scratch: its network, its optimizers and its training loop, in one file.

A Llama-shaped decoder (RMSNorm, rotary positions, SwiGLU, tied embeddings) whose parameters bear
the names of Hugging Face's Llama. It learns the tokens that the model itself wrote. Matrices are
trained by Muon, the rest by AdamW; the rate warms up, stays, and falls to zero over the last part
of the budget. Examples are batched by length instead of packed: nothing attends across documents,
and hardly anything is padding.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from codeact.train.curve import CURVE, Curve, Progress
from codeact.train.tokens import Example

CHECKPOINT = "checkpoint.pt"

WARM_UP = 200_000
"""Tokens over which the rate rises, or a twentieth of the budget if that is less."""
DECAY = 0.3
"""The last share of the budget, over which the rate falls to zero."""
WINDOW = 48
"""How many batches' worth of examples are sorted by length together."""
PAD_TO = 16
"""Lengths are rounded up to a multiple of this many tokens."""

Device = Literal["cpu", "cuda"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The network's size; `context` is the longest conversation in tokens."""

    vocabulary: int
    width: int = 192
    layers: int = 4
    heads: int = 6
    hidden: int = 512
    context: int = 768
    theta: float = 10_000.0
    epsilon: float = 1e-5


SIZES: dict[Device, dict[str, int]] = {
    "cpu": {"width": 256, "layers": 5, "heads": 8, "hidden": 704},
    "cuda": {"width": 320, "layers": 8, "heads": 10, "hidden": 864},
}
"""5 million parameters where hours are few, 12 million where a GPU makes tokens cheap."""


def chosen(wanted: str) -> Device | None:
    """The device for `auto`, `cpu` or `cuda`; None where a GPU is wanted and there is none."""
    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return "cpu"
    return "cuda" if torch.cuda.is_available() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One run. The budget is `tokens`, `seconds`, or whichever of both is used up first.

    `batch` counts tokens with padding. `threads` 0 leaves the number to torch; with one thread on a
    CPU and a budget in tokens, a resumed run equals an uninterrupted one bit for bit.
    """

    tokens: int | None = None
    seconds: float | None = None
    batch: int = 6_144
    rate: float = 4e-3
    seed: int = 1
    threads: int = 0
    save_every: float = 120.0


@dataclass(slots=True)
class State:
    """How far a run is; `epoch` and `batch` say which batch comes next."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    epoch: int = 0
    batch: int = 0


class Norm(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape.width))
        self.epsilon = shape.epsilon

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, self.weight.shape, self.weight, self.epsilon)


class Attention(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (
            nn.Linear(shape.width, shape.width, bias=False) for _ in range(4)
        )

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
        rows, length, width = x.shape
        all_three = torch.cat([self.q_proj.weight, self.k_proj.weight, self.v_proj.weight])
        heads = functional.linear(x, all_three).view(rows, length, 3, self.heads, -1)
        q, k, v = heads.permute(2, 0, 3, 1, 4)
        seen = attend(rotated(q, turn), rotated(k, turn), v)
        back: Tensor = self.o_proj(seen.transpose(1, 2).reshape(rows, length, width))
        return back


class Mlp(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.width, shape.hidden, bias=False)
        self.up_proj = nn.Linear(shape.width, shape.hidden, bias=False)
        self.down_proj = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        back: Tensor = self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))
        return back


class Layer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.input_layernorm = Norm(shape)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = Norm(shape)
        self.mlp = Mlp(shape)

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), turn)
        back: Tensor = x + self.mlp(self.post_attention_layernorm(x))
        return back


class Decoder(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = Norm(shape)


class Nano(nn.Module):
    """The network. Its state dict is that of a Llama with tied embeddings."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.model = Decoder(shape)
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                last = name.endswith(("o_proj.weight", "down_proj.weight"))
                deviation = weight.shape[1] ** -0.5 / (2 * shape.layers) ** (0.5 * last)
                nn.init.normal_(weight, std=0.02 if "embed" in name else deviation)

    def states(self, ids: Tensor) -> Tensor:
        """The last hidden state at each place, (rows, length, width)."""
        turn = angles(self.shape, ids.shape[1], ids.device)
        x = self.model.embed_tokens(ids)
        for layer in self.model.layers:
            x = layer(x, turn)
        back: Tensor = self.model.norm(x)
        return back

    def logits(self, states: Tensor) -> Tensor:
        return functional.linear(states, self.model.embed_tokens.weight).float()

    def loss(self, ids: Tensor, mask: Tensor) -> Tensor:
        """The mean cross entropy of the tokens where the mask is set."""
        wanted = mask[:, 1:].reshape(-1).nonzero().squeeze(1)
        states = self.states(ids)[:, :-1].reshape(-1, self.shape.width)[wanted]
        return functional.cross_entropy(self.logits(states), ids[:, 1:].reshape(-1)[wanted])


def angles(shape: Shape, length: int, device: torch.device) -> tuple[Tensor, Tensor]:
    half = shape.width // shape.heads // 2
    speeds = shape.theta ** (-torch.arange(half, device=device, dtype=torch.float32) / half)
    turned = torch.arange(length, device=device, dtype=torch.float32)[:, None] * speeds
    return turned.cos(), turned.sin()


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention. On CPUs torch's fused kernel takes four times as long as the plain form."""
    if q.device.type != "cpu":
        return functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    length = q.shape[-2]
    unseen = torch.full((length, length), float("-inf"), dtype=q.dtype).triu(1)
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2) + unseen
    return scores.softmax(-1) @ v


def rotated(x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    cos, sin = (each.to(x.dtype) for each in turn)
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


def batches(examples: Sequence[Example], budget: int, seed: int) -> Iterator[list[Example]]:
    """All examples once, those of like length together, in an order that the seed decides."""
    rng = random.Random(seed)
    order = list(range(len(examples)))
    rng.shuffle(order)
    mean = max(1, sum(len(each.ids) for each in examples) // max(1, len(examples)))
    window = max(1, WINDOW * budget // mean)
    for start in range(0, len(order), window):
        places = sorted(order[start : start + window], key=lambda place: len(examples[place].ids))
        groups: list[list[Example]] = [[]]
        for place in places:
            one = examples[place]
            if groups[-1] and rounded(len(one.ids)) * (len(groups[-1]) + 1) > budget:
                groups.append([])
            groups[-1].append(one)
        rng.shuffle(groups)
        yield from groups


def rounded(length: int) -> int:
    return -(-length // PAD_TO) * PAD_TO


def padded(group: Sequence[Example], pad: int, device: str) -> tuple[Tensor, Tensor]:
    """Ids and mask of a batch, (rows, length)."""
    length = rounded(max(len(each.ids) for each in group))
    ids = torch.full((len(group), length), pad)
    mask = torch.zeros((len(group), length), dtype=torch.bool)
    for row, each in enumerate(group):
        ids[row, : len(each.ids)] = torch.tensor(list(each.ids))
        mask[row, : len(each.ids)] = torch.tensor(list(each.mask), dtype=torch.bool)
    return ids.to(device), mask.to(device)


def rate_at(done: float, tokens: int, budget: float | None) -> float:
    """The share of the full rate when `done` of the budget and so many tokens are used."""
    warm = WARM_UP if budget is None else min(WARM_UP, budget / 20)
    return min(1.0, (tokens + 1) / max(1.0, warm), max(0.0, (1.0 - done) / DECAY))


class Training:
    """A run that can be stopped and resumed in its folder."""

    def __init__(self, folder: Path, shape: Shape, settings: Settings, device: Device) -> None:
        torch.manual_seed(settings.seed)
        if settings.threads:
            torch.set_num_threads(settings.threads)
        self.folder, self.settings, self.device = folder, settings, device
        self.net = Nano(shape).to(device)
        self.state = State()
        flat = [w for name, w in self.net.named_parameters() if w.ndim < 2 or "embed" in name]
        deep = [w for name, w in self.net.named_parameters() if w.ndim == 2 and "embed" not in name]
        self.optimizers: list[torch.optim.Optimizer] = [
            torch.optim.Muon(
                deep, lr=settings.rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"
            ),
            torch.optim.AdamW(flat, lr=settings.rate, betas=(0.9, 0.95), weight_decay=0.0),
        ]
        folder.mkdir(parents=True, exist_ok=True)

    def save(self) -> None:
        """Write the checkpoint; a crash leaves the previous one whole."""
        record = {
            "shape": asdict(self.net.shape),
            "state": asdict(self.state),
            "net": self.net.state_dict(),
            "optimizers": [each.state_dict() for each in self.optimizers],
        }
        fresh = self.folder / f"{CHECKPOINT}.new"
        torch.save(record, fresh)
        os.replace(fresh, self.folder / CHECKPOINT)

    def resume(self) -> bool:
        """Go on from the checkpoint in the folder; False when there is none."""
        path = self.folder / CHECKPOINT
        if not path.exists():
            return False
        record: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
        if record["shape"] != asdict(self.net.shape):
            raise ValueError(f"{path} is of another shape: {record['shape']}.")
        self.net.load_state_dict(record["net"])
        for optimizer, kept in zip(self.optimizers, record["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        self.state = State(**record["state"])
        return True

    def begin_with(self, weights: dict[str, Tensor]) -> None:
        """Start from weights that were trained before, with optimizers that know nothing yet."""
        self.net.load_state_dict(weights)

    def done(self) -> float:
        """The share of the budget that is used."""
        wanted, state = self.settings, self.state
        by_tokens = state.tokens / wanted.tokens if wanted.tokens else 0.0
        by_time = state.seconds / wanted.seconds if wanted.seconds else 0.0
        return min(1.0, max(by_tokens, by_time))

    def step(self, group: Sequence[Example], pad: int) -> tuple[Tensor, float]:
        """One update; the loss before it and the share of the rate."""
        share = rate_at(self.done(), self.state.tokens, self.settings.tokens)
        ids, mask = padded(group, pad, self.device)
        with torch.autocast(self.device, torch.bfloat16):
            loss = self.net.loss(ids, mask)
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        for optimizer in self.optimizers:
            for parameters in optimizer.param_groups:
                parameters["lr"] = self.settings.rate * share
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.state.step += 1
        self.state.tokens += sum(len(each.ids) for each in group)
        return loss.detach(), share

    def run(
        self,
        examples: Sequence[Example],
        pad: int,
        told: Callable[[Progress], None],
        stopped: Callable[[], bool] = lambda: False,
    ) -> State:
        """Train until the budget is used or `stopped` says so; saves now and then and at the end.

        Examples longer than the context are left out. Raises ValueError when none is left.
        """
        usable = [each for each in examples if len(each.ids) <= self.net.shape.context]
        usable = [each for each in usable if any(each.mask[1:])]
        if not usable:
            raise ValueError("There is nothing to learn: no example fits the context.")
        curve = Curve(self.folder / CURVE, self.state.step)
        saved = begun = time.monotonic()
        before = self.state.seconds
        while self.done() < 1.0 and not stopped():
            seed = self.settings.seed * 1_000_003 + self.state.epoch
            for place, group in enumerate(batches(usable, self.settings.batch, seed)):
                if place < self.state.batch:
                    continue
                loss, share = self.step(group, pad)
                self.state.batch = place + 1
                self.state.seconds = before + time.monotonic() - begun
                progress = curve.add(
                    (self.state.step, self.state.tokens, self.state.seconds),
                    loss,
                    self.settings.rate * share,
                    self.done(),
                )
                if progress is not None:
                    told(progress)
                if time.monotonic() - saved > self.settings.save_every:
                    self.save()
                    saved = time.monotonic()
                if self.done() >= 1.0 or stopped():
                    break
            else:
                self.state.epoch, self.state.batch = self.state.epoch + 1, 0
        self.save()
        return self.state
