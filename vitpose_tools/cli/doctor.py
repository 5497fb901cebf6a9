# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import contextlib
import json
import sys
from dataclasses import asdict
from typing import Dict, List

import click
from rich.columns import Columns
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vitpose_tools.doctor import Result, diagnose
from vitpose_tools.environment import devices, versions

COLOURS = {'ok': 'green', 'warn': 'yellow', 'fail': 'bold red'}


@click.command()
@click.option('--json', 'as_json', is_flag=True, help='Print JSON instead.')
def command(as_json: bool) -> None:
    """Check this environment and name the cure of each fault.

    Prints versions and devices, then one line per known incompatibility.
    Exits with 1 where training would fail.

    \b
    Examples:
      vitpose-mm doctor
      vitpose-mm doctor --json
    """
    # Packages print while they are imported; stdout is for the result.
    with contextlib.redirect_stdout(sys.stderr):
        with Console(stderr=True).status('Importing everything (10 s) ...'):
            results = diagnose()
            facts = versions()
            found = devices()
    failed = any(result.status == 'fail' for result in results)
    if as_json:
        click.echo(
            json.dumps(
                dict(
                    ok=not failed,
                    versions=facts,
                    devices=found,
                    checks=[asdict(result) for result in results]),
                indent=2))
    else:
        show(facts, found, results)
    sys.exit(int(failed))


def show(facts: Dict[str, str], found: List[str],
         results: List[Result]) -> None:
    """Print versions, devices, one line per check and, last, the cures."""
    console = Console(highlight=False)
    console.print(
        Columns([f'{name} {number}' for name, number in facts.items()]))
    console.print('\n'.join(found))
    table = Table('check', 'status', 'found')
    for result in results:
        colour = COLOURS[result.status]
        table.add_row(result.name, f'[{colour}]{result.status}[/]',
                      escape(result.detail))
    console.print(table)
    for result in results:
        if result.cure:
            # Not wrapped, so that commands can be copied.
            console.print(
                f'[{COLOURS[result.status]}]{result.name}[/]: '
                f'{escape(result.cure)}',
                soft_wrap=True)
    faulty = sum(result.status == 'fail' for result in results)
    console.print(
        f'[bold red]Training would fail: {faulty} to cure, top first.[/]'
        if faulty else '[green]This environment can train.[/]')
