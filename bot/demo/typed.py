"""Commands of `keydesk` as an operator of the demo types them: in processes of their own."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import bot
from bot.demo.looking import StepFailedError
from bot.settings import Settings

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Typed:
    """A terminal on the demo's machine."""

    settings: Settings
    seal: str = field(repr=False)

    def run(self, *words: str, given: str = "") -> str:
        """What `keydesk` with these words prints, `given` on its standard input. Raises StepFailedError when it
        refuses."""
        mine = {name: text for name, text in os.environ.items() if not name.startswith(("KEYDESK_", "SLACK_"))}
        folder = self.settings.data_folder
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "bot", *words],
            input=given,
            # Where no `.env` of somebody's own is; the program itself may be a checkout that is not installed.
            cwd=folder,
            env=mine
            | {
                "PYTHONPATH": os.pathsep.join([str(Path(bot.__file__).parents[1]), mine.get("PYTHONPATH", "")]),
                "KEYDESK_DATA_FOLDER": str(folder),
                "KEYDESK_DATABASE_URL": self.settings.database_url,
                "KEYDESK_ENCRYPTION_KEYS": self.seal,
            },
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode:
            raise StepFailedError(f"keydesk {' '.join(words)}: {done.stderr or done.stdout}")
        return done.stdout.strip()
