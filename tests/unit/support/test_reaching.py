"""Property tests that fail when their examples hardly come to what they are for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reaching import Branch


@pytest.mark.parametrize(("share", "passes"), [(9, True), (1, False)])
def test_a_property_whose_branch_is_hardly_reached_fails(share: int, passes: bool) -> None:
    """Half of the examples have to come to it; nine of ten are enough, one of ten is not."""
    branch = Branch(0.5)

    @branch
    @given(st.sampled_from(range(10)))
    def check(number: int) -> None:
        if number < share:
            branch.reached()

    if passes:
        check()
        return
    with pytest.raises(AssertionError, match="examples came to the branch"):
        check()


def test_a_property_that_fails_says_so_itself() -> None:
    """The failure of an example is what is reported."""
    branch = Branch(0.0)

    @branch
    @given(st.integers())
    def check(number: int) -> None:
        assert number != number

    with pytest.raises(AssertionError, match="assert"):
        check()
