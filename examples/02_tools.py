"""Give the model tools: Python functions, called in a loop, their exceptions met and handled."""

import codeact

PRICES = {"tea": 3.5, "coffee": 4.0, "cake": 4.2}


def price(item: str) -> float:
    """The price of an item in euros. Raises KeyError for one that is not sold."""
    return PRICES[item]


async def order(item: str, count: int = 1) -> str:
    """Order some of an item."""
    return f"{count} x {item} ordered"


BUY = """\
<execute>
for item in ["tea", "cocoa", "cake"]:
    try:
        cost = price(item)
    except KeyError:
        print(item, "is not sold")
    else:
        print(order(item, count=2), "for", 2 * cost)
</execute>"""

# Replayed, so that the example runs offline. A living model: model="gpt-4.1-mini", for example.
model = codeact.ScriptedModel([BUY, "Two teas and two cakes are ordered; there is no cocoa."])

result = codeact.run("Order two each of tea, cocoa and cake.", tools=[price, order], model=model)

print(result.trajectory.steps[0].observation.text, end="")
print(result.answer)
