# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Keypoints of the people of a picture by an .onnx file of `vitpose-mm export
--decode`, with NumPy, OpenCV and ONNX Runtime alone:

    python run_onnx.py model.onnx picture.jpg 40,30,200,400 --out drawn.png

Copy it into your own program; it needs nothing of this repository.
"""
import argparse
import json
from typing import List, Sequence, Tuple

import cv2
import numpy as np
import onnxruntime

Box = Sequence[float]


class Model:
    """The network of a file.

    Args:
        path: Of `vitpose-mm export --to onnx --decode`.
        threads: To compute with; 0 takes all cores.
    """

    def __init__(self, path: str, threads: int = 0) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(
            path, options, providers=['CPUExecutionProvider'])
        properties = self.session.get_modelmeta().custom_metadata_map
        if 'vitpose_mm' not in properties:
            raise SystemExit(f'{path} is not from `vitpose-mm export`')
        # Names, links, size of the crops, ...: print it to see all of it.
        self.card = json.loads(properties['vitpose_mm'])
        if not self.card['decoded']:
            raise SystemExit(f'{path} gives heatmaps; export with --decode')

    def __call__(self, image: np.ndarray,
                 boxes: Sequence[Box]) -> Tuple[np.ndarray, np.ndarray]:
        """Find keypoints.

        Args:
            image: As cv2.imread gives it.
            boxes: x1, y1, x2, y2 in pixels, of N people.

        Returns:
            Keypoints (N, K, 2), (x, y) in pixels, and scores (N, K).
        """
        crop = self.card['crop']
        places = [place(box, crop['input_size'], crop['padding'])
                  for box in boxes]
        crops = [cut(image, center, scale, crop['input_size'],
                     crop['use_udp']) for center, scale in places]
        keypoints, scores = self.session.run(['keypoints', 'scores'], dict(
            crops=np.stack(crops),
            centers=np.stack([center for center, _ in places]),
            scales=np.stack([scale for _, scale in places])))
        return keypoints, scores


def place(box: Box, size: Sequence[int],
          padding: float) -> Tuple[np.ndarray, np.ndarray]:
    """Middle of a box, and what to cut out: padded, in the shape of the
    crops (w, h)."""
    x1, y1, x2, y2 = np.float32(box)
    w, h = padding * (x2 - x1), padding * (y2 - y1)
    aspect = size[0] / size[1]
    scale = (w, w / aspect) if w > h * aspect else (h * aspect, h)
    return np.float32([(x1 + x2) / 2, (y1 + y2) / 2]), np.float32(scale)


def cut(image: np.ndarray, center: np.ndarray, scale: np.ndarray,
        size: Sequence[int], use_udp: bool) -> np.ndarray:
    """Cut a crop of (w, h) pixels out of an image."""
    w, h = size
    if use_udp:  # the centres of the outer pixels lie on the border
        zoom = np.array([w - 1, h - 1]) / scale
        shift = zoom * (0.5 * scale - center)
    else:  # one zoom, of the width
        zoom = np.array([w, w]) / scale[0]
        shift = np.array([w, h]) / 2 - zoom * center
    matrix = np.array([[zoom[0], 0, shift[0]], [0, zoom[1], shift[1]]])
    return cv2.warpAffine(image, matrix, (w, h), flags=cv2.INTER_LINEAR)


def draw(image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray,
         links: List[Tuple[int, int]], least: float) -> None:
    """Draw people into an image, in place."""
    for person, sure in zip(keypoints.round().astype(int), scores >= least):
        for a, b in links:
            if sure[a] and sure[b]:
                cv2.line(image, person[a].tolist(), person[b].tolist(),
                         (0, 200, 0), 2, cv2.LINE_AA)
        for point in person[sure]:
            cv2.circle(image, point.tolist(), 3, (0, 0, 255), -1, cv2.LINE_AA)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split(':\n')[0])
    parser.add_argument('model')
    parser.add_argument('image')
    parser.add_argument('box', nargs='*', metavar='X1,Y1,X2,Y2',
                        help='a person; the whole picture by default')
    parser.add_argument('--out', help='draw into this picture')
    parser.add_argument('--least-score', type=float, default=0.3)
    arguments = parser.parse_args()
    image = cv2.imread(arguments.image)
    if image is None:
        raise SystemExit(f'{arguments.image} is no picture')
    boxes = [[float(side) for side in box.split(',')]
             for box in arguments.box] or [[0, 0, *image.shape[1::-1]]]
    model = Model(arguments.model)
    keypoints, scores = model(image, boxes)
    if arguments.out:
        draw(image, keypoints, scores, model.card['skeleton']['links'],
             arguments.least_score)
        cv2.imwrite(arguments.out, image)
    names = model.card['skeleton']['names']
    print(json.dumps([
        {name: [round(float(value), 2) for value in (*point, score)]
         for name, point, score in zip(names, person, own)}
        for person, own in zip(keypoints, scores)]))


if __name__ == '__main__':
    main()
