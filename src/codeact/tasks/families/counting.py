"""What newcomers type first about whole numbers: primes, factorials, Fibonacci, divisors, sums."""

from __future__ import annotations

import math

from codeact.tasks.families.expected import Number, Numbers, YesNo
from codeact.tasks.families.family import Case, Draw, Family


def is_prime(number: int) -> bool:
    return number > 1 and all(number % d for d in range(2, math.isqrt(number) + 1))


def _primes(limit: int) -> list[int]:
    return [n for n in range(2, limit) if is_prime(n)]


PRIMES_CODE = """\
primes = []
for n in range(2, {n}):
    if all(n % d != 0 for d in range(2, int(n ** 0.5) + 1)):
        primes.append(n)
print({show})"""


def _prime_sum(draw: Draw) -> Case:
    n = draw.size(3000, 10)
    return Case(
        slots={"n": str(n)},
        code=(PRIMES_CODE.format(n=n, show="sum(primes)"),),
        expected=Number(sum(_primes(n))),
        answers=("The sum of the primes below {n} is {out}.", "The sum is {out}."),
    )


def _prime_count(draw: Draw) -> Case:
    n = draw.size(3000, 10)
    return Case(
        slots={"n": str(n)},
        code=(PRIMES_CODE.format(n=n, show="len(primes)"),),
        expected=Number(len(_primes(n))),
        answers=("There are {out} primes below {n}.", "There are {out}."),
    )


def _prime_list(draw: Draw) -> Case:
    n = draw.integer(10, 90)
    return Case(
        slots={"n": str(n)},
        code=(PRIMES_CODE.format(n=n, show="*primes"),),
        expected=Numbers(_primes(n)),
        answers=("The primes are {out}.", "{out}"),
    )


FIRST_PRIMES_CODE = """\
primes = []
n = 2
while len(primes) < {n}:
    if all(n % d != 0 for d in range(2, int(n ** 0.5) + 1)):
        primes.append(n)
    n += 1
print({show})"""


def _first_primes_sum(draw: Draw) -> Case:
    n = draw.integer(2, 600)
    return Case(
        slots={"n": str(n)},
        code=(FIRST_PRIMES_CODE.format(n=n, show="sum(primes)"),),
        expected=Number(sum(_primes(5_000)[:n])),
        answers=("The sum of the first {n} primes is {out}.", "The sum is {out}."),
    )


def _nth_prime(draw: Draw) -> Case:
    n = draw.integer(2, 600)
    return Case(
        slots={"n": str(n), "nth": ordinal(n)},
        code=(FIRST_PRIMES_CODE.format(n=n, show="primes[-1]"),),
        expected=Number(_primes(5_000)[n - 1]),
        answers=("The {nth} prime is {out}.", "It is {out}."),
    )


def _prime_test(draw: Draw) -> Case:
    n = draw.size(20_000, 5) | draw.pick((0, 1, 1, 1))
    prime = is_prime(n)
    verdict = "is" if prime else "is not"
    return Case(
        slots={"n": str(n)},
        code=(f"n = {n}\nprint(n > 1 and all(n % d != 0 for d in range(2, int(n ** 0.5) + 1)))",),
        expected=YesNo(prime),
        answers=(
            f"{'Yes' if prime else 'No'}, {{n}} {verdict} prime.",
            f"{'Yes' if prime else 'No'}.",
        ),
        plain=False,
    )


def _factorial(draw: Draw) -> Case:
    n = draw.integer(3, 25)
    return Case(
        slots={"n": str(n)},
        code=(f"import math\nprint(math.factorial({n}))",),
        expected=Number(math.factorial(n)),
        answers=("{n}! is {out}.", "The factorial of {n} is {out}."),
    )


def _fibonacci(draw: Draw) -> Case:
    n = draw.integer(4, 60)
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return Case(
        slots={"n": str(n), "nth": ordinal(n)},
        code=(f"a, b = 0, 1\nfor _ in range({n}):\n    a, b = b, a + b\nprint(a)",),
        expected=Number(a),
        answers=("The {nth} Fibonacci number is {out}.", "It is {out}."),
    )


def _fibonacci_list(draw: Draw) -> Case:
    n = draw.integer(4, 16)
    found = [0, 1]
    while len(found) < n:
        found.append(found[-1] + found[-2])
    code = f"fib = [0, 1]\nwhile len(fib) < {n}:\n    fib.append(fib[-1] + fib[-2])\nprint(*fib)"
    return Case(
        slots={"n": str(n)},
        code=(code,),
        expected=Numbers(found),
        answers=("{out}", "Here they are: {out}"),
    )


def _gcd(draw: Draw) -> Case:
    k = draw.integer(1, 40)
    a, b = k * draw.integer(2, 40), k * draw.integer(2, 40)
    return Case(
        slots={"a": str(a), "b": str(b)},
        code=(f"import math\nprint(math.gcd({a}, {b}))",),
        expected=Number(math.gcd(a, b)),
        answers=("The greatest common divisor is {out}.", "The gcd of {a} and {b} is {out}."),
    )


def _lcm(draw: Draw) -> Case:
    k = draw.integer(1, 20)
    a, b = k * draw.integer(2, 30), k * draw.integer(2, 30)
    return Case(
        slots={"a": str(a), "b": str(b)},
        code=(f"import math\nprint(math.lcm({a}, {b}))",),
        expected=Number(math.lcm(a, b)),
        answers=("The least common multiple is {out}.", "The lcm of {a} and {b} is {out}."),
    )


def _range_sum(draw: Draw) -> Case:
    a = draw.pick((1, 1, draw.size(300)))
    b = a + draw.size(2000, 5)
    kind, step = draw.pick((("", ""), ("even ", " if n % 2 == 0"), ("odd ", " if n % 2 == 1")))
    keep = {"": (0, 1), "even ": (0,), "odd ": (1,)}[kind]
    total = sum(n for n in range(a, b + 1) if n % 2 in keep)
    return Case(
        slots={"a": str(a), "b": str(b), "kind": kind},
        code=(f"print(sum(n for n in range({a}, {b} + 1){step}))",),
        expected=Number(total),
        answers=("The sum is {out}.", "They add up to {out}."),
    )


def _multiples(draw: Draw) -> Case:
    a, b = draw.sample(range(2, 14), 2)
    n = draw.size(2000, 20)
    total = sum(i for i in range(n) if i % a == 0 or i % b == 0)
    return Case(
        slots={"a": str(a), "b": str(b), "n": str(n)},
        code=(f"print(sum(i for i in range({n}) if i % {a} == 0 or i % {b} == 0))",),
        expected=Number(total),
        answers=("The sum is {out}.",),
    )


def _digit_sum(draw: Draw) -> Case:
    n = draw.integer(10, 10 ** draw.integer(3, 14))
    return Case(
        slots={"n": str(n)},
        code=(f'print(sum(int(d) for d in "{n}"))',),
        expected=Number(sum(map(int, str(n)))),
        answers=("The digits of {n} add up to {out}.", "The digit sum is {out}."),
    )


def _divisors(draw: Draw) -> Case:
    n = draw.integer(4, 240)
    found = [d for d in range(1, n + 1) if n % d == 0]
    return Case(
        slots={"n": str(n)},
        code=(f"n = {n}\nprint(*[d for d in range(1, n + 1) if n % d == 0])",),
        expected=Numbers(found),
        answers=("The divisors are {out}.", "{out}"),
    )


def _factors(draw: Draw) -> Case:
    n = draw.integer(12, 3000)
    rest, d, found = n, 2, []
    while rest > 1:
        while rest % d == 0:
            found.append(d)
            rest //= d
        d += 1
    code = (
        f"n = {n}\nfactors = []\nd = 2\nwhile n > 1:\n    while n % d == 0:\n"
        "        factors.append(d)\n        n //= d\n    d += 1\nprint(*factors)"
    )
    return Case(
        slots={"n": str(n)},
        code=(code,),
        expected=Numbers(found),
        answers=("The prime factors of {n} are {out}.", "The prime factors are {out}."),
    )


def ordinal(n: int) -> str:
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


FAMILIES = (
    Family(name="prime_sum", group="newcomer", draw=_prime_sum, weight=1.5),
    Family(name="prime_count", group="newcomer", draw=_prime_count),
    Family(name="prime_list", group="newcomer", draw=_prime_list),
    Family(name="first_primes_sum", group="newcomer", draw=_first_primes_sum),
    Family(name="nth_prime", group="newcomer", draw=_nth_prime, weight=0.7),
    Family(name="prime_test", group="newcomer", draw=_prime_test),
    Family(name="factorial", group="newcomer", draw=_factorial),
    Family(name="fibonacci", group="newcomer", draw=_fibonacci),
    Family(name="fibonacci_list", group="newcomer", draw=_fibonacci_list),
    Family(name="gcd", group="newcomer", draw=_gcd, weight=0.7),
    Family(name="lcm", group="newcomer", draw=_lcm, weight=0.6),
    Family(name="range_sum", group="newcomer", draw=_range_sum),
    Family(name="multiples", group="newcomer", draw=_multiples),
    Family(name="digit_sum", group="newcomer", draw=_digit_sum),
    Family(name="divisors", group="newcomer", draw=_divisors, weight=0.7),
    Family(name="prime_factors", group="newcomer", draw=_factors, weight=0.7),
)
