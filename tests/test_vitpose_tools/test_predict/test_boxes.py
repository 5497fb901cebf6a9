# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO

from vitpose_tools.predict.boxes import BoxesOfFile, WholeImage
from vitpose_tools.predict.detections import BoxesError
from vitpose_tools.predict.frame import Frame

REAL = Path('/'.join(Path(__file__).parts[:-4])) / '../shared/data/coco'


def frame(source, index=None, size=(100, 80)):
    return Frame(np.zeros((size[1], size[0], 3), np.uint8), source, index)


@pytest.fixture
def write(tmp_path):

    def write(content, name='böxes.json'):
        path = tmp_path / name
        path.write_text(json.dumps(content))
        return path

    return write


def entry(image_id, bbox=(10, 20, 30, 40), score=.5, **more):
    return dict(image_id=image_id, bbox=list(bbox), score=score, **more)


def test_the_whole_image_is_a_box():
    boxes = WholeImage()(frame('a.jpg'))
    assert boxes.xyxy.tolist() == [[0, 0, 100, 80]]
    assert boxes.track_ids is None
    # In a video it is one animal that can be smoothed.
    assert WholeImage()(frame('a.mp4', 3)).track_ids.tolist() == [0]


def test_image_id_is_the_index_of_a_frame(write):
    boxes = BoxesOfFile(write([
        entry(3, track_id=7), entry(0, track_id=1),
        entry(3, (1, 2, 5, 5), .9, track_id=4)]))
    found = boxes(frame('a.mp4', 3))
    assert found.xyxy.tolist() == [[10, 20, 40, 60], [1, 2, 6, 7]]
    assert found.scores == pytest.approx([.5, .9])
    assert found.track_ids.tolist() == [7, 4]
    assert boxes.image_id(frame('a.mp4', 3)) == 3
    assert len(boxes(frame('a.mp4', 1)).xyxy) == 0
    assert boxes.notes == [f'{boxes.path}: 1 images have no box, the first '
                           'a.mp4, frame 1']
    with pytest.raises(BoxesError, match='are of one video, but a.mp4 and '
                       'b.mp4 are given'):
        boxes(frame('b.mp4', 3))


def test_best_of_frames(write):
    path = write([entry(3, (1, 2, 10, 20), .4, category_id=1),
                  entry(3, (5, 6, 10, 20), .7),
                  entry(4, (5, 6, 0, 20), .9)])
    assert BoxesOfFile(path).best_by_frame() == {3: [5, 6, 15, 26]}
    with pytest.raises(BoxesError, match="has to be the index"):
        BoxesOfFile(write([entry('a')])).best_by_frame()


@pytest.mark.skipif(not REAL.is_dir(), reason='no shared data')
@pytest.mark.parametrize('images', [None, REAL / 'test_coco.json'])
def test_coco_detections_are_those_of_mmpose(images):
    path = REAL / 'test_coco_det_AP_H_56.json'
    boxes = BoxesOfFile(path, images)
    content = json.loads(path.read_text())
    for name in ('000000000785', '000000196141'):
        one = frame(str(REAL / f'{name}.jpg'), size=(640, 480))
        truth = [det for det in content if det['image_id'] == int(name)]
        found = boxes(one)
        assert len(truth) > 1
        xywh = np.array([det['bbox'] for det in truth])
        np.testing.assert_allclose(
            found.xyxy, np.hstack([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]]),
            rtol=1e-6)
        np.testing.assert_allclose(found.scores,
                                   [det['score'] for det in truth])
        assert boxes.image_id(one) == int(name)


@pytest.mark.skipif(not REAL.is_dir(), reason='no shared data')
def test_annotations_serve_as_boxes():
    path = REAL / 'test_coco.json'
    boxes, coco = BoxesOfFile(path), COCO(str(path))
    for image in coco.loadImgs(coco.getImgIds()):
        found = boxes(frame(image['file_name'],
                            size=(image['width'], image['height'])))
        xywh = np.array([ann['bbox'] for ann in coco.loadAnns(coco.getAnnIds(
            image['id'], iscrowd=0))]).reshape(-1, 4)
        np.testing.assert_allclose(found.xyxy[:, :2], xywh[:, :2], rtol=1e-6)
        np.testing.assert_allclose(
            found.xyxy[:, 2:], xywh[:, :2] + xywh[:, 2:], rtol=1e-6)


def test_names_find_images_as_far_as_folders_agree(write):
    boxes = BoxesOfFile(write([
        dict(file_name='links/ä.png', bbox=[1, 1, 5, 5]),
        dict(file_name='rechts/ä.png', bbox=[2, 2, 5, 5]),
        dict(file_name='c.png', bbox=[3, 3, 5, 5])]))
    assert boxes(frame('C:\\x\\rechts\\ä.png')).xyxy[0, 0] == 2
    assert boxes(frame('/x/links/ä.png')).xyxy[0, 0] == 1
    assert boxes(frame('/anywhere/c.png')).xyxy[0, 0] == 3
    assert boxes.image_id(frame('c.png')) is None
    assert not len(boxes(frame('/x/mitte/ä.png')).xyxy)
    with pytest.raises(BoxesError, match='has 2 images that ä.png may be'):
        boxes(frame('ä.png'))
    with pytest.raises(BoxesError, match='of pictures by name, not of the '
                       'frames of a.mp4'):
        boxes(frame('a.mp4', 0))


def test_images_may_be_frames_of_videos(write):
    images = [dict(id=10 + n, file_name=f'{n}.png', video=video,
                   frame_index=index)
              for n, (video, index) in enumerate(
                  [('a.mp4', 4), ('b.mp4', 4), ('b.mp4', 5)])]
    boxes = BoxesOfFile(write(dict(images=images, annotations=[
        entry(10, (1, 1, 5, 5)), entry(11, (2, 2, 5, 5)),
        entry(12, (3, 3, 5, 5), iscrowd=1)])))
    assert boxes(frame('/v/a.mp4', 4)).xyxy[0, 0] == 1
    assert boxes(frame('/v/b.mp4', 4)).xyxy[0, 0] == 2
    assert not len(boxes(frame('/v/b.mp4', 5)).xyxy)  # a crowd
    assert not len(boxes(frame('/v/b.mp4', 6)).xyxy)


def test_a_category_is_chosen_by_name_or_number(write):
    entries = [entry(0, category_id=1), entry(0, (1, 1, 5, 5), category_id=18)]
    path = write(entries)
    with pytest.raises(BoxesError, match='several categories, 1, 18; choose'):
        BoxesOfFile(path)
    for category in (18, '18'):
        found = BoxesOfFile(path, category=category)(frame('a.mp4', 0))
        assert found.xyxy.tolist() == [[1, 1, 6, 6]]
    kinds = [dict(id=1, name='person'), dict(id=18, name='dog')]
    path = write(dict(images=[dict(id=0, file_name='a.jpg')],
                      annotations=entries, categories=kinds))
    assert BoxesOfFile(path)(frame('a.jpg')).xyxy[0, 0] == 10
    assert BoxesOfFile(path, category='dog')(
        frame('a.jpg')).xyxy[0, 0] == 1
    with pytest.raises(BoxesError, match=r"no box of category 'cat'; it has "
                       r'those of 1 \(person\), 18 \(dog\)'):
        BoxesOfFile(path, category='cat')


def test_low_scores_are_left_out(write):
    path = write([entry(0, score=.2), entry(0, score=.6)])
    found = BoxesOfFile(path, min_score=.5)(frame('a.mp4', 0))
    assert found.scores == pytest.approx([.6])


def test_boxes_outside_are_named_and_left_out(write):
    boxes = BoxesOfFile(write([
        entry(0, (100, 0, 10, 10)), entry(0, (-20, 10, 20, 10)),
        entry(0, (-5, -5, 10, 10)), entry(0, (3, 3, 0, 5)),
        entry(0, (99, 79, 1, 1))]))
    assert boxes(frame('a.mp4', 0)).xyxy.tolist() == [
        [-5, -5, 5, 5], [99, 79, 100, 80]]
    empty, outside = boxes.notes
    assert 'no width or height and were left out, the first in entry 3' in \
        empty
    assert ('2 boxes lie outside of their images and were left out, the first '
            'in entry 0: [100.0, 0.0, 10.0, 10.0] in a.mp4 of 100x80'
            ) in outside


@pytest.mark.parametrize('content, message', [
    ([entry(0), entry(1, (float('nan'), 1, 2, 3))], 'entry 1 has the .bbox. '
     r'\[nan, 1, 2, 3\]'),
    ([entry(0, (1, 2, 3))], r'entry 0 has the .bbox. \[1, 2, 3\]'),
    ([entry(0, score=float('nan'))], "'score' nan, which have to be"),
    ([dict(image_id=0, score=1)], 'four finite numbers, x, y, w, h'),
    ([entry(0, (50, 50, -10, 5))], 'negative width or height; boxes are x'),
    ([dict(bbox=[1, 2, 3, 4])], "entry 0 does not say by 'image_id' or"),
    ([dict(image_id=None, bbox=[1, 2, 3, 4])], 'entry 0 does not say'),
    (dict(a=1), 'holds no boxes: it has to be a list of detections'),
    ([[1, 2, 3, 4]], 'holds no boxes'),
    ([], 'holds no boxes: it is empty'),
    (dict(images=[dict(id=1)], annotations=[entry(1)], categories=[1]),
     'not as COCO has them'),
    (dict(images=[dict(id=1, file_name='a')], annotations=[entry(2)]),
     "entry 0 is of image 2, which 'images' does not have")])
def test_what_is_no_box_is_named(write, content, message):
    with pytest.raises(BoxesError, match=message) as raised:
        BoxesOfFile(write(content))
    assert 'böxes.json' in str(raised.value)


def test_numbers_without_names_need_the_images(write):
    path = write([entry(5)])
    with pytest.raises(BoxesError, match='dog.jpg has no number for its name; '
                       'give the COCO file of the images'):
        BoxesOfFile(path)(frame('dog.jpg'))
    images = write(dict(images=[dict(id=5, file_name='dog.jpg')]), 'i.json')
    assert len(BoxesOfFile(path, images)(frame('dog.jpg')).xyxy) == 1
    with pytest.raises(BoxesError, match="böxes.json has no list 'images'"):
        BoxesOfFile(path, path)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(BoxesError, match='absent.json: No such file'):
        BoxesOfFile(tmp_path / 'absent.json')
    (tmp_path / 'a.json').write_text('[')
    with pytest.raises(BoxesError, match='a.json was not read'):
        BoxesOfFile(tmp_path / 'a.json')
