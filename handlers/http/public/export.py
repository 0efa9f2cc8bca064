"""The public documents as files, so that any file server can show the page while Keydesk is down.

A document `/history/` is the file `history/index.html`; what a host of its own shows is below `_hosts/<host>`.
Each file appears at once under its name, with `.gz` and `.br` beside it for servers that send those.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

import structlog

from handlers.http.public.document import BROTLI, GZIP, Document
from handlers.http.public.document_cache import DocumentCache
from handlers.http.public.rendering import Rendered, is_old

_log = structlog.get_logger(__name__)

_NEW = ".keydesk-new"
_LIST = ".keydesk"
"""The list of files that are ours; nothing else in the folder is ever touched."""
_SUFFIXES = ((BROTLI, ".br"), (GZIP, ".gz"))


class FolderExport:
    """Keeps a folder up to date: call it with each new cache, and hand it what the archive renders.

    A folder that cannot be written to is told of once, and tried with every new cache.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: dict[str, bytes] | None = None
        self._ahead: frozenset[str] = frozenset()
        self._is_failing = False
        self.openings = 0
        """How often it began to compare the folder anew; each time, the archive offers everything again."""

    @property
    def is_behind(self) -> bool:
        """Whether the folder could not be written to and does not hold what readers get."""
        return self._written is None

    def __call__(self, cache: DocumentCache) -> None:
        """Write what changed, remove what is gone."""
        files = _files(cache)
        self._ahead = frozenset(files)
        with self._guarded():
            self._write_all(files)
            # Stylesheets stay as long as documents of the past may need them.
            for name in [name for name in self._open() if name not in files and not _may_be_old(name)]:
                self._remove(name)
            if self._is_failing:
                self._is_failing = False
                _log.info("public_folder_written_again", folder=str(self._folder))

    def keep(self, place: Rendered, documents: Mapping[str, Document]) -> None:
        """Write documents that the cache does not have."""
        if self.is_behind:
            return
        files = {name: document for path, document in documents.items() for name in _names_of(place, path)}
        with self._guarded():
            self._write_all({name: document for name, document in files.items() if name not in self._ahead})

    def settle(self, past: Iterable[tuple[Rendered, str]]) -> None:
        """Remove what is neither in the cache nor among the documents of the past, which are all named here."""
        if self.is_behind:
            return
        keep = self._ahead.union(name for place, path in past for name in _names_of(place, path))
        with self._guarded():
            for name in [name for name in self._open() if name not in keep]:
                self._remove(name)
            self._keep_list(self._open())

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not self._is_failing:
                _log.error("public_folder_not_written", folder=str(self._folder), error=str(error))
            self._is_failing = True
            # Everything is compared anew next time.
            self._written = None

    def _open(self) -> dict[str, bytes]:
        if self._written is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            for leftover in self._folder.rglob(f".*{_NEW}"):
                leftover.unlink(missing_ok=True)
            listed = self._folder / _LIST
            names = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
            # What is in the files is not known yet: each is compared when it is written.
            self._written = {name: b"" for name in names if _is_inside(name)}
            self.openings += 1
        return self._written

    def _write_all(self, files: Mapping[str, Document]) -> None:
        written = self._open()
        if not files.keys() <= written.keys():
            # Listed before they are there: whatever happens next, the next start knows them for ours.
            self._keep_list(files.keys() | written.keys())
        for name, document in files.items():
            self._write(name, document)

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

    def _keep_list(self, names: Iterable[str]) -> None:
        _replace(self._folder / _LIST, "".join(f"{name}\n" for name in sorted(names)).encode())


def _names_of(place: Rendered, path: str) -> Iterator[str]:
    yield _file_name(place.site.folder, path)
    for alias in place.site.aliases:
        yield _file_name(alias.strip("/"), path)
    if place.site.host is None and place.site.base and path.startswith("/incidents/"):
        # As messages link to it, without the page's path.
        yield _file_name("", path)


def _may_be_old(name: str) -> bool:
    return is_old(f"/{name.removesuffix('index.html')}") or "assets" in PurePosixPath(name).parts


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
