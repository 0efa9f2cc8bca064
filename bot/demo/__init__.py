"""Keydesk on one machine, without an account or a token."""

from bot.demo.looking import StepFailedError
from bot.demo.stage import DemoOptions, run_demo

__all__ = ["DemoOptions", "StepFailedError", "run_demo"]
