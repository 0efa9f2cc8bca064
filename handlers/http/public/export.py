"""The public documents as files, so that any file server can show the page while Keydesk is down.

A document `/history/` is the file `history/index.html`; what a host of its own shows is below `_hosts/<host>`.
Each file appears at once under its name, with `.gz` and `.br` beside it for servers that send those.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from errno import EACCES, EEXIST, EISDIR, ENOTDIR, EPERM
from pathlib import Path

import structlog

from handlers.http.public.archive import ROOM
from handlers.http.public.document import Document
from handlers.http.public.document_cache import DocumentCache
from handlers.http.public.folder import NotOursError, OccupiedFolderError, OwnFolder
from handlers.http.public.rendering import Rendered, is_old

_log = structlog.get_logger(__name__)

_OF_ONE_FILE = frozenset({NotOursError.NUMBER, EACCES, EPERM, EEXIST, ENOTDIR, EISDIR})
"""What keeps one file from being written, and says nothing of others."""
_FRONT = "index.html"
"""Where pages are listed."""
_LISTED = re.compile(rb'<li class="card"><a href="([^"]*)"')
_PERMALINK = re.compile(r"(?:^|/)incidents/([a-z0-9]{12})/index\.html$")


class FolderExport:
    """Keeps a folder up to date: call it with each new cache, and hand it what the archive renders.

    What is gone is removed before anything is written, so that a full disk has room again. What could be neither
    written nor removed is told of once, kept, and tried with every call: nothing is rendered anew for it. Meanwhile a
    file keeps its last edition, unless that shows something that is gone: then there is none.
    """

    def __init__(self, folder: Path, owner: str = "", *, room: int = ROOM) -> None:
        self._name = str(folder)
        self._folder = OwnFolder(folder, owner)
        self._room = room
        self._written: dict[str, bytes] | None = None
        self._ahead: frozenset[str] = frozenset()
        self._owed: dict[str, Document] = {}
        self._owed_bytes = 0
        self._stuck: set[str] = set()
        self._gone: set[str] = set()
        """Incidents that are gone, as long as not everything is written that showed them."""
        self._left_out = False
        """Whether documents of the past were left out because there was no room to keep them."""
        self._error: OSError | None = None
        self._is_failing = False
        self.openings = 0
        """How often it began not knowing what the past is; each time, the archive offers everything again."""

    @property
    def is_behind(self) -> bool:
        """Whether the folder does not hold what readers get, and is to be tried again soon."""
        return self._written is None or bool(self._owed or self._stuck) or self._left_out

    def find_problem(self) -> str | None:
        """What is wrong with the folder, in words that may be public, or None."""
        if not self._is_failing or self._error is None:
            return None
        why = self._error.strerror or type(self._error).__name__
        counts = [f"{len(self._owed)} documents could not be written"] if self._owed else []
        counts += [f"{len(self._stuck)} that are gone could not be removed"] if self._stuck else []
        return f"{', '.join(counts) or 'it cannot be opened'}: {why}"

    def __call__(self, cache: DocumentCache) -> None:
        """Remove what is gone, write what changed. Raises OccupiedFolderError where the folder is somebody else's."""
        files = _files(cache)
        self._ahead = frozenset(files)
        if self._open():
            roots = {root.strip("/") for place in cache.places for root in (place.site.folder, *place.site.aliases)}
            # Stylesheets stay as long as documents of the past may need them.
            self._remove({name for name in self._names() if name not in files and not _may_be_old(name, roots)})
            owed = {name: document for name, document in self._owed.items() if name not in files}
            self._write({**files, **owed})
        if self._left_out and self._written is not None and not self._owed:
            self._left_out = False
            self.openings += 1
        self._tell()

    def keep_only(self, incident_ids: Collection[str]) -> None:
        """Remove what shows incidents that are not among these, before anything else is rendered."""
        if not self._open():
            return
        links = {name: found.group(1) for name in self._names() if (found := _PERMALINK.search(name))}
        gone = {incident_id for incident_id in links.values() if incident_id not in incident_ids}
        self._gone |= gone
        self._remove({name for name, incident_id in links.items() if incident_id in gone})

    def keep(self, place: Rendered, documents: Mapping[str, Document]) -> None:
        """Write documents that the cache does not have."""
        if self._written is None:
            self._left_out = True
            return
        files = {name: document for path, document in documents.items() for name in _names_of(place, path)}
        self._write({name: document for name, document in files.items() if name not in self._ahead})

    def settle(self, past: Iterable[tuple[Rendered, str]]) -> None:
        """Remove what is neither in the cache nor among the documents of the past, which are all named here."""
        if self._written is None:
            return
        keep = self._ahead.union(name for place, path in past for name in _names_of(place, path))
        self._adopt()
        for name in self._owed.keys() - keep:
            self._settle_debt(name)
        self._remove({name for name in self._names() if name not in keep})
        self._list(self._written)
        self._tell()

    def _open(self) -> bool:
        if self._written is None:
            try:
                # What is in the files is not known yet: each is compared when it is written.
                self._written = dict.fromkeys(self._folder.open(), b"")
            except OSError as error:
                self._error = error
                return False
            self.openings += 1
            self._left_out = False
        return True

    def _adopt(self) -> None:
        """Take over what a replica has left that is no more: nobody else would remove it."""
        assert self._written is not None
        try:
            self._written |= dict.fromkeys(self._folder.list_others(self._written), b"")
        except (OSError, OccupiedFolderError) as error:
            _log.warning("public_folder_list_not_read", folder=self._name, error=str(error))

    def _names(self) -> Collection[str]:
        return list(self._written or ())

    def _tell(self) -> None:
        if self.is_behind and self._error is not None and not self._is_failing:
            _log.error("public_folder_not_written", folder=self._name, error=str(self._error))
        elif self._is_failing and not self.is_behind:
            _log.info("public_folder_written_again", folder=self._name)
        self._is_failing = self.is_behind
        if not self.is_behind:
            self._gone = set()

    def _list(self, names: Collection[str]) -> bool:
        try:
            self._folder.keep_list(names)
        except OSError as error:
            self._error = error
            return False
        return True

    def _write(self, files: Mapping[str, Document]) -> None:
        assert self._written is not None
        fresh = {name for name in files if name not in self._written}
        taken = {name for name in fresh if not self._is_ours(name, files[name])}
        fresh -= taken
        is_full = bool(fresh) and not self._list(self._written.keys() | fresh)
        if not is_full:
            self._written |= dict.fromkeys(fresh, b"")
        for name, document in files.items():
            self._settle_debt(name)
            etag = document.form(b"").etag
            if self._written.get(name) == etag:
                continue
            try:
                if name in taken:
                    raise NotOursError
                if not is_full:
                    self._folder.write(name, document)
                    self._written[name] = etag
                    self._stuck.discard(name)
                    continue
            except OSError as error:
                self._error = error
                # Readers get one edition, as far as can be: what would be written next is not.
                is_full = error.errno not in _OF_ONE_FILE
            self._owe(name, document)

    def _is_ours(self, name: str, document: Document) -> bool:
        """Whether a file may be written that this replica has not written before."""
        if self._folder.is_free(name, document):
            return True
        try:
            # Another replica was first.
            return self._folder.is_listed(name)
        except OSError:
            return False

    def _owe(self, name: str, document: Document) -> None:
        """Keep what could not be written; where its last edition shows what is gone, that goes too."""
        if self._owed_bytes + document.size <= self._room or name in self._ahead:
            self._owed[name] = document
            self._owed_bytes += document.size
        else:
            self._left_out = True
        if self._written and name in self._written and self._shows_what_is_gone(name, document):
            self._written[name] = b""
            self._try_to_remove(name)

    def _shows_what_is_gone(self, name: str, document: Document) -> bool:
        edition = self._folder.read(name)
        if any(one.encode() in edition for one in self._gone):
            return True
        # A page that is not listed any more may be nobody's business.
        return name == _FRONT and not set(_LISTED.findall(edition)) <= set(_LISTED.findall(document.body))

    def _settle_debt(self, name: str) -> None:
        document = self._owed.pop(name, None)
        self._owed_bytes -= document.size if document is not None else 0

    def _remove(self, names: Collection[str]) -> None:
        assert self._written is not None
        for name in (*names, *self._stuck - self._ahead):
            if self._try_to_remove(name):
                self._written.pop(name, None)

    def _try_to_remove(self, name: str) -> bool:
        try:
            self._folder.remove(name)
        except OSError as error:
            self._error = error
            self._stuck.add(name)
            return False
        self._stuck.discard(name)
        return True


def _names_of(place: Rendered, path: str) -> Iterator[str]:
    yield _file_name(place.site.folder, path)
    for alias in place.site.aliases:
        yield _file_name(alias.strip("/"), path)
    if place.site.host is None and place.site.base and path.startswith("/incidents/"):
        # As messages link to it, without the page's path.
        yield _file_name("", path)


def _may_be_old(name: str, roots: Collection[str]) -> bool:
    """Whether a file may be of the past, of one of the pages that there are, below these folders."""
    path = name.removesuffix("index.html")
    for part in ("incidents/", "history/", "assets/"):
        root, found, _ = path.rpartition(part)
        if found and (root.strip("/") in roots or (part == "incidents/" and not root)):
            return part == "assets/" or is_old(f"/{path}")
    return False


def _files(cache: DocumentCache) -> Mapping[str, Document]:
    files = {_file_name("", path): document for path, document in cache.shared.items()}
    for host, table in cache.tables.items():
        files |= {_file_name(f"_hosts/{host}", path): document for path, document in table.items()}
    if cache.missing is not None:
        files["404.html"] = cache.missing
    return files


def _file_name(folder: str, path: str) -> str:
    name = f"{folder}{path}" if folder else path.lstrip("/")
    return f"{name}index.html" if not name or name.endswith("/") else name
