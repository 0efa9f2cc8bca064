"""How the digest reads, from one cheerful line to the largest that policy allows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from desk.digest.findings import Announced, Beyond, DigestView, Finding, Line, key_line
from desk.policy import Policy
from handlers.slack.digest.messages import MODAL_LINES, digest_message, digest_modal
from handlers.slack.framework.blocks import Message
from sandbox.blockkit import check_message, check_view
from sandbox.player import elements_of, text_of, words_of
from storage.models import Act, ApiKey, KeyStatus, KeyUse, Scope
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import MIA, OLIVIA

DAY = timedelta(days=1)
POLICY = Policy()


def _key(number: int, **values: object) -> ApiKey:
    defaults: dict[str, object] = {
        "id": f"key{number:09}",
        "version": 1,
        "status": KeyStatus.ACTIVE,
        "name": f"key {number}",
        "start": "kd_Ab12",
        "scopes": ["read"],
        "holder_id": MIA,
        "created_at": NOW - 90 * DAY,
        "expires_at": NOW + 90 * DAY,
    }
    return ApiKey(**(defaults | values))


def _line(number: int, *findings: Finding, use: KeyUse | None = None, **values: object) -> Line:
    return key_line(_key(number, **values), use, findings or (Finding.NEVER_USED,))


def _largest_line(number: int) -> Line:
    use = KeyUse(
        key_id=f"key{number:09}",
        last_used_at=NOW - 300 * DAY,
        last_address="2001:0db8:85a3:0000:0000:8a2e:0370:7334",
        last_user_agent="<&>" * 85,
        reads=10**9,
        writes=10**9,
        failed=10**9,
        refused=10**9,
    )
    return _line(
        number,
        *Finding,
        use=use,
        name="&" * 255,
        scopes=[str(scope) for scope in Scope],
        holder_id=f"U{number:010}",
    )


def _payload(message: Message) -> dict[str, object]:
    return {"channel": "C0OWNERS01", "text": message.text, "blocks": message.blocks}


LARGEST = DigestView(
    composed_at=NOW,
    scheduled_for=NOW - DAY,
    period="2026-03-01",
    lines=tuple(_largest_line(number) for number in range(500)),
    kept=tuple(
        _key(number, name="&" * 255, kept_until=NOW + DAY, kept_by=f"member:{OLIVIA}", keep_reason="<" * 3000)
        for number in range(1000, 1100)
    ),
    live_keys=600,
    announced=tuple(
        Announced(key=_key(number, name="&" * 255), act=Act.SUSPEND, act_on=NOW + DAY, times=1)
        for number in range(450, 600)
    ),
)


def test_an_empty_digest_is_one_cheerful_line() -> None:
    """Without anything to say, the digest is a single section that says so, and counts the keys."""
    message = digest_message(DigestView(composed_at=NOW, live_keys=7), {}, POLICY)
    assert len(message.blocks) == 1
    assert "All 7 keys are in use" in words_of(message.blocks)


def test_the_largest_digest_is_valid() -> None:
    """500 keys with the longest names, agents and reasons still make a message that Slack accepts."""
    daily = {line.key.id: (10**6,) * 30 for line in LARGEST.lines if line.key}
    message = digest_message(LARGEST, daily, POLICY)
    assert check_message(_payload(message)) == []
    assert "Show all 500" in words_of(message.blocks)


@pytest.mark.parametrize("page", [0, 12, 24, 99])
def test_every_page_of_the_largest_digest_is_valid(page: int) -> None:
    """Each page of the modal is within Slack's limits, and a page that is not there shows the last one."""
    view = digest_modal(LARGEST, page, {}, POLICY)
    pages = -(-500 // MODAL_LINES)
    assert check_view(view) == []
    assert f"Page {min(page + 1, pages)} of {pages}" in words_of(view)


def test_what_there_was_too_much_of_to_list_is_counted() -> None:
    """The card and each page of the modal say how many more there are, and that not all of them are shown there."""
    lines = tuple(_line(number, Finding.UNUSED) for number in range(20))
    view = DigestView(composed_at=NOW, lines=lines, live_keys=90_000, beyond=Beyond(300, {"unused": 290}))
    words = words_of(digest_message(view, {}, POLICY).blocks)
    for said in ("*320* of *90000* working keys", "*310* keys unused", "Show the first 20", "…and 312 more."):
        assert said in words
    told = words_of(digest_modal(view, 1, {}, POLICY)["blocks"])
    assert "Page 2 of 2: the first 20. There are 300 more; `/keys list unused` shows what is unused." in told


def test_what_became_of_keys_does_not_push_anything_out() -> None:
    """When every key is suspended since, each with a holder of its own, all of a page is there all the same."""
    for line in (lines := [_largest_line(number) for number in range(50)]):
        assert line.key is not None
        line.key.status, line.key.suspended_by = KeyStatus.SUSPENDED, f"member:{OLIVIA}"
    view, daily = replace(LARGEST, lines=tuple(lines)), {f"key{number:09}": (10**9,) * 30 for number in range(50)}
    message, modal = digest_message(view, daily, POLICY), digest_modal(view, 1, daily, POLICY)
    assert check_message(_payload(message)) == []
    assert "Show all 50" in words_of(message.blocks)
    assert "Previous" in words_of(modal)
    assert "Next" in words_of(modal)


def test_a_line_tells_what_an_owner_needs() -> None:
    """Name, scopes in words, when and from where it was last used, its bars, and buttons that act."""
    use = KeyUse(
        key_id="key000000001",
        last_used_at=NOW - 200 * DAY,
        last_address="192.0.2.7",
        last_user_agent="curl/8",
        reads=5,
        writes=0,
        failed=4,
        refused=2,
    )
    line = _line(1, Finding.UNUSED, use=use, name="old <dashboard>")
    view = DigestView(composed_at=NOW, lines=(line,), live_keys=1)
    words = words_of(digest_message(view, {"key000000001": (0,) * 29 + (3,)}, POLICY).blocks)
    for part in (
        "old &lt;dashboard&gt;",
        "*Suspend it*, which can be undone: it has been unused for 200 days.",
        "192.0.2.7",
        "curl/8",
        "Reads 5, writes 0, errors 4, refused 2",
        "read everything on the page",
        "█",
        "Keep until…",
        "Suspend",
        "Rotate",
        "Revoke",
        "Ask its holder",
    ):
        assert part in words, part
    assert "Statuspage" not in words


def test_a_line_says_what_to_do_and_why() -> None:
    """Of a key that nobody answers for: to transfer it, with all reasons in one sentence and the button beside it; of
    one that expires, to extend it. Of what was dealt with there is nothing left to do."""

    def words(*findings: Finding, **values: object) -> str:
        line = key_line(_key(1, **values), None, findings)
        return words_of(digest_message(DigestView(composed_at=NOW, lines=(line,), live_keys=1), {}, POLICY).blocks)

    orphan = words(Finding.NOBODY, Finding.NEVER_USED, Finding.EXPIRING, expires_at=NOW + DAY)
    assert (
        "*Transfer it* to somebody: nobody answers for it, it was never used in its 90 days and it expires in 1 day."
    ) in orphan
    assert "Transfer to…" in orphan
    assert "Extend…" in orphan
    assert "Ask its holder" not in orphan
    held = words(Finding.EXPIRING, expires_at=NOW + 3 * DAY)
    assert "*Extend it*, or let it end: it expires in 3 days." in held
    young = words(Finding.NEVER_USED, Finding.EXPIRING, created_at=NOW - DAY / 2, expires_at=NOW + DAY / 2)
    assert "it was never used in its first day and it expires within a day." in young
    assert "Transfer to…" not in held
    done = words(Finding.WIDER, status=KeyStatus.REVOKED, revoked_by=f"member:{OLIVIA}")
    assert "It was listed because it may write and has only read in its 90 days." in done


def test_what_a_line_says_to_do_is_its_first_button() -> None:
    """It comes in the colour of what matters most, and what cannot be undone comes last."""

    def buttons(*findings: Finding, **values: object) -> list[tuple[str, str | None]]:
        line = key_line(_key(1, **values), None, findings)
        message = digest_message(DigestView(composed_at=NOW, lines=(line,), live_keys=1), {}, POLICY)
        return [(text_of(each), each.get("style")) for _, each in elements_of(message.blocks)]

    for label, found in {
        "Transfer to…": buttons(Finding.NOBODY, Finding.EXPIRING, expires_at=NOW + DAY),
        "Extend…": buttons(Finding.EXPIRING, expires_at=NOW + 3 * DAY),
        "Suspend": buttons(Finding.NEVER_USED),
        "Ask its holder": buttons(Finding.NEVER_USED, created_at=NOW - DAY / 2),
    }.items():
        assert found[0] == (label, "primary")
        assert found[-1] == ("Revoke", "danger")
        assert {style for _, style in found[1:-1]} == {None}


def test_a_late_digest_says_so() -> None:
    """A digest that went out a day after its time says when it was due."""
    view = DigestView(composed_at=NOW, scheduled_for=NOW - DAY, lines=(_line(1),), live_keys=1)
    assert "Late: it was due" in words_of(digest_message(view, {}, POLICY).blocks)
    on_time = replace(view, scheduled_for=NOW)
    assert "Late" not in words_of(digest_message(on_time, {}, POLICY).blocks)


def test_what_was_done_replaces_the_buttons() -> None:
    """A key that was revoked since shows by whom, and offers nothing more."""
    line = _line(1, status=KeyStatus.REVOKED, revoked_by=f"member:{OLIVIA}")
    words = words_of(digest_message(DigestView(composed_at=NOW, lines=(line,), live_keys=0), {}, POLICY).blocks)
    assert f"Revoked by <@{OLIVIA}>" in words
    assert "Keep until…" not in words
