"""What no process that is forked for a test needs to do again: done by the one that all of them are forked from."""

from importlib.metadata import version as version_of

from sqlalchemy.orm import configure_mappers

from desk.policy import Policy
from handlers.http.description.documents import make_description_documents

configure_mappers()
make_description_documents(version_of("keydesk"), Policy().base_url)
