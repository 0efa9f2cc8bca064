"""What tells whoever keeps the past of a page that it changed."""

from desk.status_page.marks import ArchiveMark, count_newer, list_incident_ids, read_archive_mark, read_versions
from desk.transaction import Desk
from tests.databases import both_databases
from tests.factories import add_page
from tests.unit.desk.incidents.incident_stage import set_incident_stage


@both_databases
def test_a_page_says_what_is_new_and_what_changed(desk: Desk) -> None:
    """From its first incident on; another page has marks of its own."""
    stage = set_incident_stage(desk)
    with desk.database.write() as session:
        other = add_page(session, desk.clock.now(), name="Other", subdomain="other").id
    with desk.database.read() as session:
        nothing = read_archive_mark(session, stage.page)
    assert nothing == ArchiveMark(0, 0, 0, None)
    first = stage.open()
    with desk.database.read() as session:
        assert count_newer(session, stage.page, nothing) == 1
        one = read_archive_mark(session, stage.page)
        assert (one.count, one.updated_at) == (1, desk.clock.now())
        assert count_newer(session, stage.page, one) == 0
        version = read_versions(session, stage.page)[first]
    stage.change(first, name="Slower")
    stage.open()
    with desk.database.read() as session:
        assert read_versions(session, stage.page)[first] > version
        assert read_archive_mark(session, stage.page).versions > one.versions
        assert count_newer(session, stage.page, one) == 1
        assert read_archive_mark(session, other) == nothing
        assert (read_versions(session, other), list_incident_ids(session, [other])) == ({}, frozenset())
