"""People and groups as one types them on the command line."""

import re

from sqlalchemy.orm import Session

from desk.errors import InvalidInputError
from desk.people import SubjectWord, get_subject
from storage.models import SubjectKind

_USER_ID = re.compile(r"[UW][A-Z0-9]{2,}")
_GROUP_ID = re.compile(r"S[A-Z0-9]{2,}")


def subject_word(text: str) -> SubjectWord:
    """Whom the text means: a Slack id, or the name or handle of somebody, with or without `@`."""
    if _USER_ID.fullmatch(text):
        return SubjectWord("user", text)
    if _GROUP_ID.fullmatch(text):
        return SubjectWord("group", text)
    return SubjectWord("name", text.removeprefix("@"))


def get_user_id(session: Session, text: str) -> str:
    """The Slack id of the person that the text means. Raises InvalidInputError for nobody and for groups."""
    subject = get_subject(session, subject_word(text))
    if subject.kind != SubjectKind.USER:
        raise InvalidInputError(f"{subject.name} is a group.", "Name one person.")
    return subject.id
