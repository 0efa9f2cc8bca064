"""How the suite plays state machines, and other properties whose examples are whole stories."""

from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

_DEALT = "dealt"
AVAILABLE_PROVIDERS[_DEALT] = f"{HypothesisProvider.__module__}.{HypothesisProvider.__qualname__}"
"""Hypothesis's own choices without its search, which begins with the simplest stories: of ten, half are no story."""


def as_found(*, lives: int, steps: int = 20) -> settings:
    """So many stories of so many steps, and what is found is told as it was found: to look for a shorter story takes
    minutes, after which a test counts as hanging and tells none. `make soak` looks for it."""
    return settings(
        max_examples=lives,
        stateful_step_count=steps,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def as_dealt(*, lives: int, steps: int) -> settings:
    """The same, and each of the stories has all of its steps, at random."""
    return settings(as_found(lives=lives, steps=steps), backend=_DEALT)
