# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from vitpose_tools.cli.main import main

START = [
    sys.executable, '-c', 'import sys; sys.argv[0] = "vitpose-mm"; '
    'from vitpose_tools.cli import main; main()'
]


def synth(*args):
    return CliRunner().invoke(main, ['synth', *map(str, args)])


def test_draws_then_says_that_nothing_is_left_to_do(tmp_path):
    first = synth(tmp_path / 'a', '--images', 2, '--seed', 1)
    again = synth(tmp_path / 'a', '--images', 2, '--seed', 1)

    assert first.exit_code == again.exit_code == 0, first.output
    assert re.search(r'^Drew 2 images into .*/a in [\d.]+ s\.$', first.output)
    assert again.output.endswith('a is complete: 2 images of seed 1.\n')


def test_json_holds_the_result(tmp_path):
    args = (tmp_path, '--images', 1, '--seed', 5, '--workers', 1, '--json')
    drawn, kept = (json.loads(synth(*args).stdout) for _ in range(2))

    assert drawn.pop('seconds') >= 0 and kept.pop('seconds') >= 0
    want = dict(out=str(tmp_path), images=1, seed=5)
    assert drawn == dict(want, drawn=True)
    assert kept == dict(want, drawn=False)


@pytest.mark.parametrize('args', [
    ('--images', 0, '--seed', 1),
    ('--images', 3, '--seed', -1),
    ('--images', 3, '--seed', 1, '--workers', 0),
])
def test_values_out_of_range_are_named(tmp_path, args):
    result = synth(tmp_path / 'a', *args)

    assert result.exit_code == 2
    assert "is not in the range" in result.output
    assert not (tmp_path / 'a').exists()


def test_another_dataset_needs_overwrite(tmp_path):
    synth(tmp_path, '--images', 1, '--seed', 1)

    refused = synth(tmp_path, '--images', 1, '--seed', 2)
    assert refused.exit_code == 1
    assert refused.output.count('\n') == 1
    assert '"seed":1' in refused.output and '--overwrite' in refused.output

    replaced = synth(tmp_path, '--images', 1, '--seed', 2, '--overwrite')
    assert replaced.exit_code == 0


def test_out_that_cannot_be_a_folder_is_named(tmp_path):
    (tmp_path / 'file').write_text('')
    result = synth(tmp_path / 'file', '--images', 1, '--seed', 1)

    assert result.exit_code == 1
    assert re.match(r'Error: .*file.*: Not a directory\n$',
                    result.output)


def test_failed_write_ends_in_one_message_and_no_annotations(tmp_path):
    run = subprocess.run(
        [*START, 'synth',
         str(tmp_path), '--images', '9', '--seed', '1'],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                              (4096, 4096)),
        capture_output=True,
        text=True,
        timeout=300)

    assert run.returncode == 1
    assert re.fullmatch(r'Error: .*: not written: File too large\n',
                        run.stderr)
    assert not (tmp_path / 'annotations.json').exists()


def children(pid):
    listed = subprocess.run(
        ['ps', '-o', 'pid=', '--ppid', str(pid)],
        capture_output=True,
        text=True,
        timeout=60).stdout
    return [int(child) for child in listed.split()]


def wait_for(condition):
    for _ in range(1200):  # a minute
        if condition():
            return True
        time.sleep(.05)
    return False


@pytest.fixture
def running(tmp_path):
    """A long run that has begun to draw."""
    process = subprocess.Popen([
        *START, 'synth',
        str(tmp_path), '--images', '100000', '--seed', '1', '--workers', '2'
    ],
                               stderr=subprocess.PIPE,
                               text=True)
    try:
        assert wait_for(lambda: any((tmp_path / 'images').glob('*.jpg')))
        yield process
    finally:
        process.kill()
        process.wait(timeout=60)


def test_killed_worker_ends_in_one_message(running, tmp_path):
    os.kill(children(running.pid)[0], signal.SIGKILL)

    assert 'A drawing process was killed' in running.communicate(timeout=60)[1]
    assert running.returncode == 1
    assert not (tmp_path / 'annotations.json').exists()


def test_workers_end_with_a_killed_run(running):
    workers = children(running.pid)
    running.kill()
    running.wait(timeout=60)

    assert len(workers) == 2
    assert wait_for(
        lambda: not any(os.path.exists(f'/proc/{pid}') for pid in workers))


def test_people_in_each_image_can_be_chosen(tmp_path):
    synth(tmp_path, '--images', 2, '--seed', 1, '--people', 5)

    coco = json.loads((tmp_path / 'annotations.json').read_text())
    assert 5 < len(coco['annotations']) <= 10


def test_other_bodies_can_be_drawn_and_made_hard(tmp_path):
    synth(tmp_path, '--images', 2, '--seed', 1, '--skeleton', 'giraffe_17',
          '--hard')

    coco = json.loads((tmp_path / 'annotations.json').read_text())
    category, = coco['categories']
    assert category['name'] == 'giraffe_17'
    assert {max(image['width'], image['height']) for image in coco['images']
            } == {160}


def test_all_skeletons_can_be_named():
    from vitpose_tools.cli.synth import SKELETON_NAMES
    from vitpose_tools.synth import SKELETONS
    assert SKELETON_NAMES == tuple(SKELETONS)
