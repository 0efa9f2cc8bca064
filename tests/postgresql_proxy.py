"""A TCP proxy in front of a PostgreSQL server, which falls silent or cuts a connection at its commit."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from sqlalchemy import make_url

_COMMIT = b"COMMIT\x00"
Cut = Literal["before", "after"]


class PostgresqlProxy:
    """Forwards connections to a server until it is told otherwise."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self._socket = str(Path(str(parsed.query["host"])) / ".s.PGSQL.5432")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = (
            f"postgresql://postgres@127.0.0.1:{self._listener.getsockname()[1]}/{parsed.database}?sslmode=disable"
        )
        self.commits_cut = 0
        self._cut: Cut | None = None
        self._refuses = self._stays_away = False
        self._silent_at_commit = False
        self._talks = threading.Event()
        self._talks.set()
        self._lines: list[_Line] = []
        self._is_over = False
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def cut_next_commit(self, when: Cut | None, *, stay_away: bool = False) -> None:
        """Cut the connection of the next commit, before or after the server has carried it out; None: of none.
        `stay_away`: and refuse new ones."""
        self._cut, self._stays_away = when, stay_away

    def fall_silent(self) -> None:
        """Forward nothing any more, and leave every connection open."""
        self._talks.clear()

    def fall_silent_at_commit(self) -> None:
        """Forward the next commit no more, nor anything after it."""
        self._silent_at_commit = True

    def talk_again(self) -> None:
        """Forward what has come meanwhile, and take connections again."""
        self._refuses = False
        self._talks.set()

    def close(self) -> None:
        """End everything: no thread and no socket of it is left."""
        self._is_over = True
        self._talks.set()
        # Whoever waits for a connection does not hear that the listener is closed.
        socket.create_connection(self._listener.getsockname()).close()
        self._acceptor.join()
        self._listener.close()
        for line in self._lines:
            line.close()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self._is_over or self._refuses:
                client.close()
            else:
                self._connect(client)
            if self._is_over:
                return

    def _connect(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self._socket)
        except OSError:
            # There is none at the moment.
            server.close()
            client.close()
            return
        line = _Line(client, server)
        self._lines.append(line)
        line.forward(self._ask, self._answer)

    def _ask(self, line: "_Line") -> None:
        with contextlib.suppress(OSError):
            while data := line.client.recv(65536):
                if self._silent_at_commit and _COMMIT in data:
                    self._silent_at_commit = False
                    self._talks.clear()
                self._talks.wait()
                cut = self._cut if _COMMIT in data else None
                if cut is not None:
                    self._cut = None
                    self._refuses = self._stays_away
                    if cut == "after":
                        line.is_mute = True
                        line.server.sendall(data)
                        assert line.answered.wait(20), "the server did not answer to the commit"
                    self.commits_cut += 1
                    break
                line.server.sendall(data)
        line.end()

    def _answer(self, line: "_Line") -> None:
        with contextlib.suppress(OSError):
            while data := line.server.recv(65536):
                self._talks.wait()
                if line.is_mute:
                    line.answered.set()
                else:
                    line.client.sendall(data)
        line.end()


class _Line:
    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self.is_mute = False
        self.answered = threading.Event()
        self._threads: list[threading.Thread] = []

    def forward(self, *ways: Callable[["_Line"], None]) -> None:
        self._threads = [threading.Thread(target=way, args=(self,), daemon=True) for way in ways]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self.end()
        for thread in self._threads:
            thread.join()
        for side in (self.client, self.server):
            side.close()

    def end(self) -> None:
        for side in (self.client, self.server):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def proxied(url: str) -> Iterator[PostgresqlProxy]:
    """A proxy in front of the server of an address, within the block."""
    proxy = PostgresqlProxy(url)
    try:
        yield proxy
    finally:
        proxy.close()
