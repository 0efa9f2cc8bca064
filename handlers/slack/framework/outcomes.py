"""A change of which nobody knows whether it was kept: it is looked up later, and whoever made it is told.

The question is kept in a file meanwhile, so that a start goes on asking, or whoever else has that folder.
"""

import asyncio
from collections.abc import Callable
from functools import partial

import structlog

from desk.errors import KeydeskError, UnknownOutcomeError
from desk.masking import mask
from desk.messages.outcomes import tell_outcome
from desk.transaction import Actor, Desk, JobName
from handlers.slack.framework.afterwards import Afterwards
from handlers.slack.framework.payloads import SlackContext
from handlers.slack.framework.refusals import as_refusal
from storage.attempts import UncertainError, find_outcome_of
from storage.open_questions import OpenQuestion, OpenQuestions

_log = structlog.get_logger(__name__)

_ACTOR = Actor.job(JobName.DELIVERY)
_WAITS = (0.2, 1.0, 5.0, *(15.0,) * 120)
"""Seconds before each further look."""
_EACH_SECONDS = 60.0


def refuse(slack: SlackContext, error: Exception, user_id: str, what: str) -> KeydeskError:
    """What to tell of an error now. When nobody knows whether `what` was done, they are told by a message later."""
    if not isinstance(error, UnknownOutcomeError):
        return as_refusal(error)
    _log.warning("outcome_unknown", user_id=user_id)
    question = _keep(slack, error.number, user_id, mask(what))
    following = _follow(slack.desk, error.find_out, user_id, what, question)
    slack.afterwards.begin(following, is_kept=question is not None)
    return KeydeskError(
        error.sentence, "I am looking, and write to you as soon as I know: please wait for that before you try again."
    )


def take_over_questions(desk: Desk, afterwards: Afterwards, questions: OpenQuestions) -> None:
    """Go on asking what a process that is no more wanted to know."""
    try:
        for question in questions.take_over():
            _log.warning("outcome_unknown", user_id=question.user_id)
            find_out = partial(find_outcome_of, desk.database.engine, question.number)
            following = _follow(desk, find_out, question.user_id, question.what, question)
            afterwards.begin(following, is_kept=True)
    except OSError as error:
        _log.error("outcome_not_kept", error=str(error))


async def follow_questions(
    desk: Desk, afterwards: Afterwards, questions: OpenQuestions, *, every: float = _EACH_SECONDS
) -> None:
    """Take over, again and again, what others leave that share the folder, and what was given up here."""
    while True:
        take_over_questions(desk, afterwards, questions)
        await asyncio.sleep(every)


def _keep(slack: SlackContext, number: int | None, user_id: str, what: str) -> OpenQuestion | None:
    if slack.questions is None or number is None:
        return None
    try:
        return slack.questions.keep(number, user_id, what)
    except OSError as error:
        _log.error("outcome_not_kept", error=str(error))
        return None


async def _follow(
    desk: Desk, find_out: Callable[[], bool], user_id: str, what: str, question: OpenQuestion | None
) -> None:
    try:
        done = await _find_out(find_out, user_id)
        if done is None:
            return
        await desk.write(_ACTOR, partial(tell_outcome, user_id=user_id, what=what, done=done))
        if question is not None:
            question.forget()
    finally:
        if question is not None:
            question.release()


async def _find_out(find_out: Callable[[], bool], user_id: str) -> bool | None:
    for wait in _WAITS:
        try:
            done = await asyncio.to_thread(find_out)
        except UncertainError:
            await asyncio.sleep(wait)
            continue
        _log.warning("outcome_found", user_id=user_id, done=done)
        return done
    # What was kept of it is taken over at the next look.
    _log.error("outcome_never_found", user_id=user_id)
    return None
