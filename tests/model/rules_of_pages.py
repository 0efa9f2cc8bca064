"""What becomes of a page and its components: taken off the page, brought back, reminded of by other rules."""

from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from desk.configuration.components import restore_component, retire_component
from desk.configuration.pages import edit_page
from storage.models import Component
from tests.model.house import House, owners_mostly


class RulesOfPages(RuleBasedStateMachine):
    """Whoever configures the page, while things are open on it."""

    house: House

    @rule(data=st.data(), who=owners_mostly)
    def retire(self, data: st.DataObject, who: str) -> None:
        """A component is taken off the page, if nothing is open on it."""
        component = self.house.any(data, Component, Component.retired_at.is_(None))
        if component is not None:
            self.house.act(who, partial(retire_component, component_id=component.id))

    @rule(data=st.data(), who=owners_mostly)
    def bring_back(self, data: st.DataObject, who: str) -> None:
        """One that was taken off comes back."""
        component = self.house.any(data, Component, Component.retired_at.is_not(None))
        if component is not None:
            self.house.act(who, partial(restore_component, component_id=component.id))

    @rule(who=owners_mostly, hours=st.sampled_from([None, "[]", "[1,5]", "3"]))
    def remind_otherwise(self, who: str, hours: str | None) -> None:
        """The page's incidents are reminded of after other times."""
        settings = {"reminder_intervals": hours}
        self.house.act(who, partial(edit_page, page_id=self.house.page, settings=settings))
