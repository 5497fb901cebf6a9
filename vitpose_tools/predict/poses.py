# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple, Union

import numpy as np

if TYPE_CHECKING:
    import pandas
    import supervision

Color = Tuple[int, int, int]


@dataclass(frozen=True)
class Skeleton:
    """What the K keypoints of a model are.

    Args:
        dataset: Name of the metainfo, such as 'coco'.
        names: Of the keypoints, K of them.
        links: Pairs of indices of keypoints.
        flip_indices: Of each keypoint, its counterpart in a mirrored image.
        sigmas: Of COCO's object keypoint similarity, K of them; empty where
            they are not known.
        keypoint_colors, link_colors: RGB, 0 to 255.
    """

    dataset: str
    names: Tuple[str, ...]
    links: Tuple[Tuple[int, int], ...] = ()
    flip_indices: Tuple[int, ...] = ()
    sigmas: Tuple[float, ...] = ()
    keypoint_colors: Tuple[Color, ...] = ()
    link_colors: Tuple[Color, ...] = ()

    @classmethod
    def of_metainfo(cls, meta: Dict[str, Any]) -> 'Skeleton':
        """Of a parsed metainfo, as in ``model.dataset_meta``."""
        count = meta['num_keypoints']

        def colors(key: str) -> Tuple[Color, ...]:
            return tuple(tuple(map(int, color)) for color in meta.get(key, []))

        return cls(
            dataset=meta['dataset_name'],
            names=tuple(meta['keypoint_id2name'][k] for k in range(count)),
            links=tuple(tuple(map(int, link))
                        for link in meta.get('skeleton_links', [])),
            flip_indices=tuple(map(int, meta['flip_indices'])),
            sigmas=tuple(map(float, meta.get('sigmas', []))),
            keypoint_colors=colors('keypoint_colors'),
            link_colors=colors('skeleton_link_colors'))


@dataclass
class Poses:
    """The N people (or animals) of one image or frame.

    Args:
        skeleton: What the keypoints are.
        keypoints: (x, y) in image pixels, shape (N, K, 2), float; NaN where
            there is none.
        scores: Of the keypoints, shape (N, K).
        boxes: x1, y1, x2, y2 in image pixels, shape (N, 4): what the people
            were looked for in; of a model that finds its people itself, the
            extent of the keypoints.
        box_scores: Of the boxes, shape (N,).
        track_ids: Who it is over the frames of a video, shape (N,), int.
        source: File, address or camera.
        frame: Index in a video, None of a picture.
        image: BGR, shape (h, w, 3), if it was kept.
        size: (w, h) of the image in pixels.
    """

    skeleton: Skeleton
    keypoints: np.ndarray
    scores: np.ndarray
    boxes: np.ndarray
    box_scores: np.ndarray
    track_ids: Optional[np.ndarray] = None
    source: str = ''
    frame: Optional[int] = None
    image: Optional[np.ndarray] = None
    size: Tuple[int, int] = (0, 0)

    def __len__(self) -> int:
        return len(self.keypoints)

    def plot(self, min_score: float = 0.3) -> np.ndarray:
        """Draw the people, with their track ids.

        Args:
            min_score: Keypoints of less score are left out.

        Returns:
            BGR, shape (h, w, 3). The picture is read again where it was not
            kept.

        Raises:
            ValueError: If there is no picture.
        """
        from .draw import draw, read_image
        image = self.image
        if image is None:
            image = read_image(self.source, self.frame)
        return draw(image, self, min_score)

    def save(self, path: Union[str, Path]) -> None:
        """Write a file, of a kind that its suffix names: .json (COCO
        results), .csv or .parquet (as to_dataframe), .jpg or .png (as plot).

        Args:
            path: A file there is replaced, unless it is the picture that was
                looked at.

        Raises:
            ValueError: If it may not be written, or the suffix is another.
            OSError: If the disk refuses.
        """
        from .save import save
        save(self, Path(path))

    def to_dataframe(self) -> 'pandas.DataFrame':
        """A table of one row for each keypoint of each person.

        Returns:
            Columns source, frame (of a video), person (from 0), track_id,
            keypoint (its name), x, y (image pixels), score, box_x1, box_y1,
            box_x2, box_y2 (image pixels) and box_score.
        """
        from .tables import to_dataframe
        return to_dataframe(self)

    def to_supervision(self) -> 'supervision.KeyPoints':
        """As ``supervision.KeyPoints``, whose annotators draw it."""
        from .supervision import to_key_points
        return to_key_points(self)
