"""What goes wrong, and how it ends."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable

from sandbox.player import SandboxRefusedError
from tests.contract.failing_statuspage import StatuspageFault
from tests.postgresql_proxy import Cut
from tests.soak.clocks import set_clock
from tests.soak.schedules import Fault, Step
from tests.soak.stage import World


class Wrong:
    """Lets one step's fault happen beside its deed, and ends it."""

    def __init__(self, world: World, step: Step) -> None:
        self._world = world
        self._step = step
        self._begin = threading.Timer(step.at, self._happen)
        self._undo: list[Callable[[], None]] = []
        self.error: BaseException | None = None

    def __enter__(self) -> "Wrong":
        if self._step.fault is not Fault.NOTHING:
            self._begin.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._step.fault is not Fault.NOTHING:
            self._begin.join()
        for undo in reversed(self._undo):
            undo()
        if self.error is not None:
            raise self.error

    def _happen(self) -> None:
        try:
            _HAPPENINGS[self._step.fault](self)
        except (SandboxRefusedError, ProcessLookupError):
            pass
        except BaseException as error:  # told by whoever waits
            self.error = error

    def kill(self) -> None:
        replica = self._world.replicas[self._step.replica]
        replica.kill()
        self._undo.append(replica.start)

    def freeze(self) -> None:
        replica = self._world.replicas[self._step.replica]
        os.kill(replica.pid, signal.SIGSTOP)
        threading.Event().wait(self._step.lasts)
        os.kill(replica.pid, signal.SIGCONT)

    def cut(self) -> None:
        proxy = self._world.proxies[self._step.replica]
        when: Cut = "before" if self._step.fault is Fault.CUT_BEFORE else "after"
        proxy.cut_next_commit(when, **self._step.details)
        if self._step.details["stay_away"]:
            threading.Event().wait(self._step.lasts)
            proxy.talk_again()

    def silence(self) -> None:
        proxy = self._world.proxies[self._step.replica]
        proxy.fall_silent()
        threading.Event().wait(self._step.lasts)
        proxy.talk_again()

    def restart(self) -> None:
        self._world.desk.database.engine.dispose()
        self._world.server.restart()

    def disk(self) -> None:
        process = self._world.replicas[self._step.replica].process
        assert process is not None
        process.limit_files(4096)
        self._undo.append(lambda: process.limit_files(None))

    def slack(self) -> None:
        self._world.control.call("POST", "faults", self._step.details)

    def lose_proxy(self) -> None:
        proxy = self._world.slack_proxies[self._step.replica]
        proxy.break_down(self._step.details["outage"])
        threading.Event().wait(self._step.lasts)
        proxy.recover()

    def upstream(self) -> None:
        details = self._step.details
        # A refusal that was carried out all the same is a lie, which no Statuspage tells.
        takes_it = details["takes_it"] and details["status"] in (0, 500)
        self._world.there.faults.append(StatuspageFault(**{**details, "takes_it": takes_it}))

    def clock(self) -> None:
        folder = self._world.replicas[self._step.replica].folder
        set_clock(folder, self._step.details["ahead"])
        self._undo.append(lambda: set_clock(folder, 0.0))

    def uninstall(self) -> None:
        self._world.control.call("PUT", "app", {"installed": False})
        threading.Event().wait(self._step.lasts)
        self._world.control.call("PUT", "app", {"installed": True})


def heal(world: World) -> None:
    """End whatever may still be wrong, and have everybody back."""
    with contextlib.suppress(SandboxRefusedError):
        world.control.call("PUT", "app", {"installed": True})
    world.control.call("POST", "faults", {"clear": True})
    world.there.faults.clear()
    for proxy in world.proxies:
        proxy.cut_next_commit(None)
        proxy.talk_again()
    for slack_proxy in world.slack_proxies:
        slack_proxy.recover()
    for replica in world.replicas:
        set_clock(replica.folder, 0.0)


_HAPPENINGS: dict[Fault, Callable[[Wrong], None]] = {
    Fault.KILL: Wrong.kill,
    Fault.FREEZE: Wrong.freeze,
    Fault.CUT_BEFORE: Wrong.cut,
    Fault.CUT_AFTER: Wrong.cut,
    Fault.SILENCE: Wrong.silence,
    Fault.RESTART: Wrong.restart,
    Fault.DISK: Wrong.disk,
    Fault.SLACK: Wrong.slack,
    Fault.DELIVERY: Wrong.slack,
    Fault.SOCKET: Wrong.slack,
    Fault.PROXY: Wrong.lose_proxy,
    Fault.UPSTREAM: Wrong.upstream,
    Fault.CLOCK: Wrong.clock,
    Fault.UNINSTALLED: Wrong.uninstall,
}
