"""Where the text of a setting comes from: the environment, `.env`, and files that hold one secret each."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from dotenv import dotenv_values

SECRETS = (
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "KEYDESK_SLACK_PROXY",
    "KEYDESK_DATABASE_URL",
    "KEYDESK_DATABASE_DIRECT_URL",
    "KEYDESK_ENCRYPTION_KEYS",
    "KEYDESK_STATUSPAGE_KEYS",
)
"""What is shown masked only, and may come from a file."""
IN_FILE = "_FILE"
SECRETS_FOLDER = "KEYDESK_SECRETS_FOLDER"
_LONGEST = 8192
"""Bytes. What is longer is no secret but a mistake."""


class Source(StrEnum):
    """Where a value comes from."""

    DEFAULT = "default"
    ENV_FILE = ".env"
    ENVIRONMENT = "environment"


class _UnreadableError(Exception):
    """Why a file gives no secret, as it goes on behind the file's name."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written where, before it is understood. Names are upper case."""

    environment: Mapping[str, str]
    env_file: Mapping[str, str]
    files: dict[str, tuple[str, Path]] = field(default_factory=dict)
    """Secrets that files hold, and which."""
    problems: list[str] = field(default_factory=list)
    """What is wrong with those files, a sentence each."""

    def find(self, variable: str) -> tuple[str, str] | None:
        """The text of a setting and where it comes from; None where it is not set."""
        if text := self.environment.get(variable):
            return text, Source.ENVIRONMENT
        if text := self.env_file.get(variable):
            return text, Source.ENV_FILE
        if variable in self.files:
            text, path = self.files[variable]
            return text, f"file {path}"
        return None

    def names(self) -> Iterator[str]:
        """Every variable of the environment and `.env`."""
        yield from self.environment
        yield from self.env_file


def read_written(env_file: Path | None) -> Written:
    """What is written in the environment, in `env_file`, and in the files that these name."""
    in_file = dotenv_values(env_file) if env_file and env_file.is_file() else {}
    written = Written(
        {name.upper(): text for name, text in os.environ.items()},
        {name.upper(): text or "" for name, text in in_file.items()},
    )
    folder = written.find(SECRETS_FOLDER)
    if folder and not Path(folder[0]).is_dir():
        written.problems.append(f"{SECRETS_FOLDER} names {folder[0]}, which is no folder.")
        folder = None
    for variable in SECRETS:
        _read_secret(written, variable, Path(folder[0]) if folder else None)
    return written


def _read_secret(written: Written, variable: str, folder: Path | None) -> None:
    """The file that `<variable>_FILE` names, else the one in the folder that is called as the variable."""
    named, is_given = written.find(variable + IN_FILE), written.find(variable) is not None
    if named:
        if is_given:
            written.problems.append(
                f"{variable} and {variable}{IN_FILE} are both set: take one away, so that it is certain which counts."
            )
            return
        path, said = Path(named[0]), f"{variable}{IN_FILE} names {named[0]}, which"
    else:
        found = _find_in(folder, variable)
        if found is None or is_given:
            return
        path, said = found, f"{variable} comes from {found}, which"
    try:
        written.files[variable] = _content(path), path
    except _UnreadableError as error:
        written.problems.append(f"{said} {error}.")


def _find_in(folder: Path | None, variable: str) -> Path | None:
    if folder is None:
        return None
    return next((folder / name for name in (variable, variable.lower()) if os.path.lexists(folder / name)), None)


def _content(path: Path) -> str:
    """A file's one line, without the end of it. Raises _UnreadableError."""
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST + 1)
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise _UnreadableError("is not text in UTF-8") from None
    except OSError as error:
        raise _UnreadableError(_why(error)) from None
    if not text:
        raise _UnreadableError("is empty")
    if len(content) > _LONGEST or "\n" in text or "\0" in text:
        raise _UnreadableError("holds more than one line: put the secret alone into it")
    return text


def _why(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "is not there"
    if isinstance(error, IsADirectoryError):
        return "is a folder"
    if isinstance(error, PermissionError):
        return "Keydesk may not read: give its user the right to"
    return f"cannot be read ({error.strerror})"
