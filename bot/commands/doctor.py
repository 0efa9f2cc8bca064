"""`keydesk doctor`: whether everything is as Keydesk needs it, and what to do where it is not."""

import asyncio
from collections.abc import AsyncIterator

import typer

from bot.commands.console import Console, console_of, operator, say
from bot.commands.tables import AsJson, print_json
from bot.doctor.finding import Finding, State
from bot.logging import configure_logging
from bot.settings import LogFormat, Settings, require_slack

_COLOURS = {State.OK: "green", State.LOOK: "cyan", State.WARNING: "yellow", State.PROBLEM: "red"}


def register(cli: typer.Typer) -> None:
    """Add the command."""

    @cli.command()
    def doctor(context: typer.Context, as_json: AsJson = False) -> None:
        """Look whether tokens, permissions, channels, clock, database, addresses and keys are as they must be.

        Nothing is changed and nothing posted. Ends with 1 when there is a problem; what is only to be looked at, or
        works for now, is no problem.
        """
        findings = asyncio.run(_look(console_of(context), as_json=as_json))
        if as_json:
            print_json(
                [{"what": one.what, "state": one.state, "says": one.sentence, "hint": one.hint} for one in findings]
            )
        problems = sum(one.state is State.PROBLEM for one in findings)
        if problems:
            raise typer.Exit(1)


async def _look(console: Console, *, as_json: bool) -> list[Finding]:
    settings = console.settings()
    require_slack(settings)
    # What goes wrong is a finding, and no line of a log besides.
    configure_logging(LogFormat.AUTO, "critical")
    findings: list[Finding] = []
    async for finding in _all(console, settings):
        findings.append(finding)
        if not as_json:
            _show(finding)
    return findings


def _show(finding: Finding) -> None:
    state = typer.style(f"{finding.state:<8}", fg=_COLOURS[finding.state])
    typer.echo(f"{state} {finding.what}: {finding.sentence}")
    if finding.hint:
        say(f"         {finding.hint}")


async def _all(console: Console, settings: Settings) -> AsyncIterator[Finding]:
    # Loaded here, so that other commands start without Slack's libraries.
    from bot.doctor.here import list_channels, look_at_address, look_at_database, look_at_upstream
    from bot.doctor.slack import look_at_slack

    channels = {}
    with console.database(settings) as database:
        found = look_at_database(database)
        for finding in found:
            yield finding
        if all(one.state is State.OK for one in found):
            channels = dict(list_channels(settings, database, operator()))
            for finding in look_at_upstream(settings, database, operator()):
                yield finding
    for finding in await look_at_address(settings):
        yield finding
    async for finding in look_at_slack(settings, channels):
        yield finding
