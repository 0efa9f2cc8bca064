"""What the settings say of a Statuspage elsewhere."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.settings.table import GivenSettings
from bot.upstream import list_setting_keys, make_upstream_client
from desk.errors import KeydeskError
from desk.upstreams.keys import CALLS_A_MINUTE
from tests.certificates import certify


def test_each_key_has_its_own_end_and_budget() -> None:
    """Where they are said; without, Statuspage's."""
    text = "first-key@2027-01-31/120, second-key@/30, third-key@2027-01-31, fourth-key"
    last = datetime(2027, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)
    found = list_setting_keys(GivenSettings(statuspage_keys=SecretStr(text)))
    assert [(key.secret.reveal(), key.calls_a_minute, key.expires_at) for key in found] == [
        ("first-key", 120, last),
        ("second-key", 30, None),
        ("third-key", CALLS_A_MINUTE, last),
        ("fourth-key", CALLS_A_MINUTE, None),
    ]


@pytest.mark.parametrize("text", ["first-key@2027-02-31", "first-key@2027-01-31/0", "first-key@/x", "short"])
def test_what_is_no_key_stops_the_start(text: str) -> None:
    """Without a word of it in the error."""
    with pytest.raises(ValueError, match="statuspage_keys") as refused:
        GivenSettings(statuspage_keys=SecretStr(text))
    assert "first" not in str(refused.value)


async def test_a_file_of_authorities_is_read(tmp_path: Path) -> None:
    """One that is not there, or holds none, is said."""
    path = tmp_path / "authorities.pem"
    settings = GivenSettings(upstream_ca_file=path)
    with pytest.raises(KeydeskError, match="cannot be read"):
        make_upstream_client(settings)
    path.write_text("hello")
    with pytest.raises(KeydeskError, match="there is no certificate"):
        make_upstream_client(settings)
    path.write_bytes(certify().pem)
    await make_upstream_client(settings).close()
