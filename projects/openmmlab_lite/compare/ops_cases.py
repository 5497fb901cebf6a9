# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What ``ops.py`` runs: each operator of mmcv.ops, many options.

A case is a function of mmcv.ops with seeded inputs; it returns its results
and the gradients of all its inputs.
"""
import itertools
from dataclasses import dataclass
from typing import Callable, Dict, Iterator, List, Tuple
from zlib import crc32

import numpy as np
import torch
from mmcv import ops
from torch import Tensor

FLOATS = (torch.float32, torch.float64)


@dataclass(frozen=True)
class Case:
    operator: str
    options: Tuple[Tuple[str, object], ...]
    dtype: torch.dtype
    inputs: Dict[str, Tensor]
    call: Callable

    @property
    def tolerance(self) -> float:
        """Largest difference allowed, relative to the largest value or one.

        MMCV passes a scale on in float32, whatever the input is.
        """
        scale = dict(self.options).get('scale', 1.0)
        if self.dtype == torch.float32 or float(np.float32(scale)) != scale:
            return 1e-5
        return 1e-12

    @property
    def key(self) -> str:
        options = ', '.join(f'{k}={v}' for k, v in self.options)
        return f'{self.operator} {str(self.dtype)[6:]}: {options}'


def run(function: Callable, inputs: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """Results, and gradients of a random sum of the floating ones."""
    inputs = {
        k: v.clone().requires_grad_(k.startswith('d_'))
        for k, v in inputs.items()
    }
    results = function(*inputs.values())
    if isinstance(results, Tensor):
        results = (results, )
    named = {f'result {i}': x.detach() for i, x in enumerate(results)}
    wanted = {k: v for k, v in inputs.items() if v.requires_grad}
    if wanted:
        rng = torch.Generator().manual_seed(1)
        probe = torch.randn(results[0].shape, generator=rng, dtype=FLOATS[1])
        grads = torch.autograd.grad(results[0], list(wanted.values()),
                                    probe.to(results[0]))
        named.update({f'gradient of {k[2:]}': g
                      for k, g in zip(wanted, grads)})
    return named


def grid(**choices: tuple) -> Iterator[Dict[str, object]]:
    for values in itertools.product(*choices.values()):
        yield dict(zip(choices, values))


def make(operator: str, options: Dict[str, object], dtype: torch.dtype,
         build: Callable) -> Case:
    """Case with inputs that its own name seeds.

    Args:
        build (Callable): From generator, dtype and options to inputs and
            function. Names of inputs that get a gradient begin with ``d_``.
    """
    named = tuple(options.items())
    case = Case(operator, named, dtype, {}, build)
    rng = torch.Generator().manual_seed(crc32(case.key.encode()))
    inputs, call = build(rng, dtype, **options)
    return Case(operator, named, dtype, inputs, call)


def boxes(rng: torch.Generator, num: int, whole: bool) -> Tensor:
    """(num, 4); with ``whole`` many equal overlaps."""
    corner = torch.rand(num, 2, generator=rng) * 40
    size = torch.rand(num, 2, generator=rng) * 20 + 1
    found = torch.cat([corner, corner + size], 1)
    return (found / 4).round() * 4 if whole else found


def nms(rng, dtype, num, whole, **options):
    scores = torch.rand(num, generator=rng)
    if whole:
        scores = (scores * 10).round() / 10
    return (dict(boxes=boxes(rng, num, whole), scores=scores),
            lambda b, s: ops.nms(b, s, **options))


def soft_nms(rng, dtype, num, whole, **options):
    inputs, _ = nms(rng, dtype, num, whole)
    return inputs, lambda b, s: ops.soft_nms(b, s, **options)


def batched_nms(rng, dtype, num, whole, type, class_agnostic):
    inputs, _ = nms(rng, dtype, num, whole)
    inputs['idxs'] = torch.randint(3, (num, ), generator=rng)
    cfg = dict(type=type, iou_threshold=0.5)
    return inputs, lambda b, s, i: ops.batched_nms(b, s, i, cfg,
                                                   class_agnostic)


def nms_match(rng, dtype, num, whole, iou_threshold):
    inputs, _ = nms(rng, dtype, num, whole)
    dets = torch.cat([inputs['boxes'], inputs['scores'][:, None]], 1)

    def call(dets: Tensor) -> Tuple[Tensor, Tensor]:
        groups = ops.nms_match(dets, iou_threshold)
        return (torch.cat([dets.new_zeros(0).long(), *groups]),
                torch.tensor([len(group) for group in groups]))

    return dict(dets=dets), call


def rois(rng: torch.Generator, dtype: torch.dtype, scale: float) -> Tensor:
    """(11, 5) on two images of 9x12 pixels once scaled: inside, across each
    border, outside, points, whole pixels."""
    corner = torch.rand(6, 2, generator=rng) * 16 - 4
    size = torch.rand(6, 2, generator=rng) * 8
    found = torch.cat([
        torch.cat([corner, corner + size], 1),
        torch.tensor([[-9., -9, -5, -5], [20, 20, 25, 25], [3, 3, 3, 3],
                      [0, 0, 12, 9], [1, 2, 5, 6]])
    ])
    image = torch.arange(len(found)) % 2
    return torch.cat([image[:, None], found / scale], 1).to(dtype)


def roi_align(rng, dtype, size, scale, **options):
    input = torch.randn(2, 3, 9, 12, generator=rng, dtype=FLOATS[1])
    return (dict(d_input=input.to(dtype), rois=rois(rng, dtype, scale)),
            lambda x, r: ops.roi_align(x, r, size, scale, *options.values()))


def roi_pool(rng, dtype, size, scale):
    input = torch.randn(2, 3, 9, 12, generator=rng, dtype=FLOATS[1])
    return (dict(d_input=input.to(dtype), rois=rois(rng, dtype, scale)),
            lambda x, r: ops.roi_pool(x, r, size, scale))


def conv_inputs(rng, dtype, kernel, stride, padding, dilation, groups,
                deform_groups, offsets, batch=2, mask=False, bias=False):
    """Offsets: 'zero' (what a new layer has), 'small' or 'large' ones."""

    def randn(*shape: int) -> Tensor:
        values = torch.randn(shape, generator=rng, dtype=FLOATS[1])
        return values.to(dtype)

    out = [(n + 2 * padding - dilation * (k - 1) - 1) // stride + 1
           for n, k in zip((7, 9), kernel)]
    taps = deform_groups * kernel[0] * kernel[1]
    spread = dict(zero=0, small=0.7, large=6)[offsets]
    inputs = dict(
        d_input=randn(batch, 4, 7, 9),
        d_offset=randn(batch, 2 * taps, *out) * spread)
    if mask:
        inputs['d_mask'] = randn(batch, taps, *out).sigmoid()
    inputs['d_weight'] = randn(6, 4 // groups, *kernel)
    if bias:
        inputs['d_bias'] = randn(6)
    return inputs


def deform_conv2d(rng, dtype, stride, padding, dilation, groups,
                  deform_groups, im2col_step, **shape):
    geometry = stride, padding, dilation, groups, deform_groups
    inputs = conv_inputs(
        rng, dtype, shape['kernel'], *geometry, shape['offsets'], batch=4)
    return inputs, lambda *tensors: ops.deform_conv2d(
        *tensors, *geometry, False, im2col_step)


def modulated_deform_conv2d(rng, dtype, stride, padding, dilation, groups,
                            deform_groups, bias, **shape):
    geometry = stride, padding, dilation, groups, deform_groups
    inputs = conv_inputs(
        rng,
        dtype,
        shape['kernel'],
        *geometry,
        shape['offsets'],
        mask=True,
        bias=bias)
    none = () if bias else (None, )
    return inputs, lambda *tensors: ops.modulated_deform_conv2d(
        *tensors, *none, *geometry)


def ms_deform_attn(rng, dtype, levels, heads, points, spread):
    shapes = torch.tensor([(5, 4), (3, 2), (1, 2)][:levels])
    sizes = shapes.prod(1)
    num = heads, levels, points
    value = torch.randn(2, int(sizes.sum()), heads, 3, generator=rng)
    locations = torch.rand(2, 6, *num, 2, generator=rng)
    weights = torch.rand(2, 6, *num, generator=rng)
    inputs = dict(
        d_value=value.to(dtype),
        shapes=shapes,
        starts=sizes.cumsum(0) - sizes,
        d_locations=((locations - 0.5) * spread + 0.5).to(dtype),
        d_weights=weights.to(dtype))
    function = ops.multi_scale_deform_attn.MultiScaleDeformableAttnFunction
    return inputs, lambda *tensors: function.apply(*tensors, 64)


def focal_loss(function: Callable, background: bool) -> Callable:

    def build(rng, dtype, gamma, alpha, weighted, reduction, spread):
        logits = torch.randn(12, 5, generator=rng, dtype=FLOATS[1]) * spread
        # The background is a class of its own without weight.
        last = 5 if background and not weighted else 4
        target = torch.randint(last + 1, (12, ), generator=rng)
        inputs = dict(d_logits=logits.to(dtype), target=target)
        if weighted:
            inputs['weight'] = torch.rand(5, generator=rng).to(dtype)
        none = () if weighted else (None, )
        return inputs, lambda x, t, *w: function(x, t, gamma, alpha, *
                                                 (w or none), reduction)

    return build


def cases() -> List[Case]:
    """All of them, in a fixed order."""
    whole = (False, True)
    conv = dict(
        kernel=((3, 3), (1, 2)),
        stride=(1, 2),
        padding=(0, 1),
        dilation=(1, 2),
        groups=(1, 2),
        deform_groups=(1, 2),
        offsets=('zero', 'small', 'large'))
    focal = dict(
        gamma=(1.5, 2.0),
        alpha=(0.1, 0.25),
        weighted=whole,
        reduction=('none', 'mean', 'sum'),
        spread=(1, 6))
    float32 = FLOATS[:1]
    # MMCV's suppression takes float32 only.
    table = [
        ('nms', nms, float32,
         grid(
             num=(0, 1, 30, 300),
             whole=whole,
             iou_threshold=(0.3, 0.5, 0.6, 0.7, 1.0),
             offset=(0, 1),
             score_threshold=(0, 0.4),
             max_num=(-1, 5))),
        ('soft_nms', soft_nms, float32,
         grid(
             num=(0, 1, 30, 300),
             whole=whole,
             iou_threshold=(0.3, 0.6),
             sigma=(0.3, 0.5),
             min_score=(1e-3, 0.3),
             method=('naive', 'linear', 'gaussian'),
             offset=(0, 1))),
        ('batched_nms', batched_nms, float32,
         grid(
             num=(1, 30, 300),
             whole=whole,
             type=('nms', 'soft_nms'),
             class_agnostic=whole)),
        ('nms_match', nms_match, float32,
         grid(num=(0, 1, 30, 300), whole=whole,
              iou_threshold=(0.3, 0.5, 0.6))),
        ('roi_align', roi_align, FLOATS,
         grid(
             size=((7, 7), (1, 1), (2, 3)),
             scale=(1.0, 0.25, 1 / 3),
             sampling_ratio=(0, 1, 2, 3),
             pool_mode=('avg', 'max'),
             aligned=whole)),
        ('roi_pool', roi_pool, FLOATS,
         grid(size=((7, 7), (1, 1), (2, 3)), scale=(1.0, 0.25, 1 / 3))),
        ('deform_conv2d', deform_conv2d, FLOATS,
         grid(**conv, im2col_step=(2, 32))),
        ('modulated_deform_conv2d', modulated_deform_conv2d, FLOATS,
         grid(**conv, bias=whole)),
        ('ms_deform_attn', ms_deform_attn, FLOATS,
         grid(levels=(1, 3), heads=(1, 2), points=(1, 4), spread=(1, 3))),
        ('sigmoid_focal_loss', focal_loss(ops.sigmoid_focal_loss, True),
         FLOATS, grid(**focal)),
        ('softmax_focal_loss', focal_loss(ops.softmax_focal_loss, False),
         FLOATS,
         # MMCV's own backward fails with 'none'.
         grid(**{
             **focal, 'reduction': ('mean', 'sum')
         })),
    ]
    return [
        make(name, options, dtype, build)
        for name, build, dtypes, choices in table
        for options in choices for dtype in dtypes
    ]
