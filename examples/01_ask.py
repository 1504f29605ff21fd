"""Ask a question: the model writes Python, sees what came of it and answers."""

import codeact

# This model replays what stands here, so that the example runs without a key or a network.
# For a living one say model="gpt-4.1-mini", or leave `model` out and `codeact doctor` names it.
model = codeact.ScriptedModel(
    [
        "Let me compute it.\n<execute>\nsum(n for n in range(1, 101) if n % 3 == 0)\n</execute>",
        "The multiples of 3 up to 100 add up to 1683.",
    ]
)

result = codeact.run("What is the sum of the multiples of 3 up to 100?", model=model)

for step in result.trajectory.steps[:-1]:
    print(step.reply.content)
    print("->", step.observation.text, end="")
print(result.answer)
