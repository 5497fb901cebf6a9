# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""A config of a work directory, whose heads MMEngine has sorted."""
import pytest
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

from vitpose_mm.engine.hooks.resumed_optimizer import check_order

KEYPOINTS = dict(mpii=16, coco=17, aic=14)


@pytest.fixture
def models(tmp_path, fill):
    """A joint model, and the one of its dumped config with other weights."""
    config = Config(dict(model=dict(
        type='MultiDatasetTopdownPoseEstimator',
        backbone=dict(
            type='ViTMoE', num_experts=3, img_size=(32, 32),
            arch=dict(embed_dim=16, depth=2, num_heads=2)),
        heads={
            name: dict(type='HeatmapHead', in_channels=16, out_channels=num,
                       deconv_out_channels=(8, ), deconv_kernel_sizes=(4, ))
            for name, num in KEYPOINTS.items()
        })))
    config.dump(tmp_path / 'config.py')
    dumped = Config.fromfile(tmp_path / 'config.py')
    assert list(dumped.model.heads) == ['aic', 'coco', 'mpii']
    return (fill(MODELS.build(config.model)).eval(),
            MODELS.build(dumped.model).eval())


def heatmaps(model, name):
    sample = PoseDataSample(metainfo=dict(dataset_name=name))
    sample.gt_instances = InstanceData()
    index = model.routes.index(name)
    x = torch.linspace(-1, 1, 3 * 32 * 32).view(1, 3, 32, 32)
    with torch.no_grad():
        return model.heads[name](model.extract_feat(x, index))


def test_each_dataset_keeps_its_expert(models, tmp_path):
    one, other = models
    torch.save(one.state_dict(), tmp_path / 'weights.pth')
    state_dict = torch.load(tmp_path / 'weights.pth', weights_only=True)
    other.load_state_dict(state_dict)
    for name in KEYPOINTS:
        torch.testing.assert_close(
            heatmaps(other, name), heatmaps(one, name), rtol=0, atol=0)
    experts = [heatmaps(one, 'mpii'), one.heads['mpii'](
        one.extract_feat(torch.linspace(-1, 1, 3 * 32 * 32).view(
            1, 3, 32, 32), 1))]
    assert not torch.allclose(*experts)  # or nothing would have been tried


def test_a_file_in_the_order_of_names_has_the_order_of_the_config(models):
    one, _ = models
    state_dict = {name: value.clone()
                  for name, value in sorted(one.state_dict().items())}
    expected = {name: heatmaps(one, name) for name in KEYPOINTS}
    for param in one.parameters():
        torch.nn.init.zeros_(param)
    one.load_state_dict(state_dict)
    for name, value in expected.items():
        torch.testing.assert_close(heatmaps(one, name), value)


def test_a_run_is_not_resumed_in_another_order(models):
    one, other = models
    check_order(one.state_dict(), one)
    with pytest.raises(ValueError, match=r"heads \['aic', 'coco', 'mpii'\]"):
        check_order(one.state_dict(), other)
