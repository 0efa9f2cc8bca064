"""What clients hand in with a key, and what people make of it before it is public."""

from datetime import timedelta
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from desk.incidents.drafts.content import content_of
from desk.incidents.drafts.drafts import revise_draft, take_back
from desk.incidents.drafts.forgotten import keep_draft
from desk.incidents.drafts.posting import post_change, post_incident, post_postmortem
from desk.incidents.incidents import delete_incident
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.incidents.reminders import snooze_reminder
from desk.transaction import Actor
from storage.models import (
    ApiKey,
    ApiPosts,
    DraftStatus,
    Incident,
    IncidentDraft,
    IncidentStatus,
    KeyStatus,
    Page,
    Scope,
)
from tests.model.house import House, publishers_mostly
from tests.model.leaving import Work

_REALTIME = (IncidentStatus.IDENTIFIED, IncidentStatus.RESOLVED)


class RulesOfPrograms(RuleBasedStateMachine):
    """Programs speak; people read it first, change it, put it off."""

    house: House

    @rule(api_posts=st.sampled_from(ApiPosts))
    def let_programs_speak(self, api_posts: ApiPosts) -> None:
        """The page publishes what keys say, or lets a person read it first."""
        with self.house.desk.database.write() as session:
            session.get_one(Page, self.house.page).api_posts = api_posts

    @rule(data=st.data(), deed=st.sampled_from(["new", "new", "change", "explain", "delete"]))
    def hand_in(self, data: st.DataObject, deed: str) -> None:
        """A client says something of an incident, as its key lets it."""
        key = self.house.any(
            data, ApiKey, ApiKey.status == KeyStatus.ACTIVE, ApiKey.expires_at > self.house.clock.now()
        )
        if key is None or Scope.INCIDENTS_WRITE not in key.scopes:
            return
        client = Actor.key(key.id)
        if deed == "new":
            new = NewIncident(name=self.house.word("draft"), body="We look.")
            self.house.act(client, partial(post_incident, page_id=self.house.page, new=new))
            return
        incident = self.house.any(data, Incident)
        if incident is None:
            return
        change = IncidentChange(status=data.draw(st.sampled_from(_REALTIME)), body=self.house.word("draft"))
        works: dict[str, Work] = {
            "change": partial(post_change, incident_id=incident.id, change=change),
            "explain": partial(post_postmortem, incident_id=incident.id),
            "delete": partial(delete_incident, incident_id=incident.id),
        }
        self.house.act(client, works[deed])

    @rule(data=st.data(), who=publishers_mostly, deed=st.sampled_from(["revise", "revise", "take back", "keep"]))
    def rewrite(self, data: st.DataObject, who: str, deed: str) -> None:
        """Somebody changes a draft, opens it again while it waits, or keeps it for later."""
        open_ones = [DraftStatus.OPEN, DraftStatus.WAITING, DraftStatus.SENT_BACK]
        draft = self.house.any(data, IncidentDraft, IncidentDraft.status.in_(open_ones))
        if draft is None:
            return
        who = data.draw(st.just(who) | st.just(draft.author_id)) if ":" not in draft.author_id else who
        works: dict[str, Work] = {
            "revise": partial(revise_draft, draft_id=draft.id, content=content_of(draft)),
            "take back": partial(take_back, draft_id=draft.id),
            "keep": partial(keep_draft, draft_id=draft.id),
        }
        self.house.act(who, works[deed])

    @rule(data=st.data(), who=publishers_mostly, minutes=st.sampled_from([30, 600]))
    def put_off(self, data: st.DataObject, who: str, minutes: int) -> None:
        """Somebody is reminded later."""
        incident = self.house.any(data, Incident)
        if incident is not None:
            work = partial(snooze_reminder, incident_id=incident.id, span=timedelta(minutes=minutes))
            self.house.act(who, work)
