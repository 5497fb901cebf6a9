# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import subprocess
import sys

import pytest
from click.testing import CliRunner

from vitpose_tools.cli import main
from vitpose_tools.cli.main import COMMANDS


@pytest.mark.parametrize('name', COMMANDS)
def test_every_command_has_help_with_examples(name):
    result = CliRunner().invoke(main, [name, '--help'])

    assert result.exit_code == 0, result.output
    assert f'vitpose-mm {name}' in result.output


def test_help_lists_every_command():
    output = CliRunner().invoke(main, ['--help']).output

    for name, (_, text) in COMMANDS.items():
        assert f'{name} ' in output
        assert text.split('.')[0][:30] in output


def test_unknown_command_is_an_error_that_names_it():
    result = CliRunner().invoke(main, ['trian'])

    assert result.exit_code == 2
    assert 'trian' in result.output


def test_help_does_not_wait_for_torch():
    script = ('import sys; sys.argv = ["vitpose-mm", "--help"]\n'
              'from vitpose_tools.cli import main\n'
              'try:\n'
              '    main()\n'
              'finally:\n'
              '    assert not {"torch", "mmengine", "mmpose"} '
              '& set(sys.modules)')

    result = subprocess.run([sys.executable, '-c', script],
                            capture_output=True, text=True, timeout=300)

    assert result.returncode == 0, result.stderr
    assert 'doctor' in result.stdout
