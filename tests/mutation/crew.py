"""Workers side by side, each with a copy of the tree and a pytest in it."""

import queue
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tests.mutation.trees import COLLECTED, Server, Tree

Job = TypeVar("Job")
Answer = TypeVar("Answer")
Worker = tuple[Tree, Server]


class Crew:
    """As many workers as wanted; made by `hired`."""

    def __init__(self, root: Path, workers: list[Worker], pool: ThreadPoolExecutor) -> None:
        self.root = root
        """A copy that stays as it is, whatever is edited meanwhile and mutated beside it."""
        self.tests = workers[0][1].tests
        self._pool = pool
        self._free: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        for worker in workers:
            self._free.put(worker)

    def each(self, jobs: Iterable[Job], do: Callable[[Job, Tree, Server], Answer]) -> Iterator[tuple[Job, Answer]]:
        """Every job with what came of it, in the order in which they end."""
        futures = {self._pool.submit(self._do, job, do): job for job in jobs}
        for future in as_completed(futures):
            yield futures[future], future.result()

    def _do(self, job: Job, do: Callable[[Job, Tree, Server], Answer]) -> Answer:
        worker = self._free.get()
        try:
            return do(job, *worker)
        finally:
            self._free.put(worker)


@contextmanager
def hired(number: int, collected: Sequence[str] = COLLECTED) -> Iterator[Crew]:
    """A crew for the block; nothing of it stays."""
    original, *trees = [Tree() for _ in range(number + 1)]
    pool = ThreadPoolExecutor(number)
    servers: list[Server] = []
    try:
        servers.extend(pool.map(lambda tree: Server(tree, collected), trees))
        yield Crew(original.root, list(zip(trees, servers, strict=True)), pool)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for server in servers:
            server.close()
        pool.shutdown()
        for tree in (original, *trees):
            tree.remove()
