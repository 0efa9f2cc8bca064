"""What is written down afterwards and beforehand: the past, postmortems, templates, and the page's file."""

from datetime import timedelta
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from desk.incidents.drafts.drafts import write_draft
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.inputs import NewIncident
from desk.incidents.postmortems import check_postmortem, delete_postmortem, revert_postmortem
from desk.incidents.templates import create_template_from, delete_template, get_template
from desk.seeds import PageSeed, Seed, plant_seed
from desk.transaction import Actor, Transaction
from storage.models import DraftKind, Incident, IncidentDraft, IncidentStatus, IncidentTemplate, Page, Role
from tests.model.house import House, publishers_mostly

_TAKEN_BACK = {"revert": revert_postmortem, "delete": delete_postmortem}


class RulesOfThePast(RuleBasedStateMachine):
    """What nobody is in a hurry with, beside what they are."""

    house: House

    @rule(who=publishers_mostly, days=st.sampled_from([1, 30]), at_once=st.booleans())
    def backfill(self, who: str, days: int, at_once: bool) -> None:
        """Somebody writes down what happened long ago; any update may open it again."""
        began = self.house.clock.now() - timedelta(days=days)
        new = NewIncident(
            name=self.house.word("draft"), body="It was.", status=IncidentStatus.RESOLVED, backfilled_at=began
        )
        work = partial(write_draft, page_id=self.house.page, kind=DraftKind.BACKFILL, content=new)
        self._wrote_down(who, self.house.act(who, work), at_once)

    @rule(data=st.data(), who=publishers_mostly, at_once=st.booleans())
    def explain(self, data: st.DataObject, who: str, at_once: bool) -> None:
        """Somebody writes a postmortem."""
        incident = self.house.any(data, Incident)
        if incident is None:
            return

        def write(tx: Transaction) -> IncidentDraft:
            check_postmortem(tx, incident.id)
            return write_draft(
                tx,
                page_id=incident.page_id,
                kind=DraftKind.POSTMORTEM,
                content=self.house.word("draft"),
                incident_id=incident.id,
            )

        self._wrote_down(who, self.house.act(who, write), at_once)

    @rule(data=st.data(), who=publishers_mostly, deed=st.sampled_from(list(_TAKEN_BACK)))
    def take_back_explanation(self, data: st.DataObject, who: str, deed: str) -> None:
        """Somebody takes a postmortem back, or deletes it."""
        incident = self.house.any(data, Incident, Incident.postmortem_body_draft.is_not(None))
        if incident is not None:
            self.house.act(who, partial(_TAKEN_BACK[deed], incident_id=incident.id))

    def _wrote_down(self, who: str, draft: IncidentDraft | None, at_once: bool) -> None:
        if draft is not None and at_once:
            self.house.act(who, partial(publish_draft, draft_id=draft.id))

    @rule(data=st.data(), who=publishers_mostly, is_new=st.booleans())
    def keep_words(self, data: st.DataObject, who: str, is_new: bool) -> None:
        """Somebody keeps an incident's words for the next time, uses them, or forgets them."""
        page = self.house.page
        if is_new:
            incident = self.house.any(data, Incident)
            if incident is not None:
                name = f"template {next(self.house.counter)}"
                self.house.act(who, partial(create_template_from, incident_id=incident.id, name=name))
            return
        template = self.house.any(data, IncidentTemplate)
        if template is None:
            return
        if data.draw(st.booleans()):
            self.house.act(who, partial(delete_template, page_id=page, word=template.name))
            return

        def use(tx: Transaction) -> IncidentDraft:
            kept = get_template(tx.session, page, template.id)
            new = NewIncident(name=self.house.word("draft"), body=kept.body or "We look.")
            return write_draft(tx, page_id=page, kind=DraftKind.INCIDENT, content=new)

        self.house.act(who, use)

    @rule(skipped_by=st.none() | st.sampled_from([Role.OWNER, Role.INCIDENT_MANAGER]))
    def plant(self, skipped_by: Role | None) -> None:
        """The page's file is planted again; what it names and leaves empty is as if it had never been set."""
        rule_ = "second_person_skipped_by"
        page = PageSeed(
            name="Acme",
            id=self.house.page,
            second_person_skipped_by=skipped_by,
            takes_back=frozenset() if skipped_by else frozenset({rule_}),
        )
        seed = Seed(organization="Acme", organization_id=None, pages=(page,))
        assert self.house.act(Actor.operator("ann"), partial(plant_seed, seed=seed)) is not None
        [row] = self.house.rows(Page, Page.id == self.house.page)
        assert row.second_person_skipped_by == skipped_by
