# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from pathlib import Path
from typing import Any, Dict, List, Union

from vitpose_mm.fileio import write_all_beside
from vitpose_tools.progress import progress
from .numbers import count_up
from .page import write_html
from .predictions import predict_test_set
from .run import Run

LISTED = 24  # worst people, and disagreements, with a picture each


def name_of(work_dir: Path) -> str:
    """The folder of a training and the one around it: `vitpose-mm finetune`
    calls each of them 'run'."""
    return '/'.join(work_dir.resolve().parts[-2:])


def write_page_of_run(run: Run, checkpoint: Union[None, str, Path],
                      notes: List[str]) -> Dict[str, Any]:
    """Test a training and write what came of it: page.html and page.json in
    its work directory.

    Args:
        run: The training.
        checkpoint: Its weights, None if there are none yet.
        notes: Gets what a reader of the page should know.

    Returns:
        What page.json holds; error_table shows it on a terminal.

    Raises:
        RunError: If the test set is not of people of one skeleton, labelled
            in boxes.
        CheckpointError: If the weights cannot be read.
        OSError: If the disk refuses.
    """
    people, ann_file = predict_test_set(run, checkpoint, notes)
    numbers = dict(work_dir=str(run.work_dir), checkpoint=str(checkpoint),
                   test_set=ann_file, **count_up(people, LISTED))
    pictures = sum(len(numbers[key]) for key in
                   ('worst', 'disagreements', 'unlabelled'))
    with progress('Drawing the page', pictures) as advance:
        page = write_html(
            people, numbers, f'Report of {name_of(run.work_dir)}',
            [f'weights {checkpoint}', f'test set {ann_file}', *notes],
            advance)
    write_all_beside({
        run.work_dir / 'page.html':
        lambda path: path.write_text(page, encoding='utf-8'),
        run.work_dir / 'page.json':
        lambda path: path.write_text(
            json.dumps(numbers, indent=2, ensure_ascii=False),
            encoding='utf-8')})
    return numbers
