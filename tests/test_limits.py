# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""No test waits for ever: read from the source of the tests."""
import ast
from typing import Iterator

import pytest

# With no positional argument these wait for a process, a thread or a queue.
WAITING = {'wait', 'join', 'get', 'communicate'}
STARTING = {'run', 'call', 'check_call', 'check_output'}


def waits(source: str) -> Iterator[int]:
    """Lines that wait without a limit."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.While):
            calls = [ast.unparse(part.func) for part in ast.walk(node)
                     if isinstance(part, ast.Call)]
            if 'time.sleep' in calls:
                yield node.lineno
        if not isinstance(node, ast.Call) or not isinstance(
                node.func, ast.Attribute):
            continue
        owner, name = ast.unparse(node.func.value), node.func.attr
        starts = owner == 'subprocess' and name in STARTING
        if starts or name in WAITING and not node.args:
            if 'timeout' not in {word.arg for word in node.keywords}:
                yield node.lineno


def test_tests_do_not_wait_without_a_limit(repo):
    found = [f'{path.relative_to(repo)}:{line}'
             for path in sorted((repo / 'tests').rglob('*.py'))
             for line in waits(path.read_text())]

    assert not found


@pytest.mark.parametrize('source', [
    'process.wait()', 'subprocess.run(line, shell=True)', 'queue.get()',
    'while not done():\n    time.sleep(1)'])
def test_a_wait_without_a_limit_is_found(source):
    assert list(waits(source)) == [1]
