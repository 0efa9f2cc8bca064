"""What the demo's database holds before anybody plays with it."""

from bot.demo.history import write_history
from bot.demo.past_incidents import write_incident_history
from bot.demo.responders import appoint_responders
from desk.pages.pages import find_organization
from desk.seeds import Seed, plant_seed
from desk.transaction import Actor, Desk, Transaction

_DEMO = Actor.operator("demo")


def seed_demo(desk: Desk, seed: Seed) -> None:
    """Plant a seed, a past for it and its responders; in a database of before, only what an earlier release left
    out."""

    def work(tx: Transaction) -> None:
        is_new = find_organization(tx.session) is None
        plant_seed(tx, seed)
        if is_new:
            write_history(tx)
        write_incident_history(tx)
        appoint_responders(tx)

    desk.write_now(_DEMO, work)
