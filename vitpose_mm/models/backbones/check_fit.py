# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What a file and a ViT must have in common."""
from typing import Optional, Tuple

from vitpose_mm.checkpoints.complete import incomplete
from vitpose_mm.checkpoints.names import BACKBONE, PARALLEL_CONV, StateDict
from vitpose_mm.checkpoints.read import CheckpointError
from vitpose_mm.checkpoints.report import Report
from .archs import arch_name

POS_EMBED = 'pos_embed'
KNOWLEDGE_TOKEN = 'knowledge_token'
PATCHES = 'patch_embed.proj.weight'
REL_POS = '.attn.rel_pos.'
# Layouts of files that were trained without ViTPose's final norm.
PRETRAINING = ('imagenet', 'mmpose')


def check_fit(weights: StateDict, own: StateDict, source: str) -> None:
    """Refuse a file whose ViT has other parts or another size.

    Args:
        weights: The file's tensors by name, in our layout.
        own: The ViT's.
        source: The file, for messages.

    Raises:
        CheckpointError: If so; names both and the cure.
    """
    check_parallel_conv(weights, own, source)
    check_knowledge_token(weights, own, source)
    check_size(weights, own, source)


def check_parallel_conv(weights: StateDict, own: StateDict,
                        source: str) -> None:
    """Refuse a ViTAE's weights for a ViT without its convolutions.

    Raises:
        CheckpointError: If so.
    """
    found = next(filter(PARALLEL_CONV.match, weights), None)
    if found and not any(map(PARALLEL_CONV.match, own)):
        raise CheckpointError(
            f'{source} holds a ViTAE, which has a convolution in each block '
            f"({found}): set the backbone's type='ViTAE', or load another "
            'file')


def check_knowledge_token(weights: StateDict, own: StateDict,
                          source: str) -> None:
    """Refuse a file whose ViT has seen more or fewer knowledge tokens.

    Raises:
        CheckpointError: If so; a file without any is loaded.
    """
    found = weights.get(KNOWLEDGE_TOKEN)
    count = own[KNOWLEDGE_TOKEN].shape[1] if KNOWLEDGE_TOKEN in own else 0
    if found is not None and found.shape[1] != count:
        raise CheckpointError(
            f'{source} holds {BACKBONE}{KNOWLEDGE_TOKEN}, {found.shape[1]} '
            f'learnt by distillation, and the model has {count}: set the '
            f"backbone's num_knowledge_tokens={found.shape[1]}")


def check_size(weights: StateDict, own: StateDict, source: str) -> None:
    """Compare the ViT in a file with the wanted size.

    Raises:
        CheckpointError: If they differ; names both sizes and the cure.
    """
    found, wanted = size_of(weights), size_of(own)
    if found and found != wanted:
        name = arch_name(*found[:2])
        cure = f"arch='{name}'" if name and found[:2] != wanted[:2] else \
            'arch and patch_size to these'
        raise CheckpointError(
            f'{source} holds {describe(*found)}, but the model is '
            f"{describe(*wanted)}: set the backbone's {cure}, or load another "
            'file')


def size_of(tensors: StateDict) -> Optional[Tuple[int, int, int]]:
    """(embed_dim, depth, patch_size) of a ViT's tensors, None if they lack
    the patch kernels or all blocks."""
    blocks = {int(key.split('.')[1]) for key in tensors
              if key.startswith('blocks.')}
    if PATCHES not in tensors or not blocks:
        return None
    kernels = tensors[PATCHES]
    return kernels.shape[0], max(blocks) + 1, kernels.shape[-1]


def describe(embed_dim: int, depth: int, patch_size: int) -> str:
    """Say the size of a ViT, with its name if it has one."""
    name = arch_name(embed_dim, depth)
    return (f"a ViT of arch '{name}' " if name else 'a ViT ') + (
        f'(embed_dim {embed_dim}, depth {depth}, patch_size {patch_size})')


def check_shapes(weights: StateDict, own: StateDict, source: str) -> None:
    """Refuse a file one of whose tensors has another shape.

    Raises:
        CheckpointError: If so; the position embedding may.
    """
    for name, tensor in own.items():
        found = weights.get(name)
        if found is not None and name != POS_EMBED and \
                found.shape != tensor.shape:
            raise CheckpointError(
                f'{source} holds {name} of shape {tuple(found.shape)}, but '
                f'the model has {tuple(tensor.shape)}: set the '
                "backbone's arch to the file's, or load another file")


def check_values(tensors: StateDict, source: str) -> None:
    """Refuse weights that are no finite numbers, or integers.

    Args:
        tensors: The file's ViT and heads by name.
        source: The file, for messages.

    Raises:
        CheckpointError: If so; they would be copied without a word.
    """
    for name, tensor in tensors.items():
        kind = str(tensor.dtype).replace('torch.', '')
        if name.endswith(('.weight', '.bias', POS_EMBED)) and \
                not tensor.is_floating_point():
            raise CheckpointError(
                f'{source} holds {name} as {kind}, as quantised models do: '
                'load the file that it was made of')
        if tensor.is_floating_point() and not tensor.is_meta and \
                tensor.element_size() > 1 and not tensor.isfinite().all():
            raise CheckpointError(
                f'{source} holds NaN or infinity in {name}: its training had '
                'failed; load an earlier checkpoint')


def check_complete(weights: StateDict, own: StateDict, report: Report) -> None:
    """Refuse a file that leaves a part of the ViT random.

    Args:
        weights: The file's tensors by name, fitted.
        own: The ViT's.
        report: Tells the layout.

    Raises:
        CheckpointError: If so; a pre-training file lacks the final norm by
            nature, and a file may lack knowledge tokens, relative positions
            and a ViTAE's convolutions as a whole.
    """
    may_lack = [KNOWLEDGE_TOKEN]
    if report.layout in PRETRAINING:
        may_lack.append('last_norm.')
    if not any(map(PARALLEL_CONV.match, weights)):
        may_lack.append('.pcm.')
    if not any(REL_POS in name for name in weights):
        may_lack.append(REL_POS)
    missing = [
        name for name in own if name not in weights
        and not name.endswith('num_batches_tracked')
        and not any(part in name for part in may_lack)
    ]
    if missing:
        raise CheckpointError(incomplete(report.source, missing))
