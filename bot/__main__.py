"""The process `keydesk`, also as `python -m bot`."""

import os
import sys
from typing import NoReturn

from bot.cli import main


def enter() -> NoReturn:
    """Run the command line, and end the process with what it says.

    Not by way of the interpreter's own end: while that takes everything apart, threads of the library that calls
    Statuspages may still let go of something of Python's, and that aborts the process.
    """
    status = 1
    try:
        main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            # Nobody reads any more, or the disk is full: what was to be said was not.
            status = status or 1
    os._exit(status)


if __name__ == "__main__":
    enter()
