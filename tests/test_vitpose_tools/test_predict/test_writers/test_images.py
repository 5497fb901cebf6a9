# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import cv2
import numpy as np

from vitpose_tools.predict.draw import draw
from vitpose_tools.predict.writers import open_writers


def test_pictures_are_drawn_each_under_its_own_name(make, skeleton, tmp_path):
    sources = ['x/ä 1.png', 'y/ä 1.png', 'y/Ä 1.PNG', 'C:\\z\\b.tiff', '',
               'http://h/c?d=e']
    frames = [make(source) for source in sources]
    with open_writers(tmp_path / 'o', ['images'], skeleton) as writers:
        for frame, poses in frames:
            writers.write(frame, poses)
    folder, = writers.files
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(['ä 1.png', 'y_ä 1.png', 'y_Ä 1_2.png', 'b.jpg',
                            'image.jpg', 'c_d=e.jpg'])
    for name, (frame, poses) in zip(('ä 1.png', 'y_ä 1.png'), frames):
        found = cv2.imdecode(np.fromfile(folder / name, np.uint8), 1)
        np.testing.assert_array_equal(found, draw(frame.image, poses))


def test_videos_are_left_to_their_own_format(make, skeleton, tmp_path):
    with open_writers(tmp_path / 'o', ['images'], skeleton) as writers:
        writers.write(*make('a.mp4', 0))
    assert not writers.files
    assert 'there was no picture' in writers.notes[0]
