# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The pages that users read, and what stands in them."""
import re
from pathlib import Path
from typing import List

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / 'README.md', ROOT / 'CONTRIBUTING.md',
    *sorted((ROOT / 'docs').glob('*.md'))
]


def blocks(page: Path, language: str) -> List[str]:
    return re.findall(rf'```{language}\n(.*?)```', page.read_text(), re.S)


def commands(page: Path, program: str) -> List[str]:
    """Command lines of a program, as a pattern; continued lines joined."""
    lines = '\n'.join(blocks(page, 'bash')).replace('\\\n', ' ').split('\n')
    return [line for line in lines if re.match(f'{program} ', line)]
