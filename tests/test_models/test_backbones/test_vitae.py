# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.utils import digit_version
from mmpose.registry import MODELS

from vitpose_mm.checkpoints import CheckpointError
from vitpose_mm.engine.hooks.compile_hook import OLDEST_COMPILER
from vitpose_mm.models import ViTAE
from vitpose_tools.checkpoint_tools.convert import convert
from vitpose_tools.checkpoint_tools.inspect import inspect_checkpoint
from vitpose_tools.checkpoint_tools.verify import verify

TINY = dict(embed_dim=32, depth=3, num_heads=4)


def tiny(type: str = 'ViTAE', **options):
    model = MODELS.build(
        dict(type=type, arch=TINY, img_size=(64, 48), **options))
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.is_floating_point():
            tensor.data.normal_(std=0.1).abs_().add_(0.01)
    return model.eval()


def images(h: int = 64, w: int = 48) -> torch.Tensor:
    return torch.randn(2, 3, h, w)


# B, L, H: recounted from the published block; the paper says 89, 311 and
# 644 M. G: the paper says 1 B.
@pytest.mark.parametrize('arch, millions', [
    ('base', 88.6), ('large', 310.7), ('huge', 643.2), ('giant', 1028.3)])
def test_size_is_the_published_one(arch, millions):
    with torch.device('meta'):
        model = ViTAE(arch=arch)
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(
        millions, abs=0.05)


def test_maps_are_those_of_a_vit_at_any_size():
    for size in ((64, 48), (96, 80)):
        maps, = tiny()(images(*size))
        assert maps.shape == (2, 32, size[0] // 16, size[1] // 16)
    middle, last = tiny(out_indices=(0, -1))(images())
    assert middle.shape == last.shape


def test_without_convolutions_it_is_the_vit():
    vitae, vit, x = tiny(), tiny('ViT'), images()
    vitae.load_state_dict(vit.state_dict(), strict=False)
    assert not torch.allclose(vitae(x)[0], vit(x)[0])
    for block in vitae.blocks:
        torch.nn.init.zeros_(block.pcm[3].weight)
        torch.nn.init.zeros_(block.pcm[3].bias)
    torch.testing.assert_close(vitae(x)[0], vit(x)[0])


def test_checkpointing_counts_each_batch_once():
    x, plain, saving = images(), tiny(), tiny(with_cp=True)
    saving.load_state_dict(plain.state_dict())
    for model in (plain.train(), saving.train()):
        model(x)[0].square().sum().backward()
    for a, b in zip(plain.parameters(), saving.parameters()):
        torch.testing.assert_close(a.grad, b.grad)
    for (name, a), b in zip(plain.named_buffers(), saving.buffers()):
        torch.testing.assert_close(a, b)
        assert 'tracked' not in name or a == 1
    assert all(m.momentum == 0.1 for m in saving.modules()
               if isinstance(m, torch.nn.BatchNorm2d))


@pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version(OLDEST_COMPILER),
    reason='CompileHook refuses this torch')
def test_compiled_checkpointing_counts_each_batch_once_too():
    x, plain, saving = images(), tiny(), tiny(with_cp=True)
    saving.load_state_dict(plain.state_dict())
    # As CompileHook does, without generating code.
    compiled = torch.compile(
        saving.train(), fullgraph=True, backend='aot_eager')
    for run in plain.train(), compiled:
        run(x)[0].square().sum().backward()
    for a, b in zip(plain.parameters(), saving.parameters()):
        torch.testing.assert_close(a.grad, b.grad)
    for a, b in zip(plain.buffers(), saving.buffers()):
        torch.testing.assert_close(a, b)


def test_options_of_the_vit_work_here_too():
    x = images(128, 96)
    model = tiny(attention=dict(window_size=(2, 2), pooling=True),
                 num_knowledge_tokens=2)
    assert [type(block.attn).__name__ for block in model.blocks] == (
        3 * ['WindowAttention'])
    before, = model(x)
    model.knowledge_token.data += 1
    after, = model(x)
    assert before.shape == (2, 32, 8, 6)
    assert not torch.allclose(before, after)


def test_frozen_blocks_keep_their_statistics():
    model = tiny(frozen_stages=2).train()
    before = [b.pcm[1].running_mean.clone() for b in model.blocks]
    model(images())
    assert [torch.equal(b.pcm[1].running_mean, mean)
            for b, mean in zip(model.blocks, before)] == [True, True, False]


def test_layer_decay_gives_a_convolution_the_rate_of_its_block():
    model = tiny()
    wrapper = build_optim_wrapper(
        model,
        dict(
            optimizer=dict(type='SGD', lr=1., weight_decay=0.1),
            constructor='ViTLayerDecayOptimWrapperConstructor',
            paramwise_cfg=dict(layer_decay_rate=0.5)))
    found = {
        id(param): (group['lr'], group['weight_decay'])
        for group in wrapper.optimizer.param_groups
        for param in group['params']
    }
    conv, norm = model.blocks[0].pcm[0], model.blocks[2].pcm[1]
    assert found[id(conv.weight)] == (0.125, 0.1)
    assert found[id(conv.bias)] == (0.125, 0.)
    assert found[id(norm.weight)] == (0.5, 0.)


def test_kernels_of_pre_training_load_into_the_centre(tmp_path, log):
    source = tiny(kernel_size=1)
    path = str(tmp_path / 'mae.pth')
    torch.save(dict(state_dict=source.state_dict()), path)
    model = tiny(init_cfg=dict(type='Pretrained', checkpoint=path))
    model.init_weights()
    x = images()
    torch.testing.assert_close(model(x)[0], source(x)[0])
    assert 'parallel kernels 1x1 to 3x3, zeros around (6)' in log.text
    total = len(model.state_dict())
    assert f'{total} of {total} tensors' in log.text


def test_published_names_and_biases_load(tmp_path):
    source = tiny(kernel_size=1)
    state = {}
    for key, value in source.state_dict().items():
        if key.endswith('qkv.bias'):
            q, k, v = value.chunk(3)
            k.zero_()
            state[key.replace('qkv', 'q').replace('q.bias', 'q_bias')] = q
            state[key.replace('qkv', 'v').replace('v.bias', 'v_bias')] = v
        elif not key.startswith('last_norm'):
            state[key.replace('.pcm.', '.PCM.')] = value
    torch.save(dict(model=state), tmp_path / 'vitae.pth')
    model = tiny(init_cfg=dict(
        type='Pretrained', checkpoint=str(tmp_path / 'vitae.pth')))
    model.last_norm.load_state_dict(source.last_norm.state_dict())
    model.init_weights()
    x = images()
    torch.testing.assert_close(model(x)[0], source(x)[0])


@pytest.fixture
def vitae_file(tmp_path):
    path = tmp_path / 'vitae.pth'
    state = {f'backbone.{k}': v for k, v in tiny().state_dict().items()}
    torch.save(dict(state_dict=state), path)
    return path


def test_plain_vit_refuses_a_vitae_by_name(vitae_file):
    vit = tiny('ViT', init_cfg=dict(
        type='Pretrained', checkpoint=str(vitae_file)))
    with pytest.raises(ValueError, match="holds a ViTAE.*type='ViTAE'"):
        vit.init_weights()


@pytest.mark.parametrize('layout', ['mmpose', 'official', 'hf'])
def test_layouts_of_others_refuse_a_vitae_by_name(vitae_file, tmp_path,
                                                  layout):
    target = tmp_path / ('out' if layout == 'hf' else 'out.pth')
    with pytest.raises(CheckpointError, match='ViTAE.*pcm'):
        convert(vitae_file, target, layout)
    assert not target.exists()


def test_own_layout_keeps_what_a_vitae_computes(tmp_path):
    model = MODELS.build(
        dict(
            type='ViTAE',
            arch=dict(embed_dim=384, depth=1, num_heads=12),
            img_size=(64, 48)))
    state = {f'backbone.{k}': v for k, v in model.state_dict().items()}
    state['head.final_layer.weight'] = torch.randn(17, 384, 3, 3)
    state['head.final_layer.bias'] = torch.zeros(17)
    torch.save(dict(state_dict=state), tmp_path / 'a.pth')
    convert(tmp_path / 'a.pth', tmp_path / 'b.safetensors', 'vitpose_mm')
    assert verify(tmp_path / 'a.pth', tmp_path / 'b.safetensors')[
        'heatmap'] == 0
    state['backbone.blocks.0.pcm.3.bias'] += 1
    torch.save(dict(state_dict=state), tmp_path / 'a.pth')
    assert verify(tmp_path / 'a.pth', tmp_path / 'b.safetensors')[
        'heatmap'] > 0


def test_inspect_names_a_vitae(vitae_file):
    facts = inspect_checkpoint(vitae_file)
    assert any('ViTAE: a 3x3 convolution' in line
               for line in facts['unusual'])
