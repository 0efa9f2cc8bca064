"""Questions that outlive who asked them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from storage.open_questions import OpenQuestion, OpenQuestions

URL = make_url("postgresql://keydesk:secret@db.example/keydesk")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where they are kept; there is none before."""
    return tmp_path / "unknown"


@pytest.fixture
def questions(folder: Path) -> OpenQuestions:
    """Those about one database."""
    return OpenQuestions(folder, URL)


@pytest.fixture
def left(questions: OpenQuestions, folder: Path) -> Iterator[Path]:
    """A question whose asker is no more."""
    questions.keep(7, "U0MIA00001", "/keys request").release()
    [path] = folder.iterdir()
    yield path


def _said(found: list[OpenQuestion]) -> list[tuple[int, str, str]]:
    return [(question.number, question.user_id, question.what) for question in found]


def test_what_somebody_asks_is_left_to_them(questions: OpenQuestions, folder: Path) -> None:
    """A question that is held is nobody else's, is for no other eyes, and is gone once it is answered."""
    question = questions.keep(7, "U0MIA00001", "/keys request")
    assert list(questions.take_over()) == []
    [path] = folder.iterdir()
    assert (path.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    assert "secret" not in path.read_text()
    question.forget()
    question.release()
    assert list(folder.iterdir()) == []


def test_what_a_process_left_is_taken_over_once(questions: OpenQuestions, left: Path) -> None:
    """By who comes first, until it is answered."""
    taken = list(questions.take_over())
    assert _said(taken) == [(7, "U0MIA00001", "/keys request")]
    assert list(questions.take_over()) == []
    taken[0].forget()
    taken[0].release()
    assert not left.exists()


def test_another_database_is_not_asked(folder: Path, left: Path) -> None:
    """Numbers of transactions are good where they were given."""
    assert list(OpenQuestions(folder, URL.set(host="other.example")).take_over()) == []
    assert left.exists()


def test_after_a_day_nobody_waits(questions: OpenQuestions, left: Path) -> None:
    """It goes unanswered."""
    status = left.stat()
    os.utime(left, (status.st_atime, status.st_mtime - 25 * 60 * 60))
    assert list(questions.take_over()) == []
    assert not left.exists()


@pytest.mark.parametrize("said", ["", "{", "[]", json.dumps({"database": "x"})])
def test_what_was_half_written_is_no_question(questions: OpenQuestions, left: Path, said: str) -> None:
    """A kill in the midst of it stops no start."""
    left.write_text(said)
    assert list(questions.take_over()) == []
