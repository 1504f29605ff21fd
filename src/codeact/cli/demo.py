"""A recorded model for a first look: real replies to a few known tasks, whose code really runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codeact.errors import ConfigError, ModelError
from codeact.events import Emit, ignore
from codeact.messages import Completion, Message, Sampling, ToolSchema
from codeact.models import Model, Until, never
from codeact.models.scripted import ScriptedModel

REASON = "a recorded model, not a live one"

UNKNOWN = """\
The model 'demo' is only a recording and knows these tasks, word for word:
{tasks}
For any other task connect a live model: set OPENAI_API_KEY, or start a local server such as \
Ollama, or give -m MODEL --base-url URL. `codeact doctor` shows what is found."""

DIFFERENT = """\
The recording cannot go on: the recorded model had seen {expected!r} in the result, and here it \
is not there. A live model would look at what did happen."""


@dataclass(frozen=True, slots=True)
class _Reply:
    """`saw` is what the result before this reply must hold, else the reply would be untrue."""

    text: str
    saw: str = ""


_RECORDINGS: dict[str, tuple[_Reply, ...]] = {
    "What is the sum of the first 100 prime numbers?": (
        _Reply(
            "I will collect the primes and add them up.\n"
            "<execute>\n"
            "import math\n"
            "\n"
            "primes = []\n"
            "number = 2\n"
            "while len(primes) < 100:\n"
            "    if math.isprime(number):\n"
            "        primes.append(number)\n"
            "    number += 1\n"
            "print(len(primes), primes[-1], sum(primes))\n"
            "</execute>"
        ),
        _Reply(
            "`math` has no primality test, so I write one: a number is prime when no smaller "
            "prime divides it.\n"
            "<execute>\n"
            "while len(primes) < 100:\n"
            "    if all(number % prime for prime in primes):\n"
            "        primes.append(number)\n"
            "    number += 1\n"
            "print(len(primes), primes[-1], sum(primes))\n"
            "</execute>",
            saw="AttributeError",
        ),
        _Reply(
            "The sum of the first 100 prime numbers is **24133**. The last of them is 541.",
            saw="100 541 24133",
        ),
    ),
    "Roll two dice 10000 times and save a bar chart of the sums.": (
        _Reply(
            "I roll the dice and count the sums first.\n"
            "<execute>\n"
            "import random\n"
            "from collections import Counter\n"
            "\n"
            "random.seed(7)\n"
            "sums = Counter(random.randint(1, 6) + random.randint(1, 6) for _ in range(10_000))\n"
            "most, times = sums.most_common(1)[0]\n"
            "for total in range(2, 13):\n"
            "    print(f'{total:2} {sums[total]:5}')\n"
            "print('most common:', most)\n"
            "</execute>"
        ),
        _Reply(
            "Now the chart, as SVG, which needs no library.\n"
            "<execute>\n"
            "bars = []\n"
            "for total in range(2, 13):\n"
            "    height = sums[total] // 8\n"
            "    left = 30 * (total - 2) + 10\n"
            "    bars.append(\n"
            '        f\'<rect x="{left}" y="{240 - height}" width="24" height="{height}" \'\n'
            "        f'fill=\"steelblue\"/>'\n"
            '        f\'<text x="{left + 12}" y="256" text-anchor="middle">{total}</text>\'\n'
            "    )\n"
            'svg = f\'<svg xmlns="http://www.w3.org/2000/svg" width="350" height="264" \'\n'
            'svg += f\'font-family="sans-serif" font-size="12">{"".join(bars)}</svg>\'\n'
            "with open('dice.svg', 'w') as file:\n"
            "    print(file.write(svg) > 0, 'dice.svg')\n"
            "</execute>",
            saw="most common: 7",
        ),
        _Reply(
            "I rolled two dice 10,000 times; the most common sum is **7**. The bar chart is in "
            "`dice.svg`.",
            saw="True dice.svg",
        ),
    ),
}

TASKS = tuple(_RECORDINGS)


def open_demo(task: str | None, format: str) -> Model:
    """The recorded model. Raises ConfigError for a task that it does not know."""
    if format != "code":
        raise ConfigError(f"The model 'demo' was recorded with --format code, not {format}.")
    if task is not None and task not in _RECORDINGS:
        raise ConfigError(_unknown())
    return DemoModel()


class DemoModel:
    """Answers known tasks as it was recorded, and says plainly what it is to all others."""

    name = "demo"
    context_tokens: int | None = None
    sees = False

    async def complete(
        self,
        messages: Sequence[Message],
        *,
        stop: Sequence[str] = (),
        until: Until = never,
        tools: Sequence[ToolSchema] = (),
        sampling: Sampling = Sampling(),
        emit: Emit = ignore,
    ) -> Completion:
        replayed = ScriptedModel([self._reply(messages)], name=self.name, pause=0.01)
        return await replayed.complete(
            messages, stop=stop, until=until, tools=tools, sampling=sampling, emit=emit
        )

    async def aclose(self) -> None:
        """Holds nothing."""

    def _reply(self, messages: Sequence[Message]) -> str:
        said = [message.role == "user" and not message.observed for message in messages]
        place = len(said) - 1 - said[::-1].index(True)
        task = messages[place].content.strip()
        if task not in _RECORDINGS:
            return _unknown()
        number = sum(message.role == "assistant" for message in messages[place:])
        if number >= len(_RECORDINGS[task]):
            raise ModelError("The recording of this task has come to its end.")
        reply = _RECORDINGS[task][number]
        if reply.saw not in messages[-1].content:
            raise ModelError(DIFFERENT.format(expected=reply.saw))
        return reply.text


def _unknown() -> str:
    return UNKNOWN.format(tasks="\n".join(f"- {task}" for task in TASKS))
