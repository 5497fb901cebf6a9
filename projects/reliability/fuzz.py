# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Read what nobody would write, guided by the branches that it takes.

Needs atheris (pip install atheris). Each target reads one kind of file: its
bytes as they come, or changes of a sound file. A reader may refuse with its
own error; anything else is a finding, which libFuzzer writes as crash-*.

    python projects/reliability/fuzz.py checkpoint -max_total_time=600 CORPUS

The targets are checkpoint, annotations, labels, card and program. What a run
has left in its folder is kept in corpus.json, from which each run begins:

    python projects/reliability/fuzz.py keep checkpoint CORPUS
"""
import copy
import io
import json
import pickle
import struct
import sys
import zipfile
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Callable, Dict, List

import atheris

with atheris.instrument_imports(include=['vitpose_mm', 'vitpose_tools']):
    import torch
    from mmengine.registry import init_default_scope

    from vitpose_mm.checkpoints import CheckpointError, read_checkpoint
    from vitpose_mm.checkpoints.checkpoint_file import (CheckpointFile,
                                                        hand_over)
    from vitpose_mm.datasets.checks import DatasetCheck
    from vitpose_mm.fileio import write_beside
    from vitpose_tools.annotations import AnnotationError
    from vitpose_tools.data_check.check import check_annotation_file
    from vitpose_tools.labels import LabelsError
    from vitpose_tools.labels.sources import read_source
    from vitpose_tools.predict.exported.card import ExportError, read_card
    from vitpose_tools.predict.exported.check_program import read_program

FOLDER = Path(mkdtemp(prefix='fuzz'))
CORPUS = Path(__file__).parent / 'corpus.json'
PERSON = dict(id=1, image_id=7, category_id=1, iscrowd=0, num_keypoints=2,
              area=300., bbox=[2., 3., 20., 30.],
              keypoints=[5., 6., 2, 9., 9., 1] + [0] * 45,
              segmentation=[[2., 3., 20., 3., 20., 30.]])
COCO = dict(
    images=[dict(id=7, file_name='a.jpg', width=64, height=48)],
    annotations=[PERSON, dict(PERSON, id=2, segmentation=dict(
        size=[48, 64], counts=[9, 3, 3060]))],
    categories=[dict(id=1, name='person', skeleton=[[1, 2]], keypoints=[
        f'point_{i}' for i in range(17)])])
STUDIO = [dict(id=1, data=dict(img='/data/upload/1/a.jpg'), annotations=[dict(
    result=[dict(
        id='x', type='keypointlabels', to_name='img', from_name='kp',
        original_width=64, original_height=48, image_rotation=0,
        value=dict(x=10., y=20., width=.5, keypointlabels=['nose']))])])]
CARD = dict(
    format=1, skeleton=dict(
        dataset='coco', names=['a', 'b'], links=[[0, 1]], flip_indices=[1, 0],
        sigmas=[.1, .1], keypoint_colors=[[1, 2, 3]] * 2,
        link_colors=[[1, 2, 3]]),
    crop=dict(input_size=[48, 64], padding=1.25, use_udp=True),
    mean=[1., 2., 3.], std=[1., 2., 3.], channels='rgb',
    codec=dict(type='BatchUDPHeatmap', input_size=[48, 64],
               heatmap_size=[12, 16]),
    decoded=False, flip=False, dtype='float32', config='', versions={})
WEIRD = [None, True, 0, -1, 1 << 70, 1e400, -1e-9, float('nan'), '', 'a' * 99,
         '../../x', '\0', [], {}, [[]], [0] * 7, 'nan', '1', {'a': {}}]


def changed(data: atheris.FuzzedDataProvider, value: Any) -> Any:
    """A sound value with a few parts left out, doubled or replaced."""
    value = copy.deepcopy(value)
    for _ in range(data.ConsumeIntInRange(1, 4)):
        parts = list(containers(value))
        part = parts[data.ConsumeIntInRange(0, len(parts) - 1)]
        keys = list(part) if isinstance(part, dict) else range(len(part))
        if not keys:
            continue
        key = keys[data.ConsumeIntInRange(0, len(keys) - 1)]
        what = data.ConsumeIntInRange(0, len(WEIRD) + 2)
        if what < len(WEIRD):
            part[key] = copy.deepcopy(WEIRD[what])
        elif what == len(WEIRD):
            del part[key]
        elif what == len(WEIRD) + 1 and isinstance(part, list):
            part.append(copy.deepcopy(part[key]))
        else:
            part[key] = data.ConsumeUnicodeNoSurrogates(12)
    return value


def containers(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        yield value
        for part in value.values() if isinstance(value, dict) else value:
            yield from containers(part)


def vit() -> Dict[str, torch.Tensor]:
    """A ViT of one narrow block, in the official layout."""
    shapes = {
        'pos_embed': (1, 13, 8), 'patch_embed.proj.weight': (8, 3, 16, 16),
        'patch_embed.proj.bias': (8, ), 'last_norm.weight': (8, ),
        'last_norm.bias': (8, ), 'blocks.0.attn.qkv.weight': (24, 8),
        'blocks.0.attn.qkv.bias': (24, ), 'blocks.0.attn.proj.weight': (8, 8),
        'blocks.0.attn.proj.bias': (8, ), 'blocks.0.mlp.fc1.weight': (32, 8),
        'blocks.0.mlp.fc1.bias': (32, ), 'blocks.0.mlp.fc2.weight': (8, 32),
        'blocks.0.mlp.fc2.bias': (8, ), 'blocks.0.norm1.weight': (8, ),
        'blocks.0.norm1.bias': (8, ), 'blocks.0.norm2.weight': (8, ),
        'blocks.0.norm2.bias': (8, )}
    return {f'backbone.{name}': torch.zeros(shape)
            for name, shape in shapes.items()}


STATE = dict(
    state_dict=vit(), optimizer=dict(state={}, param_groups=[]),
    meta=dict(epoch=1, iter=2, cfg='model = dict(backbone=dict(type="ViT"))',
              datasets='coco,aic', dataset_meta=dict(dataset_name='coco')))


def checkpoint(data: atheris.FuzzedDataProvider) -> None:
    """Bytes, a pickle in torch's archive, a header of safetensors, or a
    changed checkpoint."""
    kind = data.ConsumeIntInRange(0, 3)
    path = FOLDER / 'a.pth'
    if kind == 3:
        torch.save(changed(data, STATE), path)
    else:
        content = data.ConsumeBytes(1 << 12)
        if kind == 1:
            with zipfile.ZipFile(path, 'w') as archive:
                archive.writestr('a/data.pkl', content)
                archive.writestr('a/version', '3')
                archive.writestr('a/byteorder', 'little')
                archive.writestr('a/data/0', b'\0' * 64)
        elif kind == 2:
            path.write_bytes(struct.pack('<Q', len(content)) + content +
                             b'\0' * 64)
        else:
            path.write_bytes(content)
    read = read_checkpoint(path)
    hand_over(read, path)
    CheckpointFile.of(read, path).to_ours()


def annotations(data: atheris.FuzzedDataProvider) -> None:
    """COCO's JSON, as `data check` and the hook before a training see it."""
    path = FOLDER / 'a.json'
    path.write_text(json.dumps(changed(data, COCO)))
    check_annotation_file(path, FOLDER, None)
    from mmpose.registry import DATASETS
    DatasetCheck()(DATASETS.build(dict(
        type='CocoDataset', ann_file=str(path), lazy_init=True)))


def labels(data: atheris.FuzzedDataProvider) -> None:
    """What labelling tools write."""
    kind = data.ConsumeIntInRange(0, 4)
    name = ('a.json', 'a.json', 'CollectedData_a.csv', 'data.yaml',
            'a.json')[kind]
    path = FOLDER / name
    if kind < 2:
        path.write_text(json.dumps(changed(data, (COCO, STUDIO)[kind])))
    else:
        path.write_bytes(data.ConsumeBytes(1 << 12))
    read_source(path, None, None)


def card(data: atheris.FuzzedDataProvider) -> None:
    """What an exported file says of itself."""
    read_card(json.dumps(changed(data, CARD)) if data.ConsumeBool()
              else data.ConsumeUnicode(1 << 10), FOLDER / 'a.onnx')


def program(data: atheris.FuzzedDataProvider) -> None:
    """A .pt2: members of its archive."""
    members = dict(PROGRAM)
    name = sorted(members)[data.ConsumeIntInRange(0, len(members) - 1)]
    if name.endswith('.json') and data.ConsumeBool():
        members[name] = json.dumps(
            changed(data, json.loads(members[name]))).encode()
    else:
        members[name] = data.ConsumeBytes(1 << 10)
    with zipfile.ZipFile(FOLDER / 'a.pt2', 'w') as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    read_program(FOLDER / 'a.pt2')


def sound_program() -> Dict[str, bytes]:
    """Members of a small exported program."""
    packed = io.BytesIO()
    torch.export.save(torch.export.export(
        torch.nn.Linear(2, 2), (torch.ones(1, 2), )), packed,
        extra_files=dict(vitpose_mm=json.dumps(CARD)))
    with zipfile.ZipFile(packed) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


TARGETS: Dict[str, Callable] = dict(
    checkpoint=checkpoint, annotations=annotations, labels=labels, card=card,
    program=program)
REFUSALS = (CheckpointError, LabelsError, AnnotationError, ExportError)
PROGRAM: Dict[str, bytes] = {}


def seeds(name: str) -> List[bytes]:
    """What a run of a target begins with: what earlier runs found worth
    keeping."""
    kept = json.loads(CORPUS.read_text()).get(name, [])
    return [bytes(64), bytes(range(256)), pickle.dumps(dict(a=1), 2),
            b'\x02{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
            *map(bytes.fromhex, kept)]


def keep(name: str, folder: Path) -> None:
    """Add what a run has left in its folder to the corpus."""
    kept = json.loads(CORPUS.read_text())
    new = {path.read_bytes().hex() for path in folder.iterdir()}
    kept[name] = sorted({*kept.get(name, []), *new},
                        key=lambda text: (len(text), text))
    write_beside(CORPUS, lambda path: path.write_text(
        json.dumps(kept, indent=0)))


def main() -> None:
    """Run the target that the first argument names, or keep its corpus."""
    name = sys.argv.pop(1)
    if name == 'keep':
        return keep(sys.argv[1], Path(sys.argv[2]))
    target = TARGETS[name]
    init_default_scope('mmpose')
    if target is program:
        PROGRAM.update(sound_program())

    def run(content: bytes) -> None:
        try:
            target(atheris.FuzzedDataProvider(content))
        except REFUSALS:
            pass

    begin = FOLDER / 'seeds'
    begin.mkdir()
    for number, content in enumerate(seeds(name)):
        (begin / str(number)).write_bytes(content)
    # New ones go to the first folder, which is the caller's.
    atheris.Setup([*sys.argv, str(begin)], run)
    atheris.Fuzz()


if __name__ == '__main__':
    main()
