# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import re
from pathlib import Path

import mmcv
import pytest
import torch
from mmcv import ops
from mmcv.utils import collect_env


def names() -> set:
    """What mmcv.ops asks the extension for."""
    found = set()
    for path in Path(mmcv.__file__).parent.joinpath('ops').glob('*.py'):
        for call in re.findall(r'load_ext\((.*?)\)', path.read_text(), re.S):
            found.update(re.findall(r"'(\w+)'", call))
    return found - {'_ext'}


def test_every_operator_works_or_says_what_it_needs(stand_in):
    missing = [
        name for name in names() if
        not getattr(stand_in, name).__module__.startswith('mmcv_lite_ops.') or
        getattr(stand_in, name).__module__ == 'mmcv_lite_ops.missing'
    ]

    assert len(names()) > 100 and 'carafe_forward' in missing
    assert not {'nms', 'softnms', 'nms_match'} & set(missing)
    for name in missing:
        with pytest.raises(NotImplementedError) as error:
            getattr(stand_in, name)(torch.zeros(1), option=2)
        assert f'operator {name} ' in str(error.value)
        assert 'mmcv==2.1.0' in str(error.value)
        assert '\n' not in str(error.value)


def test_missing_operator_says_so_through_mmcv_ops(stand_in):
    with pytest.raises(NotImplementedError, match='carafe_forward'):
        ops.CARAFEPack(4, 2)(torch.randn(1, 4, 5, 5))


def test_private_names_are_missing(stand_in):
    assert not hasattr(stand_in, '__path__')
    assert not hasattr(stand_in, '_repr_html_')


def test_environment_can_be_printed(stand_in):
    assert 'not compiled' in collect_env()['MMCV Compiler']


def test_other_versions_of_mmcv_are_refused(stand_in, monkeypatch, lite):
    monkeypatch.setattr(mmcv.version, '__version__', '2.2.0')
    source = lite / 'mmcv_ops' / 'src' / 'mmcv_lite_ops' / '__init__.py'

    with pytest.raises(ImportError, match='this is mmcv-lite 2.2.0'):
        exec(source.read_text(), {'__name__': 'mmcv_lite_ops'})


def twice(output: torch.Tensor, input: torch.Tensor) -> None:
    grad, = torch.autograd.grad(
        output.pow(2).sum(), input, create_graph=True)
    grad.pow(2).sum().backward()


@pytest.mark.usefixtures('gpu_only')
@pytest.mark.parametrize('operator', [
    'roi_align', 'roi_pool', 'deform_conv2d', 'modulated_deform_conv2d',
    'ms_deform_attn', 'sigmoid_focal_loss', 'softmax_focal_loss'
])
def test_second_derivatives_are_refused(operator):
    x = torch.randn(2, 2, 5, 5, requires_grad=True)
    rois = torch.tensor([[0., 1, 1, 3, 3]])
    offset, mask = torch.randn(2, 18, 3, 3), torch.rand(2, 9, 3, 3)
    weight, target = torch.randn(2, 2, 3, 3), torch.tensor([0, 1])
    attention = ops.multi_scale_deform_attn.MultiScaleDeformableAttnFunction
    call = dict(
        roi_align=lambda: ops.roi_align(x, rois, 2),
        roi_pool=lambda: ops.roi_pool(x, rois, 2),
        deform_conv2d=lambda: ops.deform_conv2d(x, offset, weight),
        modulated_deform_conv2d=lambda: ops.modulated_deform_conv2d(
            x, offset, mask, weight),
        ms_deform_attn=lambda: attention.apply(
            x.view(2, 25, 1, 2), torch.tensor([[5, 5]]), torch.tensor(
                [0]), torch.rand(2, 1, 1, 1, 3, 2), torch.rand(
                    2, 1, 1, 1, 3), 64),
        sigmoid_focal_loss=lambda: ops.sigmoid_focal_loss(
            x.view(2, -1), target),
        softmax_focal_loss=lambda: ops.softmax_focal_loss(
            x.view(2, -1), target))[operator]

    with pytest.raises((RuntimeError, NotImplementedError),
                       match='twice|second derivative'):
        twice(call(), x)
