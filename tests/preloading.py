"""What no process that is forked for a test needs to do again: done by the one that all of them are forked from.

Half of what such a process did was to compile templates, and the statements of what the test is about.
"""

import gc
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version as version_of
from tempfile import TemporaryDirectory

from sqlalchemy.orm import configure_mappers

from desk.policy import Policy
from desk.timekeeping.setting_right import is_due
from desk.transaction import Actor, Desk, JobName
from handlers.http.description.documents import make_description_documents
from handlers.http.public.document_cache import fill_cache, read_views
from handlers.http.public.html import templates
from storage.beginning import open_organization
from storage.models import Base, Revision
from storage.signals import Topic
from tests.clock import HeldClock
from tests.databases import ORGANIZATION, open_database
from tests.places import find_place
from tests.public_story import write_story


def _preload() -> None:
    configure_mappers()
    make_description_documents(version_of("keydesk"), Policy().base_url)
    for name in templates().list_templates(extensions=["html"]):
        templates().get_template(name)
    _know_statements()


def _know_statements() -> None:
    """Do what Keydesk begins with, in a database of no use to anybody: who opens another one knows its statements."""
    with (
        TemporaryDirectory(dir=find_place()) as folder,
        closing(open_database(f"sqlite:///{folder}/known.db")) as known,
    ):
        Base.metadata.create_all(known.engine)
        with known.everywhere.write() as session:
            session.add_all(Revision(topic=topic, value=0) for topic in (*Topic, "incidents"))
        open_organization(known, datetime.now(UTC), wanted=ORGANIZATION)
        desk = Desk(known, HeldClock(), Policy())
        write_story(desk)
        with known.everywhere.read() as session:
            fill_cache(read_views(session, desk.clock.now()), desk.policy.base_url, desk.clock.now())
        desk.read_now(Actor.job(JobName.SWEEP), partial(is_due, records=True))


_preload()
gc.collect()
# Else each process looks through all of this for garbage, and by that makes a copy of it.
gc.freeze()
