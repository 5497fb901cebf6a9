# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""The config that MMEngine writes beside the weights: what leaves no tensor is
there. It is Python, of which nothing is run."""
import ast
from typing import Any, Optional, Tuple

# Of ViT and of MMPretrain's VisionTransformer, as ViTPose uses them.
DEFAULT_IMG_SIZE = (256, 192)
DEFAULT_PATCH = 16
OPTIONS = ('window_size', 'shift', 'pooling', 'rel_pos',
           'full_attention_blocks')


def model_config(meta: dict) -> dict:
    """Read the model's config out of a checkpoint's meta.

    Args:
        meta: With the text of a config under 'cfg', or under 'source_cfg' in
            a file made of another; or without.

    Returns:
        The value of ``model``; {} if there is none that can be read.
    """
    cfg = meta.get('cfg') or meta.get('source_cfg') or ''
    if isinstance(cfg, dict):
        model = cfg.get('model')
        return model if isinstance(model, dict) else {}
    try:
        statements = ast.parse(str(cfg)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    model = {}
    for statement in statements:
        if isinstance(statement, ast.Assign) and [
                getattr(target, 'id', None) for target in statement.targets
        ] == ['model']:
            model = literal(statement.value)
    return model if isinstance(model, dict) else {}


def backbone_config(meta: dict) -> dict:
    """Read the backbone of the model's config; {} if it is unknown."""
    backbone = model_config(meta).get('backbone')
    return backbone if isinstance(backbone, dict) else {}


def literal(node: ast.AST) -> Any:
    """Value of an expression of literals and ``dict(...)``; None of any other
    expression."""
    if isinstance(node, ast.Call) and getattr(node.func, 'id', '') == 'dict':
        return {word.arg: literal(word.value) for word in node.keywords}
    if isinstance(node, ast.Dict):
        return {literal(key): literal(value)
                for key, value in zip(node.keys, node.values)
                if isinstance(key, ast.Constant)}
    if isinstance(node, (ast.List, ast.Tuple)):
        return [literal(part) for part in node.elts]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError,
            MemoryError):
        return None


def trained_geometry(
        meta: dict) -> Tuple[Optional[Tuple[int, int]], Optional[int]]:
    """Find the crops and the stride of the training.

    Args:
        meta: Of a checkpoint.

    Returns:
        (h, w) of the crops in pixels and the distance of two patches in
        pixels; (None, None) if the config is missing or says something else.
    """
    backbone = backbone_config(meta)
    if not backbone:
        return None, None
    img_size = backbone.get('img_size', DEFAULT_IMG_SIZE)
    if isinstance(img_size, int):
        img_size = (img_size, img_size)
    patch = backbone.get('patch_size') or DEFAULT_PATCH
    patch_cfg = backbone.get('patch_cfg')
    stride = backbone.get('patch_stride') or (
        patch_cfg.get('stride') if isinstance(patch_cfg, dict) else None
    ) or patch
    sizes = [*img_size, stride] if isinstance(img_size, (list, tuple)) else []
    if len(sizes) != 3 or not all(
            type(size) is int and size > 0 for size in sizes):
        return None, None
    return tuple(img_size), stride


def trained_attention(meta: dict) -> dict:
    """The backbone's ``attention``, which leaves no tensor but relative
    positions, as ViT takes it; {} if it is full or nothing is known."""
    backbone = backbone_config(meta)
    kind = backbone.get('attention')
    # Older configs have the options beside the kind.
    options = kind if isinstance(kind, dict) else {
        name: backbone[name] for name in OPTIONS if name in backbone}
    if kind == 'window':
        options = {'window_size': (8, 8), **options}
    return {name: value for name, value in options.items() if value}
