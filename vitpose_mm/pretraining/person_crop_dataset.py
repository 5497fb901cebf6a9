# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import List, Sequence, Tuple

from mmengine.dataset import BaseDataset
from mmpretrain.registry import DATASETS

from vitpose_mm.fileio import read_json


@DATASETS.register_module()
class PersonCropDataset(BaseDataset):
    """People of a pose dataset, one sample each, without their keypoints.

    Takes everyone who has a labelled keypoint, and no crowds. A sample is
    the image's path and ``crop``, the box that CropPerson cuts out. Several
    datasets are joined by MMEngine's ConcatDataset.

    Args:
        ann_file: Annotations in COCO's form, below data_root.
        data_root: Folder of the dataset.
        data_prefix: dict(img_path=folder of the images below data_root).
        pipeline: Transforms.
        scale: Sides of the crop by sides of the annotated box, about the
            same centre.
        min_size: People whose annotated box has a side shorter than this,
            in pixels of the image, are left out.

    Raises:
        ValueError: If an argument is out of its range, the file does not
            hold keypoints in COCO's form, or nobody is left.
    """

    def __init__(self,
                 ann_file: str,
                 data_root: str,
                 data_prefix: dict,
                 pipeline: Sequence[dict],
                 scale: float = 1.,
                 min_size: float = 1.) -> None:
        if scale <= 0 or min_size <= 0:
            raise ValueError(f'scale={scale} and min_size={min_size} must be '
                             'positive')
        # The base class reads the file at once.
        self.scale = scale
        self.min_size = min_size
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=data_prefix,
            pipeline=list(pipeline))

    def load_data_list(self) -> List[dict]:
        """Make the samples from the annotations."""
        content = read_json(self.ann_file)
        folder = Path(self.data_prefix['img_path'])
        try:
            paths = {
                image['id']: str(folder / image['file_name'])
                for image in content['images']
            }
            samples = [
                dict(img_path=paths[person['image_id']],
                     crop=enlarge(person['bbox'], self.scale))
                for person in content['annotations'] if self.is_wanted(person)
            ]
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"{self.ann_file} does not hold keypoints in COCO's form "
                f'({type(error).__name__}: {error})') from error
        if not samples:
            raise ValueError(
                f'{self.ann_file} has {len(content["annotations"])} '
                'annotations, but nobody with a keypoint and a box of '
                f'min_size={self.min_size} pixels')
        return samples

    def is_wanted(self, person: dict) -> bool:
        """Whether an annotation is of a labelled person, not of a crowd, and
        large enough."""
        return (not person.get('iscrowd', 0)
                and any(person['keypoints'][2::3])
                and min(person['bbox'][2:]) >= self.min_size)


def enlarge(box: Sequence[float],
            scale: float) -> Tuple[float, float, float, float]:
    """Enlarge a box about its centre.

    Args:
        box: (x, y, w, h) in pixels.
        scale: By which both sides grow.

    Returns:
        (left, top, right, bottom) in pixels.
    """
    x, y, w, h = box
    dx, dy = (scale - 1) * w / 2, (scale - 1) * h / 2
    return x - dx, y - dy, x + w + dx, y + h + dy
