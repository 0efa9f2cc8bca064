"""What a page's rule makes of calls through the gateway."""

from desk.incidents.held import PostRule
from handlers.http.gateway.held import find_hold
from handlers.http.gateway.needs import is_decided_by_body
from handlers.http.v1.operations import OPERATIONS
from storage.models import ApiPosts, SecondPerson


def test_a_body_that_a_rule_is_about_is_always_read() -> None:
    """What the page's rule is asked of by the body, is decided by it: one too long to be read is refused before."""
    said = {"incident_update": {"body": "Other words."}, "incident": {"body": "More soon."}}
    rule = PostRule(SecondPerson.ALWAYS, ApiPosts.PUBLISH)
    writing = [one for one in OPERATIONS if one.method != "GET"]
    asked = [one for one in writing if find_hold(rule, one, said) != find_hold(rule, one, {})]
    assert {one.method for one in asked} == {"PUT", "PATCH"}
    assert [one.path for one in asked if not is_decided_by_body(one)] == []
