# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import pytest
import torch

from vitpose_mm.checkpoints import CheckpointError
from vitpose_tools.checkpoint_tools.convert import convert
from vitpose_tools.checkpoint_tools.verify import verify


@pytest.fixture
def files(tmp_path, official_weights):
    """An official file and three more with the same weights."""
    first = tmp_path / 'official.pth'
    torch.save(official_weights(384, 1), first)
    others = [tmp_path / 'ours.pth', tmp_path / 'mmpose.pth', tmp_path / 'hf']
    for path, layout in zip(others, ('vitpose_mm', 'mmpose', 'hf')):
        convert(first, path, layout)
    return [first, *others]


def test_same_weights_in_any_layout_agree(files):
    for other in files[1:]:
        result = verify(files[0], other)

        assert result['heatmap'] == 0 and result['keypoint'] == 0
        assert result['peak'] > 0.1


def test_difference_is_measured(tmp_path, files):
    weights = torch.load(files[1], weights_only=True)['state_dict']
    weights['head.final_layer.bias'][3] += 0.25
    torch.save(weights, tmp_path / 'shifted.pth')

    result = verify(files[0], tmp_path / 'shifted.pth')

    assert result['heatmap'] == pytest.approx(0.25, abs=1e-5)


def test_keypoints_are_compared_in_pixels_of_the_crop(tmp_path, files):
    weights = torch.load(files[1], weights_only=True)['state_dict']
    for key in ('weight', 'bias'):  # another keypoint's map for keypoint 0
        tensor = weights[f'head.final_layer.{key}']
        tensor[0] = tensor[1].clone()
    torch.save(weights, tmp_path / 'swapped.pth')

    result = verify(files[0], tmp_path / 'swapped.pth')

    assert 4 < result['keypoint'] < 256 * 2**.5


def test_joint_file_is_compared_by_dataset(tmp_path, official_weights):
    joint, dense = tmp_path / 'joint.pth', tmp_path / 'dense.pth'
    torch.save(official_weights(384, 1, part_features=96), joint)
    convert(joint, dense, 'vitpose_mm', 'mpii')

    assert verify(joint, dense, dataset='mpii')['heatmap'] == 0
    with pytest.raises(CheckpointError, match='--dataset: coco, aic'):
        verify(joint, dense)


def test_config_is_used_for_sizes_that_files_do_not_tell(tmp_path,
                                                         official_weights):
    weights = official_weights(96, 1)
    torch.save(weights, tmp_path / 'own.pth')
    (tmp_path / 'config.py').write_text(
        "custom_imports = dict(imports=['vitpose_mm'])\n"
        "model = dict(type='TopdownPoseEstimator', backbone=dict(type='ViT', "
        'arch=dict(embed_dim=96, depth=1, num_heads=4)), '
        "head=dict(type='HeatmapHead', in_channels=96, out_channels=17, "
        'deconv_out_channels=(256, 256), deconv_kernel_sizes=(4, 4)))\n')
    files = [tmp_path / 'own.pth'] * 2

    with pytest.raises(CheckpointError, match='--config'):
        verify(*files)
    assert verify(*files, tmp_path / 'config.py')['heatmap'] == 0


def test_number_of_heads_comes_from_the_config_of_the_training(
        tmp_path, official_weights):
    torch.save(
        dict(state_dict=official_weights(96, 1),
             meta=dict(cfg='arch=dict(depth=1, embed_dim=96, num_heads=4)')),
        tmp_path / 'own.pth')

    assert verify(*[tmp_path / 'own.pth'] * 2)['heatmap'] == 0


def test_files_of_different_models_do_not_compare(tmp_path, files,
                                                  official_weights):
    torch.save(official_weights(384, 1, num_keypoints=14),
               tmp_path / 'aic.pth')
    torch.save(official_weights(768, 1), tmp_path / 'base.pth')

    with pytest.raises(CheckpointError, match='aic.pth does not fit'):
        verify(files[0], tmp_path / 'aic.pth')
    with pytest.raises(CheckpointError, match='base.pth does not fit'):
        verify(files[0], tmp_path / 'base.pth')


def test_windows_beside_full_attention_differ(tmp_path, official_weights):
    weights = {key.replace('keypoint_head', 'head'): tensor for key, tensor in
               official_weights(384, 1, num_slots=192).items()}
    cfg = "model = dict(backbone=dict(type='ViT', {}))"
    for name, options in (('full', ''),
                          ('windows', 'attention=dict(window_size=(8, 6))')):
        torch.save(dict(state_dict=weights,
                        meta=dict(cfg=cfg.format(options))),
                   tmp_path / f'{name}.pth')
    convert(tmp_path / 'full.pth', tmp_path / 'official.pth', 'official')

    for other in ('full.pth', 'official.pth'):
        result = verify(tmp_path / 'windows.pth', tmp_path / other)
        assert result['heatmap'] > 0.01
    assert verify(*[tmp_path / 'windows.pth'] * 2)['heatmap'] == 0
