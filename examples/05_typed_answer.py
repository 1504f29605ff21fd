"""Get the answer as a Python value: it is checked, and the model hears when it does not fit."""

from pydantic import BaseModel

import codeact


class Word(BaseModel):
    text: str
    letters: int


# Replayed, so that the example runs offline. A living model: model="gpt-4.1-mini", for example.
model = codeact.ScriptedModel(
    [
        "<execute>\n[(word, len(word)) for word in 'to be or not'.split()]\n</execute>",
        'The longest word is "not".',
        '[{"text": "not", "letters": 3}, {"text": "to", "letters": 2}]',
    ]
)

task = "Which are the longest two words of 'to be or not'?"
result = codeact.run(task, model=model, output_type=list[Word])

print(result.trajectory.steps[1].observation.text.splitlines()[0])
for word in result.output:
    print(word.text, "has", word.letters, "letters")
