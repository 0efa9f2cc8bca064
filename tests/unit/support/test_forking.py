"""Processes of their own for tests."""

import multiprocessing

import pytest

from tests.forking import Fork


def run_parent() -> None:
    """Start a process, and say how it ended."""
    child = multiprocessing.get_context("fork").Process(target=print, args=("the child",), daemon=True)
    child.start()
    child.join()
    print("ended with", child.exitcode)  # noqa: T201 - what is heard


@pytest.mark.parametrize("parent", [True, False])
def test_a_parent_alone_may_start_processes(*, parent: bool) -> None:
    """As the demo does, behind whose gateway a second Keydesk runs."""
    process = Fork(run_parent, heard=True, parent=parent)
    assert process.stdout is not None
    with process.stdout as heard:
        assert ("ended with 0" in heard.read()) is parent
    assert (process.wait(20) == 0) is parent
