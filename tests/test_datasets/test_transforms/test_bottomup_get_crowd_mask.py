# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from mmpose.registry import TRANSFORMS
from pycocotools import mask as coco

SHAPE = (40, 60)  # (h, w)
POLYGON = [8, 4, 24, 4, 24, 20, 8, 20]


def rectangle():
    mask = np.zeros(SHAPE, np.uint8, order='F')
    mask[4:20, 8:24] = 1
    return mask


def uncompressed():
    flat = rectangle().ravel(order='F')
    ends = np.flatnonzero(np.diff(flat)) + 1
    return dict(
        size=list(SHAPE), counts=np.diff(np.r_[0, ends, flat.size]).tolist())


def compressed():
    return coco.encode(rectangle())


def run(segs, **results):
    results = dict(
        invalid_segs=segs,
        img_shape=SHAPE,
        input_size=SHAPE[::-1],
        heatmaps=np.zeros((17, 10, 15)),
        **results)
    transform = TRANSFORMS.build(dict(type='BottomupGetCrowdMask'))
    return transform(results)['heatmap_mask']


@pytest.mark.parametrize(
    'seg', [uncompressed(), compressed(), [POLYGON]],
    ids=['uncompressed', 'compressed', 'polygon'])
def test_regions_are_left_out(seg):
    expected = np.ones((10, 15), bool)
    expected[1:5, 2:6] = False
    np.testing.assert_array_equal(run([seg]), expected)


def test_regions_join():
    far = [[40, 24, 56, 24, 56, 36, 40, 36]]
    expected = run([compressed()]) & run([far])
    assert (~expected).sum() > (~run([far])).sum()
    np.testing.assert_array_equal(run([None, compressed(), far, []]), expected)


def test_a_mask_of_another_size_is_named():
    small = coco.encode(np.ones((30, 60), np.uint8, order='F'))
    with pytest.raises(ValueError, match=r'street.jpg is 60x40 pixels '
                       r'\(w x h\) as it is loaded, .* 60x30'):
        run([compressed(), small], img_path='street.jpg')


def test_image_without_crowds_counts_whole():
    assert run([]).all()


@pytest.mark.parametrize('seg', [[[]], [[8, 4]], [[8, 4, 24, 4]]])
def test_polygons_without_an_area_count_as_nothing(seg):
    assert run([seg]).all()
    np.testing.assert_array_equal(run([[*seg, POLYGON]]), run([[POLYGON]]))


def test_mask_follows_the_affine_transform_and_the_flip():
    shift = np.array([[1, 0, 12], [0, 1, 8]], np.float32)
    expected = np.ones((10, 15), bool)
    expected[3:7, 5:9] = False
    np.testing.assert_array_equal(
        run([compressed()], warp_mat=shift), expected)
    np.testing.assert_array_equal(
        run([compressed()],
            warp_mat=shift,
            flip=True,
            flip_direction='horizontal'), expected[:, ::-1])


def test_padding_counts_as_empty():
    shift = np.array([[1, 0, 30], [0, 1, 20]], np.float32)
    assert run([], warp_mat=shift).all()


def test_mmpose_overlooks_crowds():
    """Why this is our own."""
    theirs = TRANSFORMS.build(dict(type='BottomupGetHeatmapMask'))
    assert not theirs._segs_to_mask([uncompressed()], SHAPE).any()
    assert not theirs._segs_to_mask([compressed()], SHAPE).any()
