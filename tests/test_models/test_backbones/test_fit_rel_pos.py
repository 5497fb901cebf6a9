# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.

import numpy as np
import pytest
import torch
from mmengine.runner import load_checkpoint

from vitpose_mm.checkpoints import CheckpointError
from vitpose_mm.models import ViT
from vitpose_tools.checkpoint_tools.convert import convert
from vitpose_tools.checkpoint_tools.inspect import inspect_checkpoint

TINY = dict(embed_dim=32, depth=2, num_heads=4)


def tiny_vit(**options) -> ViT:
    return ViT(arch=TINY, img_size=(128, 96), **options)


def window(*size, **options) -> dict:
    return dict(attention=dict(window_size=size, **options))


@pytest.fixture
def file(tmp_path):
    vit = tiny_vit(**window(4, 2, rel_pos=True))
    for param in vit.parameters():
        torch.nn.init.normal_(param)
    path = tmp_path / 'windows.pth'
    torch.save(
        dict(state_dict={
            f'backbone.{name}': tensor
            for name, tensor in vit.state_dict().items()
        }), path)
    return path


def load(vit: ViT, path) -> dict:
    """Load as init_cfg does; the file's tensors by name in the ViT."""
    load_checkpoint(vit, str(path), map_location='cpu')
    state = torch.load(path, weights_only=True)['state_dict']
    return {name[len('backbone.'):]: value for name, value in state.items()}


def test_tables_of_the_same_windows_load_as_they_are(file):
    vit = tiny_vit(**window(4, 2, rel_pos=True))
    for name, tensor in load(vit, file).items():
        assert torch.equal(vit.state_dict()[name], tensor), name


def test_tables_of_other_windows_are_resampled_linearly(file, log):
    vit = tiny_vit(**window(8, 3, rel_pos=True))
    held = load(vit, file)
    for axis, side in (('rows', 8), ('cols', 3)):
        table = held[f'blocks.1.attn.rel_pos.{axis}'].numpy()
        # Both tables cover the same length; values sit in the middle of
        # their share of it.
        places = (np.arange(2 * side - 1) + .5) / (2 * side - 1)
        known = (np.arange(len(table)) + .5) / len(table)
        expected = [np.interp(places, known, channel) for channel in table.T]
        np.testing.assert_allclose(
            getattr(vit.blocks[1].attn.rel_pos, axis).detach().numpy(),
            np.transpose(expected),
            atol=1e-5)
    assert '4 tables of relative positions' in log.text


def test_a_model_without_relative_positions_refuses_them(file):
    cure = r'rel_pos.rows.*attention=dict\(rel_pos=True\)'
    with pytest.raises(ValueError, match=cure):
        load(tiny_vit(**window(4, 2)), file)


def test_without_tables_in_the_file_they_start_from_zero(tmp_path, log):
    path = tmp_path / 'plain.pth'
    torch.save(tiny_vit().state_dict(), path)
    vit = tiny_vit(attention=dict(rel_pos=True))
    load_checkpoint(vit, str(path), map_location='cpu')
    assert not any(t.any() for name, t in vit.state_dict().items()
                   if 'rel_pos' in name)
    assert 'relative positions: the tables start from zeros' in log.text


@pytest.mark.parametrize('layout', ['mmpose', 'official', 'hf'])
def test_layouts_of_others_refuse_relative_positions(file, tmp_path, layout):
    target = tmp_path / ('out' if layout == 'hf' else 'out.pth')
    with pytest.raises(
            CheckpointError,
            match=f"relative positions .*rel_pos.*, which the layout "
            f"'{layout}' does not have"):
        convert(file, target, layout)
    assert not target.exists()


def test_our_own_layout_keeps_relative_positions(file, tmp_path):
    target = tmp_path / 'out.safetensors'
    convert(file, target, 'vitpose_mm')
    vit = tiny_vit(**window(4, 2, rel_pos=True))
    load_checkpoint(vit, str(target), map_location='cpu')
    state = torch.load(file, weights_only=True)['state_dict']
    for name, tensor in vit.state_dict().items():
        assert torch.equal(tensor, state[f'backbone.{name}']), name


def test_inspect_names_the_windows_of_the_tables(file):
    assert any('within 4x2 patches' in line and 'rel_pos=True' in line
               for line in inspect_checkpoint(file)['unusual'])
