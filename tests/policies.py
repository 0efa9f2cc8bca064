"""Policies of tests in which keys are asked for with any scope, whatever the API serves by now."""

from dataclasses import replace
from typing import Any

from desk.policy import Policy
from storage.models import Scope


def policy_of(**values: Any) -> Policy:
    """A policy under which every scope can be asked for."""
    return replace(Policy(offered_scopes=tuple(Scope)), **values)
