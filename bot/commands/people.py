"""People and groups as one types them on the command line."""

from sqlalchemy.orm import Session

from desk.errors import InvalidInputError
from desk.people import get_subject, subject_word
from storage.models import SubjectKind


def get_user_id(session: Session, text: str) -> str:
    """The Slack id of the person that the text means. Raises InvalidInputError for nobody and for groups."""
    subject = get_subject(session, subject_word(text))
    if subject.kind != SubjectKind.USER:
        raise InvalidInputError(f"{subject.name} is a group.", "Name one person.")
    return subject.id
