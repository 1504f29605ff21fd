"""Let a user of your own hear the answers: this one grades them and sends wrong ones back."""

import anyio

import codeact
from codeact.formats import by_name
from codeact.prompt import system_prompt


class Grader:
    """Content with the right number only."""

    async def hear(self, answer: str) -> codeact.Observation:
        if "4950" in answer:
            return codeact.Observation(text="", source="user", done=True)
        return codeact.Observation(text="That is wrong. Compute it.", source="user", ok=False)


async def main() -> None:
    # Replayed, so that the example runs offline. A living one: codeact.OpenAIModel("gpt-4.1-mini").
    model = codeact.ScriptedModel(
        ["About 5000.", "<execute>\nsum(range(100))\n</execute>", "It is 4950."]
    )
    agent = codeact.Agent(model=model, format=by_name("code"), max_steps=5)
    async with codeact.ProcessInterpreter() as interpreter:
        environment = codeact.Environment(interpreter=interpreter, user=Grader())
        prompt = [
            system_prompt(agent.format, environment.toolbox),
            codeact.Message(role="user", content="Add up the numbers from 0 to 99."),
        ]
        trajectory = await agent.run(prompt, environment)
    for step in trajectory.steps:
        print(f"{step.reply.content!r} -> {step.observation.text!r}")
    print(trajectory.stop_reason, "after", len(trajectory.steps), "steps")


anyio.run(main)
