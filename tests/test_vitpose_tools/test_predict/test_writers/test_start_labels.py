# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json

import numpy as np
import pandas
import pytest
from xtcocotools.coco import COCO

from vitpose_tools.extras import MissingPackage
from vitpose_tools.predict.writers import coco, dlc, sleap

NAMES, LINKS = ['nose', 'pfote, links'], [(1, 0)]
FILES = ['labeled-data/ä/img07.png', 'labeled-data/ä/img19.png']
KEYPOINTS = np.array([[[1.5, 2.25], [np.nan, np.nan]],
                      [[30.12345, 4.], [5., 60.]]])
SCORES = np.array([[.9, .1], [.5, np.nan]])
BOXES = np.array([[0., 0., 80., 60.], [10., 20., 40., 50.]])


def test_deeplabcut_reads_the_table(tmp_path):
    path = tmp_path / 'CollectedData.csv'
    path.write_text(dlc.start_labels(NAMES, FILES, KEYPOINTS),
                    encoding='utf-8')
    # As DeepLabCut reads it.
    table = pandas.read_csv(path, header=[0, 1, 2], index_col=0)
    assert table.columns.names == ['scorer', 'bodyparts', 'coords']
    assert table.index.tolist() == FILES
    own = table['vitpose_mm']
    for k, name in enumerate(NAMES):
        np.testing.assert_allclose(
            own[name][['x', 'y']].to_numpy(), KEYPOINTS[:, k], atol=6e-4)


def test_coco_holds_what_is_known(tmp_path):
    content = coco.start_labels(
        NAMES, LINKS, FILES, KEYPOINTS, SCORES, BOXES, (80, 60), 'ä.mp4',
        np.array([7, 19]))
    path = tmp_path / 'coco.json'
    path.write_text(json.dumps(content, allow_nan=False))
    read = COCO(str(path))
    first, second = (read.anns[key] for key in sorted(read.anns))
    assert first['keypoints'] == [1.5, 2.25, 2, 0, 0, 0]
    assert (first['num_keypoints'], second['num_keypoints']) == (1, 2)
    assert second['bbox'] == [10, 20, 30, 30] and second['area'] == 900
    assert second['score'] == .5
    assert read.cats[1]['skeleton'] == [[2, 1]]
    image = read.imgs[second['image_id']]
    assert (image['file_name'], image['frame_index']) == (FILES[1], 19)
    assert (image['width'], image['height']) == (80, 60)


def test_sleap_opens_the_video_with_the_predictions(tmp_path):
    sleap_io = pytest.importorskip('sleap_io')
    video = tmp_path / 'ä b.mp4'
    video.touch()
    sleap.write_start_labels(tmp_path / 'labels.slp', NAMES, LINKS, KEYPOINTS,
                             SCORES, video, np.array([7, 19]))
    labels = sleap_io.load_slp(str(tmp_path / 'labels.slp'),
                               open_videos=False)
    assert labels.skeleton.node_names == NAMES
    assert labels.skeleton.edge_inds == [(1, 0)]
    assert labels.video.filename == str(video)
    assert [frame.frame_idx for frame in labels] == [7, 19]
    for frame, points, score in zip(labels, KEYPOINTS, (.5, .5)):
        instance, = frame.instances
        np.testing.assert_allclose(instance.numpy(), points)
        assert instance.score == pytest.approx(score)


def test_without_sleap_one_sentence_names_the_cure(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'sleap_io', None)
    with pytest.raises(MissingPackage, match=r"\[predict\]"):
        sleap.write_start_labels(
            tmp_path / 'labels.slp', NAMES, LINKS, KEYPOINTS, SCORES,
            tmp_path / 'a.mp4', [7, 19])
    assert not list(tmp_path.iterdir())
