# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""A person with a browser: a real picture goes in, keypoints come out."""
import json
import shutil
import socket
import subprocess
import sys
import time
from urllib.request import urlopen

import numpy as np
import pytest

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')


@pytest.fixture
def browser():
    pytest.importorskip('gradio')
    api = pytest.importorskip('playwright.sync_api')
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f'none of {", ".join(BROWSERS)} is installed')
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=program, args=['--no-sandbox'])
        yield opened
        opened.close()


@pytest.fixture
def address(trained, tmp_path):
    """Where the command serves the quickstart's model."""
    config, weights = trained()
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, '-c', 'from vitpose_tools.cli import main; main()',
         'demo', '--config', str(config), '--checkpoint', str(weights),
         '--port', str(port), '--no-browser'],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    address = f'http://127.0.0.1:{port}'
    try:
        for _ in range(300):
            assert server.poll() is None, server.stderr.read()
            try:
                urlopen(address, timeout=1).close()
                break
            except OSError:
                time.sleep(0.5)
        yield address, config, weights
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.mark.slow
def test_a_picture_is_uploaded_and_its_keypoints_are_read(
        browser, address, real_data, tmp_path):
    from vitpose_tools import Predictor
    url, config, weights = address
    picture = sorted((real_data / 'coco').glob('*.jpg'))[0]
    page = browser.new_page()
    page.set_default_timeout(120_000)  # of a busy machine
    page.goto(url)
    page.set_input_files('input[type=file]', str(picture))
    page.get_by_text('found, with').wait_for()
    with page.expect_download() as download:
        page.locator('a[download]').last.click()
    download.value.save_as(tmp_path / 'found.json')
    page.screenshot(path=tmp_path / 'page.png', full_page=True)
    person, = json.loads((tmp_path / 'found.json').read_text())
    expected = Predictor(config, weights, boxes='whole-image')(picture)
    found = np.array([[each['x'], each['y']] for each in person['keypoints']])
    # The page loses nothing of a picture.
    np.testing.assert_allclose(found, expected.keypoints[0], atol=.02)
    assert [each['name'] for each in person['keypoints']] == list(
        expected.skeleton.names)
