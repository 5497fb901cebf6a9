# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import shutil

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmpose.apis import MMPoseInferencer
from mmpose.registry import TRANSFORMS

LFS = b'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n'
LOADERS = 'LoadCheckedImage', 'LoadImageOnce'


@pytest.mark.parametrize('name', LOADERS)
@pytest.mark.parametrize('content, reason', [
    (b'', 'it is empty; download'),
    (LFS, 'it is a Git LFS pointer.* "git lfs pull"'),
    (b'<html>Sign in</html>', 'it is a web page'),
    (b'BM not an image', 'it is damaged, or of a kind'),
    (b'\xff\xd8\xff\xe0', 'it is damaged, or of a kind')])
def test_what_is_no_image_is_named_with_its_cure(tmp_path, name, content,
                                                 reason):
    path = tmp_path / 'street.jpg'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f'{path} cannot be .*: {reason}'):
        TRANSFORMS.build(dict(type=name))(dict(img_path=str(path)))


@pytest.mark.parametrize('name', LOADERS)
@pytest.mark.parametrize('shape', [(4, 5), (1, 4, 5, 3), (4, 5, 1),
                                   (4, 5, 4), (0, 5, 3)])
def test_an_array_that_is_no_picture_is_refused(name, shape):
    with pytest.raises(ValueError, match=r'has to be \(h, w, 3\)') as error:
        TRANSFORMS.build(dict(type=name))(dict(img=np.zeros(shape, 'uint8')))
    assert str(shape) in str(error.value)


@pytest.mark.parametrize('name', LOADERS)
def test_a_missing_file_stays_a_missing_file(tmp_path, name):
    load = TRANSFORMS.build(dict(type=name))
    with pytest.raises(FileNotFoundError, match='absent.png'):
        load(dict(img_path=str(tmp_path / 'absent.png')))
    load = TRANSFORMS.build(dict(type=name, ignore_empty=True))
    assert load(dict(img_path=str(tmp_path / 'absent.png'))) is None


def test_loads_what_opencv_loads(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (6, 7, 3), np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    load = TRANSFORMS.build(dict(type='LoadCheckedImage'))
    loaded = load(dict(img_path=str(tmp_path / 'a.png')))
    assert np.array_equal(loaded['img'], image)
    assert loaded['img_shape'] == loaded['ori_shape'] == (6, 7)


def test_all_pipelines_of_configs_load_checked_images(repo):
    for path in (repo / 'configs').rglob('*.py'):
        assert "'LoadImage'" not in path.read_text(), path


@pytest.mark.parametrize('config', [
    'td-hm_ViTPose-tiny_1xb12-150e_coco-overfit-128x96.py',
    'ae_ViTPose-tiny_1xb4-300e_coco-overfit-384x384.py'])
def test_the_inferencer_names_what_it_cannot_use(tmp_path, real_data, repo,
                                                 monkeypatch, config):
    monkeypatch.setenv('VITPOSE_DATA', str(real_data))
    config = Config.fromfile(repo / 'configs/quickstart' / config)
    inferencer = MMPoseInferencer(
        pose2d=config, det_model='whole_image', device='cpu')
    with pytest.raises(ValueError, match=r'\(40, 50\) was given'):
        next(inferencer(np.zeros((40, 50), np.uint8)))
    if config.data_mode == 'topdown':
        return  # MMPose itself reads the size of the whole image, before us
    shutil.copy(real_data / 'coco/000000000785.jpg', tmp_path / 'a.jpg')
    (tmp_path / 'b.jpg').write_bytes(LFS)
    with pytest.raises(ValueError, match='b.jpg cannot be .* "git lfs pull'):
        list(inferencer(str(tmp_path)))
