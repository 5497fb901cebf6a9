# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import copy
from typing import Dict, List

import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.models.heads import HeatmapHead
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor, nn
from torch.nn import functional as F

from vitpose_mm.models.heads.named_heatmap_head import NamedView
from vitpose_mm.names import NameFilters, keypoint_names, parse_name

DECODERS = dict(
    classic=dict(deconv_out_channels=(8, 12), deconv_kernel_sizes=(4, 4)),
    simple=dict(deconv_out_channels=None, deconv_kernel_sizes=None,
                final_layer=dict(kernel_size=3, padding=1)))
NAMES = ('nose', 'left knee', 'right knee', 'tail base', 'left front paw')


def build(decoder: str = 'classic', **options):
    head = MODELS.build(dict(
        type='NamedHeatmapHead', in_channels=16, hidden_channels=24,
        **DECODERS[decoder], **options))
    for param in head.parameters():
        nn.init.normal_(param, std=0.3)
    return head.eval()


def feats(number: int = 2) -> tuple:
    return torch.randn(number, 16, 4, 3),


@pytest.mark.parametrize('decoder', list(DECODERS))
def test_with_the_identity_for_the_network_it_is_the_stock_head(decoder):
    head = build(decoder, dataset='coco')
    stock = HeatmapHead(16, 17, **{
        'final_layer': dict(kernel_size=1), **DECODERS[decoder]}).eval()
    for param in stock.parameters():
        nn.init.normal_(param, std=0.3)
    head.deconv_layers.load_state_dict(stock.deconv_layers.state_dict())
    weight, bias = stock.final_layer.weight, stock.final_layer.bias
    wanted = torch.cat((weight.flatten(1), bias[:, None]), 1).detach()
    filters = NameFilters(wanted.shape[1], *weight.shape[1:3],
                          side_channels=0)
    filters.layers = nn.Identity()
    conv = head.final_layer
    conv.shared = (filters, )
    conv.vectors = wanted / wanted.shape[1]**0.5 / filters.scale
    maps = feats()
    torch.testing.assert_close(head(maps), stock(maps), atol=1e-6, rtol=1e-6)


def reference(head, maps: tuple, names: List[str]) -> Tensor:
    """Heatmaps by plain operations in float64, name by name."""
    layers = head.filters.layers
    features = head.double().trunk(tuple(each.double() for each in maps))
    maps = []
    for name in map(parse_name, names):
        side = ['', 'left', 'right'].index(name.side)
        place = ['', 'front', 'middle', 'hind'].index(name.place)
        vector = head.vectors([name])[0].double() * 512**0.5
        x = torch.cat((vector, head.filters.sides.weight[side],
                       head.filters.places.weight[place]))
        x = layers[0].weight @ x + layers[0].bias
        x = x * (1 + torch.erf(x / 2**0.5)) / 2
        x = (layers[2].weight @ x + layers[2].bias) * 4 / 24
        k = head.filters.shape[1]
        maps.append(F.conv2d(
            features, x[:-1].reshape(1, -1, k, k), x[-1:], padding=k // 2))
    return torch.cat(maps, 1)


@pytest.mark.parametrize('decoder', list(DECODERS))
def test_heatmaps_are_those_of_each_name_alone(decoder):
    head, maps = build(decoder, names=NAMES), feats()
    found = head(maps).detach()
    torch.testing.assert_close(
        found.double(), reference(head, maps, NAMES), atol=1e-4, rtol=1e-4)


def test_equal_names_give_equal_maps_in_any_order_skeleton_and_batch():
    head = build()
    first = NamedView(head, keypoint_names(NAMES)).eval()
    other = NamedView(head, keypoint_names(
        ['R_Knee', 'mouth corner', 'L_F_Paw', 'Nose'], 'ap10k')).eval()
    trunk = head.trunk(feats(3)),
    torch.testing.assert_close(
        first(trunk)[:, [2, 4, 0]], other(trunk)[:, [0, 2, 3]],
        atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(
        first(trunk)[1:2], first((trunk[0][1:2], )), atol=1e-6, rtol=1e-6)
    assert not torch.allclose(first(trunk)[:, 1], first(trunk)[:, 2])


@pytest.mark.parametrize('decoder', list(DECODERS))
def test_folded_it_is_a_stock_head(decoder):
    head, maps = build(decoder, dataset='ap10k'), feats()
    expected = head(maps).detach()
    head.switch_to_deploy()
    assert type(head.final_layer) is nn.Conv2d
    torch.testing.assert_close(head(maps), expected, atol=1e-5, rtol=1e-5)
    stock = HeatmapHead(16, 17, **{
        'final_layer': dict(kernel_size=1), **DECODERS[decoder]}).eval()
    stock.load_state_dict({key: value for key, value in
                           head.state_dict().items()
                           if not key.startswith('filters.')})
    torch.testing.assert_close(stock(maps), expected, atol=1e-5, rtol=1e-5)


def sample(weights: List[float]) -> PoseDataSample:
    result = PoseDataSample()
    result.gt_fields = PixelData(heatmaps=torch.rand(len(weights), 16, 12))
    result.gt_instance_labels = InstanceData(
        keypoint_weights=torch.tensor([weights]))
    return result


def test_it_notes_which_names_have_labels():
    head = build(names=NAMES).train()
    head.loss(feats(), [sample([1, 0, 0, 0, 0.]), sample([1, 0, 1, 0, 0.])],
              dict(compute_acc=False))
    assert head.final_layer.seen.tolist() == [True, False, True, False, False]
    other = build(names=NAMES)
    other.load_state_dict(head.state_dict())
    assert torch.equal(other.final_layer.seen, head.final_layer.seen)


def saved(names) -> Dict[str, Tensor]:
    head = build(names=names)
    head.final_layer.seen[:] = True
    return copy.deepcopy(head.state_dict())


def test_names_are_those_of_the_config_whatever_the_file():
    head = build(names=NAMES)
    expected = head.final_layer.vectors.clone()
    for names in (NAMES[::-1], NAMES[:3]):
        head.load_state_dict(saved(names))
        assert torch.equal(head.final_layer.vectors, expected)
        assert not head.final_layer.seen.any()


def test_vectors_of_another_encoder_are_refused():
    file = saved(NAMES)
    file['final_layer.vectors'] = F.normalize(torch.randn(5, 512))
    with pytest.raises(ValueError, match='another encoder'):
        build(names=NAMES).load_state_dict(file)


@pytest.mark.parametrize(('options', 'said'), [
    (dict(dataset='horses'), "no registered dataset is called 'horses'"),
    (dict(names=['left', 'nose']), 'names no part'),
    (dict(names=['left knee', 'L_Knee']), 'both mean'),
])
def test_what_is_no_skeleton_is_one_clear_error(options, said):
    with pytest.raises(ValueError, match=said):
        build(**options)
