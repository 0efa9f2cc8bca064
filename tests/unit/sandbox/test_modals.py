"""Triggers, modal stacks, submissions and Home tabs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.probes import (
    MIA,
    NO_ACK,
    OMAR,
    HttpApp,
    Json,
    Slack,
    SocketApp,
    actions,
    button,
    home,
    modal,
    section,
    text_input,
)


async def test_a_trigger_opens_one_modal(slack: Slack, app: SocketApp) -> None:
    """A trigger can be exchanged once; a second views.open with it is refused."""
    trigger_id = await slack.trigger()
    first = await slack.api("views.open", trigger_id=trigger_id, view=modal())
    second = await slack.api("views.open", trigger_id=trigger_id, view=modal())
    assert first["view"]["root_view_id"] == first["view"]["id"]
    assert second["error"] == "exchanged_trigger_id"


async def test_a_trigger_lasts_three_seconds(slack: Slack, app: SocketApp) -> None:
    """After three seconds a trigger is expired, however little else has happened."""
    trigger_id = await slack.trigger()
    slack.workspace.clock.advance(3.1)
    assert (await slack.api("views.open", trigger_id=trigger_id, view=modal()))["error"] == "expired_trigger_id"


@pytest.mark.parametrize("trigger_id", ["nonsense", "1.2." + "0" * 32])
async def test_an_invented_trigger_is_invalid(slack: Slack, trigger_id: str) -> None:
    """A trigger that was never issued is invalid, whatever its form."""
    assert (await slack.api("views.open", trigger_id=trigger_id, view=modal()))["error"] == "invalid_trigger_id"


async def test_an_invalid_view_does_not_use_up_the_trigger(slack: Slack, app: SocketApp) -> None:
    """A refused view leaves the trigger for a corrected one, within its three seconds."""
    trigger_id = await slack.trigger()
    refused = await slack.api("views.open", trigger_id=trigger_id, view=modal(title="x" * 25))
    assert refused["error"] == "invalid_arguments"
    [message] = refused["response_metadata"]["messages"]
    assert message == "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    assert (await slack.api("views.open", trigger_id=trigger_id, view=modal()))["ok"] is True


async def test_a_view_over_250_kilobytes_is_too_large(slack: Slack, app: SocketApp) -> None:
    """The size limit comes before all others."""
    view = modal(*[section("x" * 2_900) for _ in range(90)])
    trigger_id = await slack.trigger()
    assert (await slack.api("views.open", trigger_id=trigger_id, view=view))["error"] == "view_too_large"


async def test_three_modals_lie_on_each_other_and_no_more(slack: Slack, app: SocketApp) -> None:
    """views.push stacks up to three views, each knowing the one below; a fourth is refused."""
    first = await slack.open(modal(title="One"))
    second = (await slack.api("views.push", trigger_id=await slack.trigger(), view=modal(title="Two")))["view"]
    assert (second["previous_view_id"], second["root_view_id"]) == (first["id"], first["id"])
    await slack.api("views.push", trigger_id=await slack.trigger(), view=modal(title="Three"))
    fourth = await slack.api("views.push", trigger_id=await slack.trigger(), view=modal())
    assert fourth["error"] == "push_limit_reached"
    assert [view["title"]["text"] for view in await slack.stack()] == ["One", "Two", "Three"]


async def test_a_stale_hash_conflicts(slack: Slack, app: SocketApp) -> None:
    """views.update with the hash of an older version is refused; with the current one it goes through."""
    view = await slack.open(modal())
    args: Json = {"view_id": view["id"], "view": modal(title="New")}
    updated = await slack.api("views.update", hash=view["hash"], **args)
    assert updated["view"]["hash"] != view["hash"] and updated["view"]["title"]["text"] == "New"
    assert (await slack.api("views.update", hash=view["hash"], **args))["error"] == "hash_conflict"


async def test_an_external_id_names_one_open_view(slack: Slack, app: SocketApp) -> None:
    """A view is found by its external_id, which nobody else may use while it is open."""
    await slack.open(modal(external_id="ticket-1"))
    update = await slack.api(
        "views.update", external_id="ticket-1", view=modal(title="Found", external_id="ticket-1")
    )
    assert update["ok"] is True
    taken = await slack.api("views.open", trigger_id=await slack.trigger(OMAR), view=modal(external_id="ticket-1"))
    assert taken["error"] == "duplicate_external_id"


async def test_a_closed_view_is_not_found(slack: Slack, app: SocketApp) -> None:
    """views.update of a view that its person closed answers not_found."""
    view = await slack.open(modal())
    await slack.do("close", user=MIA, view_id=view["id"])
    assert (await slack.api("views.update", view_id=view["id"], view=modal()))["error"] == "not_found"


async def test_the_app_hears_of_a_close_only_if_it_asked(slack: Slack, app: SocketApp) -> None:
    """view_closed is sent for views with notify_on_close, for the whole stack when all is closed."""
    quiet = await slack.open(modal())
    await slack.do("close", user=MIA, view_id=quiet["id"])
    assert slack.app[-1].get("type") != "view_closed"
    root = await slack.open(modal(notify_on_close=True, title="Root"))
    await slack.api("views.push", trigger_id=await slack.trigger(), view=modal(notify_on_close=True, title="Top"))
    await slack.do("close", user=MIA, view_id=root["id"], all=True)
    closed = [payload for payload in slack.app if payload.get("type") == "view_closed"]
    assert [payload["view"]["title"]["text"] for payload in closed] == ["Top", "Root"]
    assert all(payload["is_cleared"] for payload in closed)
    assert await slack.stack() == []


async def submit(slack: Slack, view: Json, text: str = "hello") -> Json:
    """Fill in the field `name` and submit."""
    values = {"name": {"value": {"type": "plain_text_input", "value": text}}}
    return await slack.do("submit", user=MIA, view_id=view["id"], values=values)


async def test_a_submission_carries_what_was_entered(slack: Slack, app: SocketApp) -> None:
    """view_submission has every input in state.values, untouched ones with their initial value or null."""
    fields = [
        text_input(),
        text_input("note", optional=True),
        text_input("preset", initial_value="as it was"),
    ]
    view = await slack.open(modal(*fields, private_metadata="secret 1"))
    assert await submit(slack, view) == {"ok": True}
    payload = slack.app[-1]
    values = payload["view"]["state"]["values"]
    assert [values[name]["value"]["value"] for name in ("name", "note", "preset")] == ["hello", None, "as it was"]
    assert (payload["type"], payload["user"]["id"]) == ("view_submission", MIA)
    assert payload["view"]["private_metadata"] == "secret 1"
    assert await slack.stack() == []


async def test_a_required_field_is_asked_for_before_the_app_is(slack: Slack, app: SocketApp) -> None:
    """Slack's client itself holds back a submission with an empty required field or too short a text."""
    view = await slack.open(modal(text_input(min_length=3)))
    before = len(slack.app)
    assert (await submit(slack, view, ""))["errors"] == {"name": "Please complete this required field."}
    assert "at least 3" in (await submit(slack, view, "ab"))["errors"]["name"]
    assert len(slack.app) == before


async def test_errors_stay_under_their_fields(slack: Slack, app: SocketApp) -> None:
    """response_action errors keeps the modal open and shows the texts."""
    app.answer = lambda payload: (
        {"response_action": "errors", "errors": {"name": "Taken."}} if "view" in payload else None
    )
    view = await slack.open(modal(text_input()))
    assert await submit(slack, view) == {"ok": False, "errors": {"name": "Taken."}}
    assert [shown["id"] for shown in await slack.stack()] == [view["id"]]


async def test_update_push_and_clear_are_obeyed(slack: Slack, app: SocketApp) -> None:
    """response_action update replaces the view, push lays one on top, clear closes the whole stack."""
    answers: list[Json] = [
        {"response_action": "update", "view": modal(text_input(), title="Updated")},
        {"response_action": "push", "view": modal(text_input(), title="Pushed")},
        {"response_action": "clear"},
    ]
    app.answer = lambda payload: answers.pop(0) if "view" in payload else None
    view = await slack.open(modal(text_input()))
    assert (await submit(slack, view))["ok"] is True
    [updated] = await slack.stack()
    assert (updated["id"], updated["title"]["text"]) == (view["id"], "Updated")
    await submit(slack, updated)
    below, pushed = await slack.stack()
    assert (pushed["previous_view_id"], pushed["title"]["text"]) == (below["id"], "Pushed")
    await submit(slack, pushed)
    assert await slack.stack() == []


async def test_an_empty_acknowledgement_closes_only_the_top_view(slack: Slack, app: SocketApp) -> None:
    """After a bare ack the view below is shown again."""
    root = await slack.open(modal(title="Root"))
    top = await slack.api("views.push", trigger_id=await slack.trigger(), view=modal(text_input()))
    await submit(slack, top["view"])
    assert [view["id"] for view in await slack.stack()] == [root["id"]]


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors"},
        {"response_action": "errors", "errors": {"no_such_block": "x"}},
        {"response_action": "dance"},
        {"response_action": "update", "view": {"type": "modal"}},
        {"response_action": "push", "view": modal(title="x" * 25)},
        "some text",
    ],
)
async def test_a_wrong_answer_to_a_submission_is_trouble(slack: Slack, app: SocketApp, answer: Any) -> None:
    """An answer that Slack cannot follow leaves the modal open with its "trouble connecting", and is a violation."""
    app.answer = lambda payload: answer if "view" in payload else None
    view = await slack.open(modal(text_input()))
    assert await submit(slack, view) == {"ok": False, "error": "We had some trouble connecting. Try again?"}
    assert any("view_submission" in sentence for sentence in slack.violations())
    assert len(await slack.stack()) == 1


async def test_an_unacknowledged_submission_leaves_the_modal_open(slack: Slack, app: SocketApp) -> None:
    """Without an acknowledgement in time the person is told of trouble, and what they entered stays."""
    view = await slack.open(modal(text_input()))
    app.answer = lambda payload: NO_ACK
    slack.workspace.timing.acknowledge_within = 0.05
    assert (await submit(slack, view))["error"].startswith("We had some trouble")
    app.answer = lambda payload: None
    slack.workspace.timing.acknowledge_within = 3
    assert (await slack.do("submit", user=MIA, view_id=view["id"], values={}))["ok"] is True


async def test_what_was_entered_survives_an_update_of_the_view(slack: Slack, app: SocketApp) -> None:
    """views.update keeps entries of blocks that keep their block_id, and drops those of blocks that go."""
    view = await slack.open(modal(text_input(dispatch_action=True), text_input("other", dispatch_action=True)))
    for block_id in ("name", "other"):
        await slack.do(
            "action",
            user=MIA,
            container={"type": "view", "view_id": view["id"]},
            block_id=block_id,
            action_id="value",
            action={"value": "typed"},
        )
    assert slack.app[-1]["view"]["state"]["values"]["name"]["value"]["value"] == "typed"
    await slack.api("views.update", view_id=view["id"], view=modal(text_input(), text_input("third", optional=True)))
    await slack.do("submit", user=MIA, view_id=view["id"], values={})
    assert slack.app[-1]["view"]["state"]["values"]["name"]["value"]["value"] == "typed"
    assert "other" not in slack.app[-1]["view"]["state"]["values"]


async def test_an_update_keeps_the_state_of_what_keeps_its_ids(slack: Slack, app: SocketApp) -> None:
    """An element that keeps block_id, action_id and type keeps its state, so that its new initial value is not taken,
    touched or not; one whose block_id, action_id or type changes begins anew, also when it comes back later."""
    old = [text_input(block_id, initial_value="old") for block_id in ("same", "action", "block", "type")]
    view = await slack.open(modal(*old))
    container = {"type": "view", "view_id": view["id"]}
    for block_id in ("action", "type"):
        typed = {"block_id": block_id, "action_id": "value", "action": {"value": "typed"}}
        await slack.do("action", user=MIA, container=container, **typed)
    number = text_input("type", type="number_input", is_decimal_allowed=False, initial_value="1")
    changed = [text_input("same", initial_value="new"), text_input("action", "other", initial_value="new")]
    changed += [text_input("block.2", initial_value="new"), number]
    await slack.api("views.update", view_id=view["id"], view=modal(*changed))
    await slack.api("views.update", view_id=view["id"], view=modal(changed[0], *old[1:3], number))
    await slack.do("submit", user=MIA, view_id=view["id"], values={})
    values = slack.app[-1]["view"]["state"]["values"]
    assert {block_id: next(iter(states.values()))["value"] for block_id, states in values.items()} == {
        "same": "old",
        "action": "old",
        "block": "old",
        "type": "1",
    }


async def test_an_input_tells_the_app_only_if_it_dispatches(slack: Slack, app: SocketApp) -> None:
    """An input without dispatch_action sends nothing, but its entry is in the next state."""
    view = await slack.open(modal(text_input()))
    before = len(slack.app)
    container = {"type": "view", "view_id": view["id"]}
    typed = {"container": container, "block_id": "name", "action_id": "value", "action": {"value": "x"}}
    assert await slack.do("action", user=MIA, **typed) == {"ok": True}
    assert len(slack.app) == before


async def test_somebody_elses_modal_cannot_be_submitted(slack: Slack, app: SocketApp) -> None:
    """A modal belongs to the person on whose screen it is."""
    view = await slack.open(modal(text_input()))
    answer = await slack.http.post("/sandbox/submit", json={"user": OMAR, "view_id": view["id"], "values": {}})
    assert answer.status_code == 404


async def test_a_home_tab_keeps_its_id_and_checks_its_hash(slack: Slack) -> None:
    """views.publish shows a Home tab per person, keeps its id, and refuses a stale hash."""
    first = (await slack.api("views.publish", user_id=MIA, view=home()))["view"]
    second = (await slack.api("views.publish", user_id=MIA, view=home(section("new"))))["view"]
    assert first["id"] == second["id"] and first["hash"] != second["hash"]
    stale = await slack.api("views.publish", user_id=MIA, view=home(), hash=first["hash"])
    assert stale["error"] == "hash_conflict"
    assert (await slack.look("home", user=MIA))["view"]["blocks"][0]["text"]["text"] == "new"
    assert (await slack.look("home", user=OMAR))["view"] is None
    assert (await slack.api("views.publish", user_id="U0DAN00001", view=home()))["error"] == "invalid_arguments"
    assert (await slack.api("views.publish", user_id=MIA, view=modal()))["error"] == "invalid_arguments"


async def test_a_button_on_the_home_tab_reaches_the_app(slack: Slack, http_app: HttpApp) -> None:
    """block_actions from a Home tab carry the view and no response_url."""
    await slack.api("views.publish", user_id=MIA, view=home(actions(button())))
    container = {"type": "home", "user": MIA}
    done = await slack.do("action", user=MIA, container=container, block_id="buttons", action_id="press", action={})
    payload = http_app.received[-1].payload
    assert done == {"ok": True}
    assert (payload["view"]["type"], "response_url" in payload) == ("home", False)
    assert payload["container"] == {"type": "view", "view_id": payload["view"]["id"]}
