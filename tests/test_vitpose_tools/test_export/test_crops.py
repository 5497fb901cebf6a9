# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from vitpose_tools.export.crops import find_crops
from vitpose_tools.predict.exported import ExportError
from vitpose_tools.predict.network import CropSpec

SPEC = CropSpec((48, 64))


def test_pictures_of_a_folder_are_whole(tmp_path):
    for name in ('ü 1.png', 'b.jpg'):
        _, data = cv2.imencode(name[-4:], np.full((40, 30, 3), 200, np.uint8))
        (tmp_path / name).write_bytes(data.tobytes())

    crops = find_crops(SPEC, Config(), None, tmp_path, 9)

    assert crops.images.shape == (2, 64, 48, 3)
    assert '2 whole pictures of' in crops.source
    # padded by a quarter, an eighth on each side
    assert crops.images[0, 32, 24, 0] == 200 and crops.images[0, 2, 2, 0] == 0


def test_boxes_of_a_coco_file_are_cut_out(labelled):
    crops = find_crops(SPEC, Config(), None, labelled(count=6), 4)

    assert crops.images.shape == (4, 64, 48, 3)
    assert '4 boxes of' in crops.source
    assert crops.images.std() > 1


def test_no_validation_images_are_drawn_people_and_said(tmp_path):
    config = Config(dict(val_dataloader=dict(dataset=dict(
        type='mmpose.CocoDataset', data_root=str(tmp_path),
        ann_file='nowhere.json', data_mode='topdown'))))

    crops = find_crops(SPEC, config, 'coco', None, 5)
    again = find_crops(SPEC, config, 'coco', None, 5)

    assert crops.images.shape == (5, 64, 48, 3)
    assert 'drawn people of seed 0' in crops.source
    assert 'nowhere.json' in crops.source
    np.testing.assert_array_equal(crops.images, again.images)


def test_what_holds_no_crops_is_named(tmp_path, labelled):
    path = labelled(count=2)
    for name in (tmp_path / 'empty', tmp_path / 'none'):
        if name.name == 'empty':
            name.mkdir()
        with pytest.raises(ExportError, match=name.name):
            find_crops(SPEC, Config(), None, name, 2)
    (tmp_path / 'images' / 'train1.png').write_bytes(b'')
    with pytest.raises(ExportError, match='train1.png was not read: it is '
                                          'empty'):
        find_crops(SPEC, Config(), None, path, 2)
    (tmp_path / 'images' / 'train1.png').unlink()
    with pytest.raises(ExportError, match='train.json: its picture'):
        find_crops(SPEC, Config(), None, path, 2)
    path.write_text(json.dumps(dict(images=[])))
    with pytest.raises(ExportError, match='train.json is not an annotation'):
        find_crops(SPEC, Config(), None, path, 2)
