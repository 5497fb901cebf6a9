# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import List, Optional

from vitpose_mm.checkpoints.checkpoint_file import CheckpointFile
from vitpose_mm.checkpoints.complete import cure_for_missing
from vitpose_mm.checkpoints.expert_datasets import EXPERT_DATASETS, full_name
from vitpose_mm.checkpoints.names import EXPERT, StateDict
from vitpose_mm.checkpoints.read import parts_of, read_checkpoint, weights_file
from vitpose_mm.models.backbones.archs import ARCHS
from vitpose_mm.models.backbones.attention_options import call
from vitpose_tools.configs import ROOTS
from .contents import Contents, missing_names, read_contents

# Grids of the published crops at half the usual stride.
STRIDE_8 = ((32, 24), )
# Layouts in which ViTPose+ models are published.
PUBLISHED = ('official', 'hf')
# Keypoints of a head -> its dataset, where it is the only one or the first.
KEYPOINT_DATASETS = {17: 'coco', 16: 'mpii', 14: 'aic', 133: 'coco_wholebody'}
# easy_ViTPose's names of what it has split, of which nothing is left over.
EASY = re.compile(r'(?:.*-)?vitpose-[sblh]-(\w+)')


def inspect_checkpoint(path: Path, address: Optional[str] = None) -> dict:
    """Describe a checkpoint.

    Args:
        path: File, or folder as transformers writes it.
        address: That it was downloaded from.

    Returns:
        Values that JSON can hold: what the file contains, what loading does
        to it, what is unusual and which config of this repository fits.

    Raises:
        CheckpointError: If the file cannot be read or its layout is unknown.
    """
    checkpoint = read_checkpoint(path, map_location='cpu', mmap=True)
    file = CheckpointFile.of(checkpoint, path)
    dtypes = {str(tensor.dtype).replace('torch.', '')
              for tensor in file.tensors.values()}
    # Names and shapes tell all; nothing needs to be read or computed.
    file.tensors = {key: tensor.to('meta')
                    for key, tensor in file.tensors.items()}
    state_dict, report = file.to_ours()
    contents = read_contents(state_dict, file)
    # Of a published ViTPose+ file, by the official tool or by `convert`.
    is_split = not contents.datasets and bool(
        EASY.fullmatch(path.stem) or any(map(EXPERT.search, file.tensors)))
    told = source_of(file)
    is_taken = 'dataset' in told and told.get('source_layout') in PUBLISHED
    return dict(
        file=str(path),
        bytes=sum(part.stat().st_size
                  for part in parts_of(weights_file(path))),
        layout=report.layout,
        **asdict(contents),
        dtypes=sorted(dtypes),
        on_load=[f'{kind}: {line}' for kind, line in report.rows()],
        unusual=[
            *unusual_contents(contents, state_dict, path),
            *unusual_file(path, checkpoint)
        ],
        config=find_config(
            contents, find_dataset(path, contents, file, is_split),
            is_split or is_taken and not contents.datasets),
        advice=advise(address or str(path), contents))


def unusual_contents(contents: Contents, state_dict: StateDict,
                     path: Path) -> List[str]:
    """What sets weights apart from the published ones, in sentences."""
    unusual = []
    if contents.arch is None:
        unusual.append(f"the size is none of {', '.join(ARCHS)}")
    size = contents.parallel_kernel
    if size:
        unusual.append(f'a ViTAE: a {size}x{size} convolution beside each '
                       "attention; the backbone must have type='ViTAE'")
    tables = [state_dict.get(f'backbone.blocks.0.attn.rel_pos.{axis}')
              for axis in ('rows', 'cols')]
    if tables[0] is not None:
        window = 'x'.join(str(len(table) // 2 + 1) for table in tables)
        unusual.append(f'relative positions within {window} patches; the '
                       'backbone must have attention=dict(rel_pos=True)')
    if contents.num_heads is None:
        unusual.append('the number of heads is unknown: no tensor shows it')
    if not contents.has_last_norm and contents.arch == 'small':
        unusual.append(
            'no tensor shows the number of heads: ViTPose-S has 12, but '
            "DeiT-S, DINO-S and timm's small have 6 and need "
            'arch=dict(embed_dim=384, depth=12, num_heads=6)')
    if contents.attention:
        unusual.append(f'the backbone must have {call(contents.attention)}, '
                       'as in the config of the training')
    if contents.patch_stride != contents.patch_size:
        unusual.append('the backbone must have patch_stride='
                       f'{contents.patch_stride}, as in the config of the '
                       'training')
    if not contents.is_stated and contents.grid in STRIDE_8:
        height, width = (8 * side for side in contents.grid)
        unusual.append(f'crops of {height}x{width} pixels at a feature stride '
                       'of 8 have as many patches; nothing in the file shows '
                       'which it is')
    if contents.patch_size != 16:
        unusual.append(f'patches of {contents.patch_size} pixels, not 16')
    if contents.num_knowledge_tokens:
        count = contents.num_knowledge_tokens
        unusual.append(f'{count} knowledge token{"s" * (count > 1)} of a '
                       'distilled student (backbone.knowledge_token): needs '
                       f'model.backbone.num_knowledge_tokens={count}')
    if contents.part_features not in (None, contents.embed_dim // 4):
        unusual.append(
            f'experts of {contents.part_features} channels; released '
            f'ones have embed_dim / 4 = {contents.embed_dim // 4}')
    for name, head in contents.heads.items():
        if EXPERT_DATASETS.get(name, head.keypoints) != head.keypoints:
            unusual.append(f'the head of {name} has {head.keypoints} '
                           f'keypoints, not {EXPERT_DATASETS[name]}')
    missing = missing_names(state_dict, contents)
    if missing:
        unusual.append(f'missing: {", ".join(sorted(missing)[:4])}'
                       f'{" and more" if len(missing) > 4 else ""}; '
                       f'{cure_for_missing(path)}')
    return unusual


def unusual_file(path: Path, checkpoint: dict) -> List[str]:
    """What a file holds beside weights, and config.json beside a file."""
    extra = [key for key in ('optimizer', 'message_hub', 'ema_state_dict')
             if key in checkpoint]
    unusual = [f'training state inside: {", ".join(extra)}'] if extra else []
    config = weights_file(path).with_name('config.json')
    epsilon = read_epsilon(config) if config.is_file() else None
    if epsilon not in (None, 1e-6):
        unusual.append(f'{config.name} has layer_norm_eps {epsilon}; ViTPose '
                       'is trained with 1e-6, which is used here')
    return unusual


def read_epsilon(config: Path) -> Optional[float]:
    """layer_norm_eps of a config.json, None if that is not VitPose's."""
    try:
        backbone = json.loads(config.read_text())['backbone_config']
    except (ValueError, KeyError, TypeError):
        return None
    # transformers leaves its default out of the file.
    return backbone.get('layer_norm_eps', 1e-12)


def find_config(contents: Contents, dataset: Optional[str],
                is_plus: bool) -> Optional[str]:
    """Name a config of this repository that the file fits, None if there is
    none: relative to the repository.

    Args:
        contents: Of the file.
        dataset: Of its head; None if nothing tells it.
        is_plus: Whether the head is one of a published ViTPose+ model, whose
            datasets were not all encoded as ours are.
    """
    head = contents.heads.get((contents.datasets or [''])[0])
    decoder, (height, width) = '', contents.img_size
    if head:
        decoder = '-simple' if head.decoder == 'simple' else ''
    else:
        height, width = 256, 192  # pre-training: the position is resized
    if contents.attention or dataset is None:
        return None
    stride = '' if contents.patch_stride == contents.patch_size else \
        f'-stride{contents.patch_stride}'
    for encoding in ('-published', '') if is_plus else ('', ):
        name = (f'td-hm_ViTPose-{contents.arch}{stride}{decoder}_*_'
                f'{dataset.replace("_", "-")}{encoding}-{height}x{width}.py')
        for root in ROOTS:
            for path in sorted(root.glob(f'configs/**/{name}')):
                return str(path.relative_to(root))
    return None


def find_dataset(path: Path, contents: Contents, file: CheckpointFile,
                 is_split: bool) -> Optional[str]:
    """Find what a dense file was trained on, None if nothing tells it.

    `convert` writes it; the official tool that splits ViTPose+ files names
    them after it; else the number of keypoints tells.
    """
    head = contents.heads.get((contents.datasets or [''])[0])
    if head is None:
        return 'coco'
    told = full_name(source_of(file).get('dataset') or '')
    if told:
        return told
    easy = EASY.fullmatch(path.stem)
    stem = full_name(re.sub(r'[^a-z0-9_]', '',
                            easy[1] if easy else path.stem.lower()))
    if is_split and EXPERT_DATASETS.get(stem) == head.keypoints:
        return stem
    return KEYPOINT_DATASETS.get(head.keypoints)


def source_of(file: CheckpointFile) -> dict:
    """What `convert` wrote about where a file is from, {} if nothing."""
    told = file.meta.get('vitpose_mm', file.meta)
    return told if isinstance(told, dict) else {}


def advise(source: str, contents: Contents) -> str:
    """What to type next with a file or an address."""
    if contents.datasets and 'dataset=' not in source.partition('#')[2]:
        return (f'vitpose-mm checkpoint convert {source} OUT.pth --to '
                f'vitpose_mm --dataset {contents.datasets[0]}')
    if contents.heads:
        return f'mim test mmpose CONFIG --checkpoint {source}'
    return ('mim train mmpose CONFIG --cfg-options '
            'model.backbone.init_cfg.type=Pretrained '
            f'model.backbone.init_cfg.checkpoint={source}')
