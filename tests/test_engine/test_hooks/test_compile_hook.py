# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import copy
from functools import partial
from types import SimpleNamespace
from unittest import mock

import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from mmengine.utils import digit_version
from mmpose.registry import HOOKS, MODELS
from mmpose.structures import PoseDataSample

pytestmark = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.2.0'),
    reason='CompileHook refuses this torch')

MODEL = dict(
    type='TopdownPoseEstimator',
    backbone=dict(
        type='ViT',
        arch=dict(embed_dim=16, depth=2, num_heads=2),
        img_size=(64, 48),
        drop_path_rate=0.1),
    head=dict(
        type='HeatmapHead',
        in_channels=16,
        out_channels=3,
        deconv_out_channels=(8, 8),
        deconv_kernel_sizes=(4, 4),
        decoder=dict(
            type='BatchUDPHeatmap', input_size=(48, 64),
            heatmap_size=(12, 16))))


@pytest.fixture
def graphs(monkeypatch) -> list:
    """Graphs that were captured; they run as they are, not compiled."""
    found = []

    def backend(graph, example_inputs):
        found.append(graph)
        return graph.forward

    torch._dynamo.reset()
    monkeypatch.setattr(torch, 'compile',
                        partial(torch.compile, backend=backend))
    return found


def batch(size: int):
    samples = [PoseDataSample(metainfo=dict()) for _ in range(size)]
    for sample in samples:
        sample.gt_fields = PixelData(heatmaps=torch.rand(3, 16, 12))
        sample.gt_instance_labels = InstanceData(
            keypoint_weights=torch.ones(1, 3))
    return torch.randn(size, 3, 64, 48), samples


def test_training_and_testing_run_one_graph_each_per_part(graphs):
    model = MODELS.build(MODEL)
    reference = copy.deepcopy(model)
    hook = HOOKS.build(dict(type='CompileHook'))
    hook.before_train(SimpleNamespace(model=model))
    for size in (20, 20, 17):
        crops, samples = batch(size)
        losses = []
        for each in (model, reference):
            torch.manual_seed(0)
            losses.append(each.loss(crops, samples)['loss_kpt'])
        assert torch.equal(*losses)
        losses[0].backward()
    assert len(graphs) == 2

    hook.before_val(SimpleNamespace(model=model))
    model.eval(), reference.eval()
    # Training moved the running statistics of the batch norm alike.
    for size in (20, 20, 17):
        assert torch.equal(*heatmaps_of(model, reference, size))
    assert len(graphs) == 4


def test_a_single_last_image_needs_no_graph_of_its_own(graphs):
    model = MODELS.build(MODEL).eval()
    reference = copy.deepcopy(model)
    HOOKS.build(dict(type='CompileHook')).before_test(
        SimpleNamespace(model=model))
    # Few, because on a CPU tiny convolutions of 16 crops are another kernel.
    assert torch.equal(*heatmaps_of(model, reference, 3))
    # Computed beside another crop, so rounded otherwise.
    torch.testing.assert_close(*heatmaps_of(model, reference, 1))
    assert len(graphs) == 2


def heatmaps_of(model, reference, size: int) -> list:
    """The heatmaps of both for as many crops."""
    crops, samples = batch(size)
    found = []
    for each in (model, reference):
        with torch.no_grad():
            fields = each.head.predict(
                each.extract_feat(crops), samples,
                dict(output_heatmaps=True))[1]
        found.append(torch.stack([field.heatmaps for field in fields]))
    return found


def test_only_a_single_last_image_is_doubled(monkeypatch):
    monkeypatch.setattr(torch, 'compile', lambda run, fullgraph: run)
    model = MODELS.build(MODEL).eval()
    HOOKS.build(dict(type='CompileHook')).before_test(
        SimpleNamespace(model=model))
    with mock.patch.object(
            model.backbone, 'embed', side_effect=model.backbone.embed) as run:
        model(batch(3)[0], None)  # a training step
        for size in (1, 1, 3, 1):
            with torch.no_grad():
                assert len(model(batch(size)[0], None)) == size
        model(batch(1)[0], None)
    assert [len(call.args[0]) for call in run.call_args_list] == [
        3, 1, 1, 3, 2, 1]


def test_images_of_other_sizes_are_not_compiled(graphs):
    model = MODELS.build(MODEL).eval()
    reference = copy.deepcopy(model)
    HOOKS.build(dict(type='CompileHook')).before_test(
        SimpleNamespace(model=model))
    with torch.no_grad():
        for height in range(64, 64 + 16 * 12, 16):
            images = torch.randn(1, 3, height, 48)
            assert torch.equal(model(images, None), reference(images, None))
    assert len(graphs) == 2


def test_checkpoints_do_not_change(graphs):
    model = MODELS.build(MODEL)
    names = list(model.state_dict())
    HOOKS.build(dict(type='CompileHook')).before_test(
        SimpleNamespace(model=model))
    assert list(model.state_dict()) == names


def test_a_model_with_several_heads_is_refused():
    head = MODEL['head']
    model = MODELS.build(
        dict(
            type='MultiDatasetTopdownPoseEstimator',
            backbone=MODEL['backbone'],
            heads=dict(coco=head, aic=head)))
    with pytest.raises(ValueError, match='MultiDatasetTopdownPoseEstimator'):
        HOOKS.build(dict(type='CompileHook')).before_test(
            SimpleNamespace(model=model))


def test_a_torch_that_cannot_compile_it_is_refused(monkeypatch):
    monkeypatch.setattr(torch, '__version__', '2.1.2')
    with pytest.raises(RuntimeError, match='torch >= 2.2.0.*2.1.2'):
        HOOKS.build(dict(type='CompileHook')).before_train(
            SimpleNamespace(model=MODELS.build(MODEL)))


@pytest.mark.slow
def test_compiled_code_computes_the_same():
    model = MODELS.build(MODEL).eval()
    crops, _ = batch(4)
    with torch.no_grad():
        expected = model.head.forward(model.extract_feat(crops))
        HOOKS.build(dict(type='CompileHook')).before_test(
            SimpleNamespace(model=model))
        heatmaps = model.head.forward(model.extract_feat(crops))
    assert torch.allclose(heatmaps, expected, atol=1e-5)
