"""The demo's story, played by a program through the real protocol: every step is done as a person would do it, and
counts only if it was seen to work."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Protocol

from bot.demo.api_chapter import ApiChapter
from bot.demo.incident_chapter import IncidentChapter
from bot.demo.key_chapter import KeyChapter
from bot.demo.looking import StepFailedError
from sandbox.player import NotOnScreenError, SandboxRefusedError


class Chapter(Protocol):
    """A part of the story. Its docstring is its title, and those of its steps say what is done."""

    @property
    def steps(self) -> Sequence[Callable[[], str]]:
        """What is done, in order; each gives what was seen."""
        ...


def list_chapters(sandbox_url: str, api_url: str) -> Sequence[Chapter]:
    """The story of the embedded page: an incident, two keys, and what keys are for."""
    where = (sandbox_url, api_url)
    return IncidentChapter(*where), KeyChapter(*where), ApiChapter(*where)


def play_tour(
    chapters: Sequence[Chapter], say: Callable[[str], None], before_each: Callable[[], None] = lambda: None
) -> None:
    """Play all steps, saying each, and calling `before_each`. Raises StepFailedError at the first that does not
    work."""
    numbers = count(1)
    for chapter in chapters:
        say(f"\n{chapter.__doc__}")
        for step, number in zip(chapter.steps, numbers, strict=False):
            before_each()
            try:
                told = step()
            except (NotOnScreenError, SandboxRefusedError) as error:
                raise StepFailedError(f"step {number} ({step.__doc__}): {error}") from error
            say(f"{number:>2}. {step.__doc__} {told}")
