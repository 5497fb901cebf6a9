# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Take the picture of the demo's page in docs/predict.md, with Chromium.

    python projects/pictures/demo.py CONFIG CHECKPOINT PICTURE
"""
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

import click
import cv2
from playwright.sync_api import sync_playwright

OUT = Path(__file__).parents[2] / 'docs' / 'images' / 'demo.jpg'
PORT = 7871


@click.command()
@click.argument('config')
@click.argument('checkpoint')
@click.argument('picture', type=click.Path(exists=True))
@click.option('--out', type=click.Path(path_type=Path), default=OUT)
def main(config: str, checkpoint: str, picture: str, out: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, '-c', 'from vitpose_tools.cli import main; main()',
         'demo', '--config', config, '--checkpoint', checkpoint, '--port',
         str(PORT), '--no-browser'])
    try:
        with tempfile.TemporaryDirectory() as folder:
            screenshot = Path(folder) / 'page.png'
            look(picture, screenshot)
            out.parent.mkdir(exist_ok=True)
            cv2.imwrite(str(out), cv2.imread(str(screenshot)),
                        [cv2.IMWRITE_JPEG_QUALITY, 85])
    finally:
        server.terminate()
        server.wait()


def look(picture: str, out: Path) -> None:
    """Upload a picture and write what the page shows then."""
    address = f'http://127.0.0.1:{PORT}'
    for _ in range(240):
        try:
            urlopen(address, timeout=1).close()
            break
        except OSError:
            time.sleep(0.5)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which('chromium'), args=['--no-sandbox'])
        page = browser.new_page(viewport=dict(width=1100, height=720))
        page.set_default_timeout(120_000)
        page.goto(address)
        page.set_input_files('input[type=file]', picture)
        page.get_by_text('found, with').wait_for()
        page.wait_for_timeout(1500)
        page.screenshot(path=out)
        browser.close()


if __name__ == '__main__':
    main()
