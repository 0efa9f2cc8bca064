"""The list of a folder in which some files are ours."""

from pathlib import Path

from handlers.http.public.folder import OwnFolder


def test_what_another_replica_is_about_to_write_stays_listed(tmp_path: Path) -> None:
    """A name is listed before its file is there, so that nobody takes the file for somebody else's; one that was
    removed goes at once."""
    one, other = OwnFolder(tmp_path, "acme"), OwnFolder(tmp_path, "acme")
    one.keep_list({"index.html", "new.html"})
    other.keep_list({"index.html"})
    assert other.is_listed("new.html")
    one.remove("new.html")
    one.keep_list({"index.html"})
    assert not other.is_listed("new.html")
