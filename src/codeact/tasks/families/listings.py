"""What first programs print: hello world, FizzBuzz, a countdown, powers, primes and multiples."""

from __future__ import annotations

from codeact.tasks.families.counting import is_prime
from codeact.tasks.families.expected import Names, Numbers, Text
from codeact.tasks.families.family import Case, Draw, Family
from codeact.tasks.families.warmup import quoted

HELLO = (
    *(
        "Hello, world!",
        "Hello world",
        "Hello World",
        "hello world",
        "Hello, World!",
        "Hello world!",
    ),
    *("Hello, {person}!", "Hi {person}", "Good morning, {city}!", "Hello {city}", "Hey {person}!"),
    *("My name is {person}", "Welcome to {city}", "I like Python", "Python is fun", "Hi there"),
    *("Hello {word}", "{word} {word}", "Greetings from {city}", "Hello from {person}"),
)
FIZZBUZZ_CODE = """\
for i in range(1, {n} + 1):
    if i % 15 == 0:
        print("FizzBuzz")
    elif i % 3 == 0:
        print("Fizz")
    elif i % 5 == 0:
        print("Buzz")
    else:
        print(i)"""
BETWEEN_CODE = """\
primes = []
for n in range({a}, {b} + 1):
    if all(n % d != 0 for d in range(2, int(n ** 0.5) + 1)):
        primes.append(n)
print(*primes)"""


def _hello(draw: Draw) -> Case:
    text = draw.pick(HELLO)
    for kind in ("person", "city", "word"):
        while "{" + kind + "}" in text:
            text = text.replace("{" + kind + "}", draw.name(kind), 1)
    return Case(
        slots={"text": quoted(text, draw)},
        code=(f'print("{text}")',),
        expected=Text(text),
        answers=("{out}", "{out}", "It says: {out}"),
        plain=False,
    )


def _fizzbuzz(draw: Draw) -> Case:
    n = draw.integer(3, draw.pick((15, 20, 30)))
    words = [
        ("Fizz" * (i % 3 == 0) + "Buzz" * (i % 5 == 0)) or str(i)  # as everybody plays it
        for i in range(1, n + 1)
    ]
    return Case(
        slots={"n": str(n)},
        code=(FIZZBUZZ_CODE.format(n=n),),
        expected=Names(words, (*map(str, range(101)), "Fizz", "Buzz", "FizzBuzz")),
        answers=("{out}",),
        plain=False,
    )


def _countdown(draw: Draw) -> Case:
    n, end = draw.integer(3, draw.pick((10, 30))), draw.pick((1, 1, 0))
    return Case(
        slots={"n": str(n), "end": str(end)},
        code=(f"print(*range({n}, {end - 1}, -1))",),
        expected=Numbers(list(range(n, end - 1, -1))),
        answers=("{out}", "Here it is: {out}"),
        plain=False,
    )


def _powers(draw: Draw) -> Case:
    n = draw.integer(3, 20)
    return Case(
        slots={"n": str(n)},
        code=(f"print(*[2 ** i for i in range({n})])",),
        expected=Numbers([2**i for i in range(n)]),
        answers=("{out}", "Here they are: {out}"),
        plain=False,
    )


def _primes(draw: Draw) -> Case:
    """The bounds are at least 2, so that code need not think of 1."""
    while True:
        a = draw.integer(2, draw.pick((20, 100, 400)))
        b = a + draw.integer(5, 60)
        found = [n for n in range(a, b + 1) if is_prime(n)]
        if found:
            break
    return Case(
        slots={"a": str(a), "b": str(b)},
        code=(BETWEEN_CODE.format(a=a, b=b),),
        expected=Numbers(found),
        answers=("The primes are {out}.", "{out}"),
        plain=False,
    )


def _multiples(draw: Draw) -> Case:
    k = draw.integer(2, draw.pick((12, 30)))
    n = k * draw.integer(2, 12) + draw.pick((0, draw.integer(0, k - 1)))
    return Case(
        slots={"k": str(k), "n": str(n)},
        code=(f"print(*range({k}, {n} + 1, {k}))",),
        expected=Numbers(list(range(k, n + 1, k))),
        answers=("{out}", "The multiples are {out}."),
        plain=False,
    )


FAMILIES = (
    Family(name="hello_world", group="newcomer", draw=_hello, weight=1.5),
    Family(name="fizzbuzz", group="newcomer", draw=_fizzbuzz, weight=1.2),
    Family(name="countdown", group="newcomer", draw=_countdown, weight=0.8),
    Family(name="powers_of_two", group="newcomer", draw=_powers, weight=0.7),
    Family(name="primes_between", group="newcomer", draw=_primes),
    Family(name="multiples_list", group="newcomer", draw=_multiples, weight=0.8),
)
