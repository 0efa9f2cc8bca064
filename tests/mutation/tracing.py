"""Which lines of the product run: noted for each test, and in the processes that tests start as well."""

import os
import sys
import threading
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

PRODUCT = ("bot", "desk", "handlers", "storage")
NOTES = "MUTATION_NOTES"
"""Names, for processes that tests start, the file in which they note lines."""


class Tracer:
    """Notes lines of the product below a folder, from `start()` on."""

    def __init__(self, root: Path, notes: Path | None = None) -> None:
        self._rooms = tuple(f"{root}/{room}/" for room in PRODUCT)
        self._cut = len(str(root)) + 1
        self._seen: set[tuple[CodeType, int]] = set()
        # Written at once, since a process may be killed at any line.
        self._notes = None if notes is None else os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def start(self) -> None:
        """Trace this thread, and those that are started from now on."""
        threading.settrace(self._enter)
        sys.settrace(self._enter)

    def take(self) -> dict[str, list[int]]:
        """The lines seen since this was last asked, by file."""
        seen, self._seen = self._seen, set()
        lines: dict[str, set[int]] = {}
        for code, line in seen:
            lines.setdefault(code.co_filename[self._cut :], set()).add(line)
        return {path: sorted(found) for path, found in lines.items()}

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(self._rooms):
            return None
        return self._step

    def _step(self, frame: FrameType, event: str, argument: Any) -> Any:
        place = (frame.f_code, frame.f_lineno)
        if place not in self._seen:
            self._seen.add(place)
            if self._notes is not None:
                os.write(self._notes, f"{frame.f_code.co_filename[self._cut :]}:{frame.f_lineno}\n".encode())
        return self._step


def read_notes(path: Path) -> dict[str, list[int]]:
    """What processes noted in a file."""
    lines: dict[str, set[int]] = {}
    for note in set(path.read_text().splitlines()) if path.exists() else ():
        file, _, line = note.rpartition(":")
        lines.setdefault(file, set()).add(int(line))
    return {file: sorted(found) for file, found in lines.items()}
