# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from vitpose_mm.checkpoints.read import CheckpointError
from .contents import Contents


def hf_config(contents: Contents, source: str) -> dict:
    """Write config.json for VitPoseForPoseEstimation.

    Args:
        contents: Of the weights, dense or joint.
        source: File that they come from, for messages.

    Returns:
        The config. ``layer_norm_eps`` is ViTPose's 1e-6; transformers' own
        default, 1e-12, is not what any ViTPose was trained with.

    Raises:
        CheckpointError: If transformers has no such model.
    """
    # Of a joint file transformers keeps the first dataset's head alone.
    head = contents.heads.get((contents.datasets or [''])[0])
    if head is None or not contents.has_last_norm:
        raise CheckpointError(
            f'{source} holds a backbone without pose head; '
            'VitPoseForPoseEstimation needs both')
    if (head.decoder == 'unknown' or contents.num_heads is None
            or contents.hidden_dim % contents.embed_dim):
        raise CheckpointError(
            f'{source} has a decoder of kind {head.decoder}, '
            f'{contents.num_heads} attention heads and {contents.hidden_dim} '
            f'hidden channels for {contents.embed_dim}; transformers needs '
            'the classic or simple decoder, a known number of heads and a '
            'multiple of the channels')
    backbone = dict(
        model_type='vitpose_backbone',
        image_size=list(contents.img_size),
        patch_size=[contents.patch_size, contents.patch_size],
        hidden_size=contents.embed_dim,
        num_hidden_layers=contents.depth,
        num_attention_heads=contents.num_heads,
        mlp_ratio=contents.hidden_dim // contents.embed_dim,
        num_experts=len(contents.datasets) or 1,
        layer_norm_eps=1e-6,
        qkv_bias=contents.has_qkv_bias,
        out_features=[f'stage{contents.depth}'])
    if contents.part_features:
        backbone['part_features'] = contents.part_features
    return dict(
        architectures=['VitPoseForPoseEstimation'],
        model_type='vitpose',
        backbone_config=backbone,
        use_simple_decoder=head.decoder == 'simple',
        scale_factor=4,
        id2label={str(i): f'LABEL_{i}' for i in range(head.keypoints)},
        label2id={f'LABEL_{i}': i for i in range(head.keypoints)})
