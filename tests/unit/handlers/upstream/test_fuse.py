"""A server that does not answer is left alone for a while, and tried again."""

from handlers.upstream.fuse import FAILURES, FIRST_SECONDS, LONGEST_SECONDS, Fuse, Fuses


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


def test_who_fails_alone_is_left_alone() -> None:
    """A call that is made so that it fails stops its caller, and nobody else."""
    fuses = Fuses(Seconds())
    for _ in range(FAILURES * 3):
        if not fuses.begin("greedy"):
            fuses.failed("greedy")
    assert fuses.seconds_to_wait("greedy") == FIRST_SECONDS
    assert fuses.begin("other") == 0.0
    fuses.answered("other")
    assert fuses.seconds_to_wait("greedy") == FIRST_SECONDS


def test_what_fails_for_several_or_did_not_get_there_stops_all() -> None:
    """Nothing that one of them says is the reason."""
    together, unreached = Fuses(Seconds()), Fuses(Seconds())
    for number in range(FAILURES + 1):
        together.failed(f"caller {number}")
    for _ in range(FAILURES):
        unreached.failed("only", is_for_all=True)
    assert together.seconds_to_wait("another") == unreached.seconds_to_wait("another") == FIRST_SECONDS


def test_after_a_wait_one_call_is_made_whoever_s_it_is() -> None:
    """Its answer lets the others go on; a failure of one who fails alone does not keep them back."""
    seconds = Seconds()
    fuses = Fuses(seconds)
    for number in range(FAILURES + 1):
        fuses.failed(f"caller {number}")
    seconds.now += FIRST_SECONDS
    assert fuses.begin("first") == 0.0
    assert fuses.seconds_to_wait("second") > 0.0
    fuses.given_up("first")
    assert fuses.begin("second") == 0.0
    fuses.answered("second")
    assert fuses.seconds_to_wait("first") == fuses.seconds_to_wait("third") == 0.0
