# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""No file of torch.export runs code when it is opened."""
import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Callable, Dict

import numpy as np
import pytest
import torch
from mmengine.utils import digit_version
from torch import nn

from vitpose_tools.predict.exported import ExportError, open_export

pytestmark = pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.10'),
    reason='older programs are other archives')


class Pool(nn.Module):
    """Heatmaps are the pooled channels, with a weight of one."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, crops):
        pixels = crops.permute(0, 3, 1, 2).float() * self.weight
        return nn.functional.avg_pool2d(pixels, 4)


@pytest.fixture(scope='module')
def program(tmp_path_factory) -> Path:
    from vitpose_tools.export.program_file import trace
    path = tmp_path_factory.mktemp('program') / 'pool.pt2'
    exported = trace(Pool(), [torch.zeros(2, 64, 48, 3, dtype=torch.uint8)])
    torch.export.save(exported, path, extra_files=dict(vitpose_mm='CARD'))
    return path


@pytest.fixture
def rewrite(program, tmp_path) -> Callable[..., Path]:
    """The program with other content of its members."""

    def write(**change: Callable[[bytes], bytes]) -> Path:
        return write_members(change, {})

    def write_members(change: Dict[str, Callable],
                      more: Dict[str, bytes]) -> Path:
        path = tmp_path / 'changed.pt2'
        with zipfile.ZipFile(program) as source, zipfile.ZipFile(
                path, 'w') as target:
            for name in source.namelist():
                data = source.read(name)
                for end, edit in change.items():
                    if name.endswith(end):
                        data = edit(data)
                target.writestr(name, data)
            root = source.namelist()[0].split('/')[0]
            for name, data in more.items():
                target.writestr(f'{root}/{name}', data)
        return path

    write.members = write_members
    return write


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path, )


def edit(change: Callable[[dict], None]) -> Callable[[bytes], bytes]:
    def run(data: bytes) -> bytes:
        content = json.loads(data)
        change(content)
        return json.dumps(content).encode()

    return run


def test_our_own_programs_are_opened(rewrite, card):
    path = rewrite.members({'extra/vitpose_mm':
                            lambda _: card.to_json().encode()}, {})
    crops = np.random.default_rng(0).integers(0, 256, (3, 64, 48, 3),
                                              np.uint8)

    network = open_export(path)
    heatmaps, = network.session.run(dict(crops=crops))

    np.testing.assert_allclose(
        heatmaps, crops.reshape(3, 16, 4, 12, 4, 3).mean((2, 4)).transpose(
            0, 3, 1, 2), rtol=1e-5)


def test_guards_run_code_in_pytorch_and_not_here(rewrite, tmp_path):
    mark = tmp_path / 'ran'
    path = rewrite.members({'model.json': edit(lambda content: content.update(
        guards_code=[f"open({str(mark)!r}, 'w') is not None"]))}, {})

    torch.export.load(path).module()(
        torch.zeros(1, 64, 48, 3, dtype=torch.uint8))
    assert mark.exists()  # else there is nothing to guard against
    mark.unlink()
    with pytest.raises(ExportError, match='changed.pt2 is refused'):
        open_export(path)
    assert not mark.exists()


def set_target(text: str) -> Callable[[dict], None]:
    def change(content: dict) -> None:
        content['graph_module']['graph']['nodes'][0]['target'] = text

    return change


def set_name(content: dict) -> None:
    content['graph_module']['graph']['nodes'][0]['name'] = 'a"); print("'


def set_tree(content: dict) -> None:
    call = content['graph_module']['module_call_graph'][0]['signature']
    call['in_spec'] = call['in_spec'].replace('builtins.dict',
                                              'collections.defaultdict')


def set_size(content: dict) -> None:
    text = json.dumps(content['graph_module']['graph'])
    assert 'expr_str' in text

    def walk(value):
        if isinstance(value, dict):
            for key, part in value.items():
                if key == 'expr_str':
                    value[key] = "__import__('os').getcwd()"
                walk(part)
        elif isinstance(value, list):
            for part in value:
                walk(part)

    walk(content)


@pytest.mark.parametrize('change', [
    set_target('torch.os.system'), set_target('torch.hub.load'),
    set_target('torch.ops.aten.from_file.default'),
    set_target('torch.ops.higher_order.cond'), set_target('_operator.call'),
    set_target('#extension:op'), set_name, set_tree, set_size,
    lambda content: content.update(more=1)
], ids=['os', 'hub', 'from_file', 'cond', 'call', 'extension', 'name',
        'tree', 'size', 'key'])
def test_what_could_run_code_is_refused(rewrite, change):
    path = rewrite.members({'model.json': edit(change)}, {})

    with pytest.raises(ExportError, match='refused, because PyTorch might'):
        open_export(path)


def test_pickles_are_refused(rewrite, tmp_path):
    mark = tmp_path / 'ran'
    bomb = pickle.dumps(Bomb(mark))
    saved = io.BytesIO()
    torch.save(Bomb(mark), saved)
    files = [
        rewrite.members({'sample_inputs/model.pt': lambda _: saved.getvalue()},
                        {}),
    ]
    with pytest.raises(ExportError, match='sample inputs'):
        open_export(files[0])

    def as_pickle(content: dict) -> None:
        for entry in content['config'].values():
            entry['use_pickle'] = True

    path = rewrite.members({'weights_config.json': edit(as_pickle),
                            'weights/weight_0': lambda _: saved.getvalue()},
                           {})
    with pytest.raises(ExportError, match='weight is pickled'):
        open_export(path)

    def as_object(content: dict) -> None:
        for entry in content['config'].values():
            entry['path_name'] = 'opaque_obj_0'

    path = rewrite.members({'weights_config.json': edit(as_object)},
                           {'data/constants/opaque_obj_0': bomb})
    with pytest.raises(ExportError, match='opaque_obj_0'):
        open_export(path)
    path = rewrite.members({}, {'data/weights/model.pt': saved.getvalue()})
    with pytest.raises(ExportError, match='it holds data/weights/model.pt'):
        open_export(path)
    assert not mark.exists()
