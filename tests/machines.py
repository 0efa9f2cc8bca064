"""How the suite plays state machines, and other properties whose examples are whole stories."""

from hypothesis import HealthCheck, Phase, settings


def as_found(*, lives: int, steps: int = 20) -> settings:
    """So many stories of so many steps, and what is found is told as it was found: to look for a shorter story takes
    minutes, after which a test counts as hanging and tells none. `make soak` looks for it."""
    return settings(
        max_examples=lives,
        stateful_step_count=steps,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
