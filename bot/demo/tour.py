"""The demo's story, played by a program through the real protocol: every step is done as a person would do it, and
counts only if it was seen to work."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from bot.demo.api_chapter import ApiChapter
from bot.demo.incident_chapter import IncidentChapter
from bot.demo.key_chapter import KeyChapter
from bot.demo.looking import StepFailedError
from sandbox.player import NotOnScreenError, SandboxRefusedError


@dataclass(frozen=True, slots=True)
class Tour:
    """All chapters: an incident, two keys, and what keys are for."""

    sandbox_url: str
    api_url: str
    say: Callable[[str], None]

    def play(self) -> None:
        """Play all steps, saying each. Raises StepFailedError at the first that does not work."""
        numbers = count(1)
        where = (self.sandbox_url, self.api_url)
        for chapter in (IncidentChapter(*where), KeyChapter(*where), ApiChapter(*where)):
            self.say(f"\n{chapter.__doc__}")
            for step, number in zip(chapter.steps, numbers, strict=False):
                try:
                    told = step()
                except (NotOnScreenError, SandboxRefusedError) as error:
                    raise StepFailedError(f"step {number} ({step.__doc__}): {error}") from error
                self.say(f"{number:>2}. {step.__doc__} {told}")
