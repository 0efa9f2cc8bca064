"""Where tests keep their files."""

import os
import shutil
import tempfile

_ENOUGH = 2**30


def find_place() -> str:
    """A folder with a short path: in memory where there is enough of it, since most tests begin with a database."""
    for place, enough in (("/dev/shm", _ENOUGH), ("/tmp", 0)):  # noqa: S108 - folders of our own are made in it
        if os.access(place, os.W_OK) and shutil.disk_usage(place).free > enough:
            return place
    return tempfile.gettempdir()
