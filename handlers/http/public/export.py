"""The public documents as files, so that any file server can show the page while Keydesk is down.

A document `/history/` is the file `history/index.html`; what a host of its own shows is below `_hosts/<host>`.
Each file appears at once under its name, with `.gz` and `.br` beside it for servers that send those.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

import structlog

from desk.incidents.shown import IncidentView, Month
from desk.incidents.views import (
    ArchiveMark,
    list_incident_ids,
    read_archive_mark,
    read_incidents,
    read_period,
)
from handlers.http.public.document import BROTLI, GZIP, Document
from handlers.http.public.rendering import Rendered, is_old, render_incident, render_month
from handlers.http.public.shelf import Shelf
from storage.database import Database
from storage.models import Incident

_log = structlog.get_logger(__name__)

_STEP = 100
_NEW = ".keydesk-new"
_LIST = ".keydesk"
"""The list of files that are ours; nothing else in the folder is ever touched."""
_SUFFIXES = ((BROTLI, ".br"), (GZIP, ".gz"))


class FolderExport:
    """Keeps a folder up to date with the shelf: call it with each new one, and `catch_up()` until there is no more.

    What lies further back than the shelf is walked through in steps: at the start, when the frame of a page changed,
    and when an incident was removed. A folder that cannot be written to is logged and tried with the next shelf.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder = folder
        self._database = database
        self._written: dict[str, bytes] | None = None
        self._ahead: frozenset[str] = frozenset()
        self._seen: dict[str, tuple[tuple[object, ...], ArchiveMark]] = {}
        self._known: dict[str, set[str]] = {}
        self._walks: dict[str, Iterator[None]] = {}

    def __call__(self, shelf: Shelf) -> None:
        """Write what changed, remove what is gone. Raises what the database raises."""
        files = _files(shelf)
        self._ahead = frozenset(files)
        with self._logged():
            written = self._open()
            for name, document in files.items():
                self._write(name, document)
            folders = {place.mount.folder for place in shelf.places}
            for gone in self._seen.keys() - folders:
                del self._seen[gone], self._known[gone]
                self._walks.pop(gone, None)
            for place in shelf.places:
                self._plan(place)
            for name in [name for name in written if name not in files and not is_old(_path_of(name))]:
                self._remove(name)
            if not self._walks:
                self._sweep()
            self._keep_list()

    def catch_up(self) -> bool:
        """Write a hundred old documents; whether there are more. Raises what the database raises."""
        if not self._walks:
            return False
        folder, walk = next(iter(self._walks.items()))
        with self._logged():
            for _step in walk:
                return True
            del self._walks[folder]
            if not self._walks:
                self._sweep()
            self._keep_list()
        return bool(self._walks)

    @contextmanager
    def _logged(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            _log.error("public_folder_not_written", folder=str(self._folder), error=str(error))
            # Everything is compared anew next time.
            self._written, self._walks = None, {}
            self._seen, self._known = {}, {}

    def _open(self) -> dict[str, bytes]:
        if self._written is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            for leftover in self._folder.rglob(f".*{_NEW}"):
                leftover.unlink(missing_ok=True)
            listed = self._folder / _LIST
            names = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
            # What is in the files is not known yet: each is compared when it is written.
            self._written = {name: b"" for name in names if _is_inside(name)}
        return self._written

    def _plan(self, place: Rendered) -> None:
        folder, page_id = place.mount.folder, place.view.page.id
        with self._database.read() as session:
            mark = read_archive_mark(session, page_id)
            before = self._seen.get(folder)
            changed: Sequence[IncidentView] = ()
            created = 0
            if before is not None and before[1] != mark and before[1].updated_at is not None:
                changed = read_incidents(session, place.view, Incident.updated_at >= before[1].updated_at)
                created = sum(row.number > before[1].newest for row in changed)
        if before is None or before[0] != place.frame or mark.count != before[1].count + created:
            self._known[folder] = set()
            self._walks[folder] = self._walk(place)
        for row in changed:
            self._write_old(place, row)
        for month in {Month.at(row.began_at, place.view.zone) for row in changed}:
            self._write_month(place, month)
        prefix = f"{folder}/" if folder else ""
        self._known[folder] |= {name for name in self._ahead if name.startswith(prefix)}
        self._seen[folder] = (place.frame, mark)

    def _walk(self, place: Rendered) -> Iterator[None]:
        after = ""
        while True:
            with self._database.read() as session:
                ids = list_incident_ids(session, place.view.page.id, after=after, limit=_STEP)
                rows = read_incidents(session, place.view, Incident.id.in_(ids)) if ids else ()
            for row in rows:
                self._write_old(place, row)
            if len(ids) < _STEP:
                break
            after = ids[-1]
            yield
        first = place.view.first_incident_at
        month = Month.at(place.as_of, place.view.zone)
        while first is not None and month.end > first:
            self._write_month(place, month)
            month = month.previous()
            yield

    def _write_old(self, place: Rendered, row: IncidentView) -> None:
        document = None
        for name in _names_of(place, f"/incidents/{row.id}/"):
            self._known[place.mount.folder].add(name)
            if name not in self._ahead:
                document = document or render_incident(place, row)
                self._write(name, document)

    def _write_month(self, place: Rendered, month: Month) -> None:
        name = _file_name(place.mount.folder, f"/history/{month}/")
        self._known[place.mount.folder].add(name)
        if name not in self._ahead:
            with self._database.read() as session:
                rows = list(read_period(session, place.view, month.start, month.end))
            self._write(name, render_month(place, month, rows))

    def _sweep(self) -> None:
        """Remove old documents that no page has any more; known only when every walk is through."""
        keep = set(self._ahead).union(*self._known.values())
        for name in [name for name in self._written or () if name not in keep]:
            self._remove(name)

    def _write(self, name: str, document: Document) -> None:
        written = self._open()
        etag = document.form(b"").etag
        if written.get(name) == etag:
            return
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, document.body)
        forms = dict(document.forms)
        for coding, suffix in _SUFFIXES:
            beside = path.with_name(path.name + suffix)
            if coding in forms:
                _replace(beside, forms[coding].body)
            else:
                beside.unlink(missing_ok=True)
        written[name] = etag

    def _remove(self, name: str) -> None:
        path = self._folder / name
        for suffix in ("", ".gz", ".br"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        if path.parent != self._folder:
            with suppress(OSError):
                # Only a folder that is empty now goes with it.
                path.parent.rmdir()
        self._open().pop(name, None)

    def _keep_list(self) -> None:
        _replace(self._folder / _LIST, "".join(f"{name}\n" for name in sorted(self._open())).encode())


def _names_of(place: Rendered, path: str) -> Iterator[str]:
    yield _file_name(place.mount.folder, path)
    if place.mount.host is None and place.mount.base:
        # As messages link to it, without the page's path.
        yield _file_name("", path)


def _path_of(name: str) -> str:
    return f"/{name.removesuffix('index.html')}"


def _files(shelf: Shelf) -> Mapping[str, Document]:
    files = {_file_name("", path): document for path, document in shelf.shared.items()}
    for host, table in shelf.tables.items():
        files |= {_file_name(f"_hosts/{host}", path): document for path, document in table.items()}
    if shelf.missing is not None:
        files["404.html"] = shelf.missing
    return files


def _file_name(folder: str, path: str) -> str:
    name = f"{folder}{path}" if folder else path.lstrip("/")
    return f"{name}index.html" if not name or name.endswith("/") else name


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts


def _replace(path: Path, body: bytes) -> None:
    """Put a file in place at once: whoever reads sees the old one or the new one, whole."""
    if path.is_file() and path.stat().st_size == len(body) and path.read_bytes() == body:
        return
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_NEW}")
    try:
        # Not forced to the disk: what a power cut damages is found and written again at the next start.
        new.write_bytes(body)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
