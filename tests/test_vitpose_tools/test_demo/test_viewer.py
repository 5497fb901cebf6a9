# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from vitpose_tools.demo.viewer import Viewer, describe
from vitpose_tools.predict.errors import PredictError
from vitpose_tools.predict.poses import Poses, Skeleton


def poses_of(image: np.ndarray) -> Poses:
    """Two people of two keypoints, of which one is where blue is most."""
    y, x = np.unravel_index(image[..., 0].argmax(), image.shape[:2])
    return Poses(
        Skeleton('two', ('nose', 'tail'), ((0, 1), )),
        np.array([[[x, y], [3., 4.]], [[1., 2.], [3., 4.5]]]),
        np.array([[.9, .2], [.4, .3]]),
        np.array([[0, 0, 20, 10], [1., 2, 3, 4]]), np.ones(2), image=image)


def test_a_picture_goes_in_as_rgb_and_comes_out_with_people():
    picture = np.zeros((30, 40, 3), np.uint8)
    picture[5, 7] = 0, 0, 200  # blue
    view = Viewer(lambda dataset: poses_of, [])(picture, None, 0.3)
    nose, tail = view.people[0]['keypoints']
    assert (nose['x'], nose['y'], nose['seen']) == (7, 5, True)
    assert nose['name'] == 'nose' and not tail['seen']
    assert view.people[0]['box'] == [0, 0, 20, 10]
    assert view.text == '2 found, with 3 keypoints of at least 0.30.'
    assert view.picture.shape == picture.shape
    # Orange, in RGB: where a dataset says no colours.
    assert view.picture[5, 7].tolist() == [255, 128, 0]


def test_each_dataset_is_opened_once():
    asked = []

    def open_predictor(dataset):
        asked.append(dataset)
        return poses_of

    viewer = Viewer(open_predictor, ['coco', 'aic'])
    picture = np.zeros((30, 40, 3), np.uint8)
    for dataset in ('coco', 'aic', 'coco', '', None):
        viewer(picture, dataset, 0.3)
    assert asked == ['coco', 'aic', None]


def test_nobody_is_said():
    people = describe(Poses(
        Skeleton('two', ('nose', 'tail')), np.zeros((0, 2, 2)),
        np.zeros((0, 2)), np.zeros((0, 4)), np.zeros(0)), 0.3)
    assert people == []


def test_what_a_model_refuses_reaches_the_page():
    pytest.importorskip('gradio')
    import gradio

    from vitpose_tools.demo import build_app

    def refuse(image):
        raise PredictError('an image of 0 pixels')

    app = build_app(Viewer(lambda dataset: refuse, []), 'a model')
    answer = next(iter(app.fns.values())).fn
    with pytest.raises(gradio.Error, match='an image of 0 pixels'):
        answer(np.zeros((4, 4, 3), np.uint8), None, .3)
    assert answer(None, None, .3)[1] == 'Give a picture.'
