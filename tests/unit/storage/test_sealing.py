"""What the database keeps sealed."""

import pytest

from storage.sealing import Seal, SealError


def test_a_seal_opens_what_its_keys_closed() -> None:
    """A seal opens what any of its keys closed, and nothing else."""
    first, second = Seal.make_key(), Seal.make_key()
    closed = Seal([first]).close("text")
    assert Seal([second, first]).open(closed) == "text"
    assert closed != Seal([first]).close("text")
    for seal, kept in ((Seal([second]), closed), (Seal([first]), closed[:-2]), (Seal([first]), "")):
        with pytest.raises(SealError):
            seal.open(kept)
    assert Seal([second]).open(Seal([second, first]).renew(closed)) == "text"
