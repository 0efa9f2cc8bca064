"""From YAML to a seed, or to a list of everything that is wrong with it."""

from collections.abc import Iterable, Sequence

import yaml

from desk.errors import InvalidInputError
from desk.pages.fields import CONFIGURATION_FIELDS, OWN_FIELDS
from desk.pages.intervals import reminder_hours
from desk.pages.rules import SKIPPING_ROLES, domain_of, find_zone, is_channel_id
from desk.seeds.nodes import Fields, Mistakes
from desk.seeds.shape import ComponentSeed, PageSeed, Seed
from desk.texts import can_be_kept, find_control
from storage.models import ApiPosts, ComponentStatus, SecondPerson

_SECOND_PERSONS = {rule.value: rule for rule in SecondPerson}
_API_POSTS = {choice.value: choice for choice in ApiPosts}
_ROLES = {role.value: role for role in SKIPPING_ROLES}
_STATUSES = {status.value: status for status in ComponentStatus}


class InvalidSeedError(InvalidInputError):
    """A seed file that cannot be used. `problems` has one sentence per mistake, with its line."""

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        count = "one mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        super().__init__(f"{source} has {count}; nothing was changed.", "\n".join(problems))
        self.problems = problems


def read_seed(text: str, source: str) -> Seed:
    """The seed that a YAML text describes. `source` names it in errors. Raises InvalidSeedError."""
    mistakes = Mistakes()
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"Line {mark.line + 1}" if mark is not None else "Somewhere"
        problem = getattr(error, "problem", None) or str(error)
        raise InvalidSeedError(source, [f"{where}: this is not YAML ({problem})."]) from None
    if root is None:
        raise InvalidSeedError(source, ["Line 1: the file is empty; it needs `organization` and `pages`."])
    _refuse_unreadable(root, mistakes)
    seed = _read_organization(root, mistakes)
    if problems := mistakes.sentences():
        raise InvalidSeedError(source, problems)
    return seed


def _refuse_unreadable(root: yaml.Node, mistakes: Mistakes) -> None:
    """Signs that no screen shows, or no database takes, at any place: to drop them might change what is meant."""
    left, seen = [root], set[int]()
    while left:
        node = left.pop()
        # An alias may lead back to where it stands.
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            _refuse_signs(node, mistakes)
        else:
            left += [part for value in node.value for part in (value if isinstance(value, tuple) else (value,))]


def _refuse_signs(node: yaml.ScalarNode, mistakes: Mistakes) -> None:
    text = str(node.value)
    if (control := find_control(text)) is not None:
        mistakes.add(node, f"a text holds a sign that no screen shows ({control}): take it out.")
    elif not can_be_kept(text):
        mistakes.add(node, "a text holds half of a character, which no database takes: write it anew.")


def _read_organization(root: yaml.Node, mistakes: Mistakes) -> Seed:
    fields = Fields(root, "the file", mistakes)
    name, identifier = _read_name(fields, mistakes)
    pages = fields.each("pages", lambda node: _read_page(node, mistakes))
    fields.end()
    if not pages and not mistakes.sentences():
        mistakes.add(root, "the file needs at least one page under `pages`.")
    _refuse_doubles(root, "two pages have the subdomain", (page.subdomain for page in pages), mistakes)
    _refuse_doubles(root, "two pages have the domain", (page.domain for page in pages), mistakes)
    _refuse_doubles(
        root, "two pages without a subdomain are named", (page.name for page in pages if not page.subdomain), mistakes
    )
    components = [part for page in pages for component in page.components for part in _with_parts(component)]
    identifiers = [*(page.id for page in pages), *(component.id for component in components)]
    _refuse_doubles(root, "two things have the id", identifiers, mistakes)
    return Seed(organization=name, organization_id=identifier, pages=pages)


def _read_name(fields: Fields, mistakes: Mistakes) -> tuple[str, str | None]:
    """`organization: Acme`, or with an id: `organization: {name: Acme, id: …}`."""
    node = fields.find("organization")
    if node is None:
        mistakes.add(fields.node, "the file needs an `organization` with a name.")
        return "", None
    if isinstance(node, yaml.ScalarNode):
        return str(node.value).strip(), None
    organization = Fields(node, "the organization", mistakes)
    name = organization.text("name", required=True) or ""
    identifier = organization.identifier()
    organization.end()
    return name, identifier


def _read_page(node: yaml.Node, mistakes: Mistakes) -> PageSeed | None:
    fields = Fields(node, _called(node, "page"), mistakes)
    name = fields.text("name", required=True)
    page = PageSeed(
        name=name or "",
        id=fields.identifier(),
        subdomain=fields.text("subdomain"),
        domain=domain_of(fields.text("domain")),
        url=fields.text("url"),
        page_description=fields.text("page_description", limit=None),
        time_zone=_read_time_zone(fields, mistakes),
        announcement_channel=_read_channel(fields, mistakes),
        second_person=fields.chosen("second_person", _SECOND_PERSONS, None),
        second_person_skipped_by=fields.chosen("second_person_skipped_by", _ROLES, None),
        api_posts=fields.chosen("api_posts", _API_POSTS, None),
        reminder_intervals=_read_intervals(fields, mistakes),
        components=fields.each("components", lambda part: _read_component(part, mistakes, may_be_group=True)),
        configuration=fields.plain((*CONFIGURATION_FIELDS, *OWN_FIELDS)),
        takes_back=frozenset(fields.taken_back),
    )
    fields.end()
    _refuse_doubles(
        node, f"page “{page.name}” has two components named", (part.name for part in page.components), mistakes
    )
    return page if name else None


def _read_time_zone(fields: Fields, mistakes: Mistakes) -> str | None:
    node = fields.find("time_zone")
    if node is None:
        return None
    word = str(node.value)
    zone = find_zone(word)
    if zone is None:
        mistakes.add(node, f"“{word}” is no time zone; name one as in Europe/Zurich.")
    return zone


def _read_channel(fields: Fields, mistakes: Mistakes) -> str | None:
    channel = fields.text("announcement_channel")
    if channel is not None and not is_channel_id(channel):
        mistakes.add(fields.node, f"“{channel}” is no Slack channel id; it looks like C024BE91L (channel details).")
    return channel


def _read_intervals(fields: Fields, mistakes: Mistakes) -> str | None:
    node = fields.find("reminder_intervals")
    if node is None:
        return None
    # A list of hours is one in YAML too.
    whole = [str(hour.value) for hour in node.value] if isinstance(node, yaml.SequenceNode) else None
    intervals = f"[{','.join(whole)}]" if whole is not None else str(node.value)
    try:
        reminder_hours(intervals)
    except InvalidInputError as error:
        mistakes.add(node, f"`reminder_intervals`: {error.sentence} {error.hint}")
    return intervals


def _read_component(node: yaml.Node, mistakes: Mistakes, *, may_be_group: bool) -> ComponentSeed | None:
    if isinstance(node, yaml.ScalarNode) and node.value:
        return ComponentSeed(name=str(node.value))
    fields = Fields(node, _called(node, "component"), mistakes)
    is_group = may_be_group and "components" in fields
    name = fields.text("name", required=True)
    parts = None
    if is_group:
        parts = fields.each("components", lambda part: _read_component(part, mistakes, may_be_group=False))
        _refuse_doubles(node, f"group “{name}” has two components named", (part.name for part in parts), mistakes)
    component = ComponentSeed(
        name=name or "",
        id=fields.identifier(),
        description=fields.text("description", limit=None),
        status=fields.chosen("status", _STATUSES, ComponentStatus.OPERATIONAL),
        showcase=fields.flag("showcase"),
        only_show_if_degraded=fields.flag("only_show_if_degraded"),
        automation_email=fields.text("automation_email"),
        start_date=fields.day("start_date"),
        components=parts,
        takes_back=frozenset(fields.taken_back),
    )
    fields.end()
    return component if name else None


def _called(node: yaml.Node, kind: str) -> str:
    """How to speak of an entry: by its name where it has one."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "name" and isinstance(value, yaml.ScalarNode) and value.value:
                return f"{kind} “{value.value}”"
    return f"a {kind}"


def _with_parts(component: ComponentSeed) -> Sequence[ComponentSeed]:
    return [component, *(component.components or ())]


def _refuse_doubles(node: yaml.Node, sentence: str, values: Iterable[str | None], mistakes: Mistakes) -> None:
    seen: set[str] = set()
    for value in values:
        if value and value in seen:
            mistakes.add(node, f"{sentence} “{value}”.")
        seen.add(value or "")
