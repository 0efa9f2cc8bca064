"""Which function draws which message: the outbox names a kind, this finds its renderer.

Adding a kind: write the renderer (see `handlers.slack.renderer`) beside its wording, and put it in its area's
`RENDERERS`, which is merged here.
"""

from collections.abc import Mapping

from handlers.slack import deliveries, digest, incidents, keys, knocks, requests, roles
from handlers.slack.renderer import Renderer

_AREAS: tuple[Mapping[str, Renderer], ...] = (
    deliveries.RENDERERS,
    digest.RENDERERS,
    incidents.RENDERERS,
    keys.RENDERERS,
    knocks.RENDERERS,
    requests.RENDERERS,
    roles.RENDERERS,
)


def all_renderers() -> Mapping[str, Renderer]:
    """Every kind of message and its renderer."""
    merged: dict[str, Renderer] = {}
    for area in _AREAS:
        twice = merged.keys() & area.keys()
        assert not twice, f"two renderers for {twice}"
        merged.update(area)
    return merged
