# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from datetime import date
from pathlib import Path
from typing import Dict, Optional

from vitpose_mm.checkpoints.checkpoint_file import CheckpointFile
from vitpose_mm.checkpoints.complete import incomplete
from vitpose_mm.checkpoints.dense import fold_dataset
from vitpose_mm.checkpoints.layouts import hf, mmpose, official, vitpose_mm
from vitpose_mm.checkpoints.names import StateDict, ffn_of
from vitpose_mm.checkpoints.other_functions import foreign_feature
from vitpose_mm.checkpoints.read import (CheckpointError, digest,
                                         read_checkpoint, weights_file)
from vitpose_mm.checkpoints.report import Report
from vitpose_mm.checkpoints.write import write_weights
from vitpose_mm.fileio import write_beside
from vitpose_mm.version import __version__
from .contents import Contents, missing_names, read_contents
from .hf_config import hf_config

TARGETS = {'vitpose_mm': vitpose_mm, 'mmpose': mmpose, 'official': official,
           'hf': hf}
# Kinds of experts that a layout can hold; None is a dense file.
EXPERTS = {
    'vitpose_mm': (None, 'partial', 'independent', 'shared_independent'),
    'mmpose': (None, ),
    'official': (None, 'partial'),
    'hf': (None, 'partial'),
}


def convert(source: Path, target: Path, layout: str,
            dataset: Optional[str] = None) -> Report:
    """Write a checkpoint in another layout.

    Args:
        source: A file of any known layout.
        target: A .pth or .safetensors file; for 'hf' a new folder.
        layout: A key of TARGETS.
        dataset: Takes this dataset's expert and head out of a joint ViTPose+
            file.

    Returns:
        What was folded and ignored.

    Raises:
        CheckpointError: If the source cannot be read or the target cannot
            exist; nothing is written then.
        OSError: If the disk refuses.
    """
    check_target(target, layout)
    file = CheckpointFile.of(
        read_checkpoint(source, map_location='cpu', mmap=True), source)
    state_dict, report = file.to_ours()
    feature = foreign_feature(state_dict)
    if feature and layout != 'vitpose_mm':
        raise CheckpointError(f"{source} has {feature}, which the layout "
                              f"'{layout}' does not have")
    if dataset:
        state_dict = fold_dataset(state_dict, dataset, report)
    elif ffn_of(state_dict) not in EXPERTS[layout]:
        raise CheckpointError(
            f'{source} is a joint ViTPose+ file with {ffn_of(state_dict)} '
            f"experts, which the layout '{layout}' does not have; choose one "
            f"with --dataset: {', '.join(report.datasets)}")
    contents = read_contents(state_dict, file)
    missing = missing_names(state_dict, contents)
    if missing:
        raise CheckpointError(incomplete(str(source), sorted(missing)))
    check_function(contents, layout, source)
    provenance = describe_source(source, report, dataset)
    if file.grid == contents.grid:
        provenance['grid'] = '{}x{}'.format(*contents.grid)
    # The config of a joint model is not that of what is taken out of it.
    names = dict(cfg='source_cfg', source_cfg='source_cfg') if dataset else {
        key: key for key in ('dataset_meta', 'cfg', 'source_cfg')}
    kept = {names[key]: file.meta[key] for key in names if key in file.meta}
    if layout == 'hf':
        config = hf_config(contents, report.source)
        write_beside(target, lambda folder: write_folder(
            folder, config, hf.from_ours(state_dict), provenance))
        return report
    converted = TARGETS[layout].from_ours(state_dict)
    write_beside(target, lambda path: write_weights(
        path, converted, provenance, kept))
    return report


def check_target(target: Path, layout: str) -> None:
    """Refuse a target of the wrong kind before any work is done.

    Raises:
        CheckpointError: If so.
    """
    if layout == 'hf':
        if target.suffix in ('.pth', '.safetensors') or target.is_file():
            raise CheckpointError(f'{target} must be a folder for --to hf, '
                                  'which writes config.json and weights')
        if target.is_dir() and any(target.iterdir()):
            raise CheckpointError(f'{target} is not empty; name a new folder')
    elif target.suffix not in ('.pth', '.safetensors'):
        raise CheckpointError(
            f'{target} must end in .pth or .safetensors for --to {layout}')
    elif target.is_dir():
        raise CheckpointError(f'{target} is a folder; name a file')


def check_function(contents: Contents, layout: str, source: Path) -> None:
    """Refuse to write what the layout's code would compute otherwise.

    Raises:
        CheckpointError: If so: no tensor shows it, so nobody would notice.
    """
    if layout == 'vitpose_mm':
        return
    odd = dict(attention=contents.attention) if contents.attention else {}
    if layout == 'hf' and contents.patch_stride != contents.patch_size:
        odd['patch_stride'] = contents.patch_stride
    if odd:
        options = ', '.join(f'{name}={value!r}' for name, value in odd.items())
        raise CheckpointError(
            f"{source} was trained with {options}, which the layout "
            f"'{layout}' does not have: its code would compute something else")


def describe_source(source: Path, report: Report,
                    dataset: Optional[str]) -> Dict[str, str]:
    """Say where weights come from, for the metadata of the new file."""
    path = weights_file(source)
    told = dict(
        source=path.name,
        source_sha256=digest(path),
        source_layout=report.layout,
        converted_by=f'vitpose_mm {__version__}',
        converted_on=date.today().isoformat())
    if dataset:
        told['dataset'] = dataset
    elif report.datasets:
        told['datasets'] = ','.join(report.datasets)
    return told


def write_folder(folder: Path, config: dict, state_dict: StateDict,
                 provenance: Dict[str, str]) -> None:
    """Write what VitPoseForPoseEstimation.from_pretrained loads."""
    folder.mkdir()
    (folder / 'config.json').write_text(json.dumps(config, indent=2) + '\n')
    write_weights(folder / 'model.safetensors', state_dict, provenance, {})
