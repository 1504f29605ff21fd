"""Pictures, sound and letters: captions, transcripts, music and e-mail."""

from __future__ import annotations

from dataclasses import dataclass

from codeact.evals.apibank.apis.calendar import said
from codeact.evals.apibank.databases import ApiWorld
from codeact.evals.apibank.refusal import ApiRefusal
from codeact.evals.apibank.spelling import folded

NO_PICTURE = "There is no picture at {url!r}."
NO_SOUND = "There is no recording at {url!r}."


@dataclass(frozen=True, slots=True)
class Media:
    world: ApiWorld

    def caption(self, url: str) -> str:
        """Say what the picture at an address shows."""
        for each in self.world.library["ImageCaptioning"]:
            if each["url"] == url.strip():
                return str(each["caption"])
        raise ApiRefusal(NO_PICTURE.format(url=url))

    def transcript(self, url: str) -> str:
        """Write down what is said in the recording at an address."""
        known = self.world.library["SpeechRecognition"]
        if url.strip() not in known:
            raise ApiRefusal(NO_SOUND.format(url=url))
        return str(known[url.strip()])

    def play(self, music_name: str) -> str:
        """Play a piece of music by its name; gives its address."""
        return f"music://{folded(said('music_name', music_name))}"

    def send(self, receiver: str, subject: str, content: str) -> str:
        """Send an e-mail to an address."""
        letter = {"receiver": said("receiver", receiver), "subject": subject, "content": content}
        self.world.tables["Outbox"].append(letter)
        return "success"
