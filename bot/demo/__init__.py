"""Keydesk on one machine, without an account or a token."""

from bot.demo.stage import DemoOptions, run_demo
from bot.demo.tour import StepFailedError

__all__ = ["DemoOptions", "StepFailedError", "run_demo"]
