"""A server that does not answer is left alone for a while, and tried again."""

from handlers.upstream.fuse import FAILURES, FIRST_SECONDS, LONGEST_SECONDS, Fuse


class Seconds:
    """A clock that stands still until the test moves it."""

    now = 50.0

    def __call__(self) -> float:
        return self.now


def blown() -> tuple[Fuse, Seconds]:
    """A fuse just after the last failure that it takes."""
    seconds = Seconds()
    fuse = Fuse(seconds)
    for _ in range(FAILURES):
        assert fuse.begin() == 0.0
        fuse.failed()
    return fuse, seconds


def test_some_failures_are_no_reason() -> None:
    """Only so many in a row are; an answer in between begins anew."""
    fuse = Fuse(Seconds())
    for _ in range(3):
        for _ in range(FAILURES - 1):
            fuse.failed()
        assert fuse.begin() == 0.0
        fuse.answered()


def test_after_a_while_one_call_tries_again() -> None:
    """While it is under way the others wait; when it is answered all go on."""
    fuse, seconds = blown()
    assert fuse.seconds_to_wait() == FIRST_SECONDS
    seconds.now += FIRST_SECONDS
    assert fuse.seconds_to_wait() == fuse.seconds_to_wait() == 0.0
    assert fuse.begin() == 0.0
    assert fuse.begin() > 0.0
    assert fuse.seconds_to_wait() > 0.0
    fuse.answered()
    assert fuse.begin() == fuse.begin() == 0.0


def test_the_longer_it_is_silent_the_rarer_it_is_asked() -> None:
    """Each trial in vain doubles the wait, up to a limit."""
    fuse, seconds = blown()
    waits = []
    for _ in range(8):
        waits.append(fuse.seconds_to_wait())
        seconds.now += waits[-1]
        assert fuse.begin() == 0.0
        fuse.failed()
    assert waits == [5, 10, 20, 40, 60, 60, 60, 60]
    assert max(waits) == LONGEST_SECONDS


def test_a_trial_that_is_given_up_leaves_the_next_call_to_try() -> None:
    """Nobody waits for an answer that nobody waits for any more."""
    fuse, seconds = blown()
    seconds.now += FIRST_SECONDS
    assert fuse.begin() == 0.0
    fuse.given_up()
    assert fuse.begin() == 0.0
    assert fuse.begin() > 0.0
