# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
import os
import time
from typing import Optional, Sequence, Union

import numpy as np
from pycocotools import coco

File = Union[str, os.PathLike]


class COCO(coco.COCO):
    """Annotations, or results, of a COCO-style dataset.

    pycocotools' class, and what xtcocotools adds to it: annotations without
    ``iscrowd`` are no crowds, a dataset can be given as a dict, ids can be
    strings, a list of results can be empty.

    Args:
        annotation_file: A JSON file; None makes an empty dataset.
        test_index: Which keypoints are kept, in order; None keeps all.
        ann_data: Content of the file, if it is already read.

    Attributes:
        anno_file: The file, then the first results that :meth:`loadRes` got.

    Raises:
        ValueError: If the file does not hold a dataset in COCO's format.
    """

    def __init__(self,
                 annotation_file: Optional[File] = None,
                 test_index: Optional[Sequence[int]] = None,
                 ann_data: Optional[dict] = None) -> None:
        super().__init__()
        self.anno_file = [annotation_file]
        self.test_index = test_index
        if annotation_file is None and ann_data is None:
            return
        print('loading annotations into memory...')
        start = time.time()
        if ann_data is None:
            ann_data = read_json(annotation_file)
        if not isinstance(ann_data, dict):
            raise ValueError(
                f'{self.name} is not an annotation file of COCO\'s format: '
                f'it holds a {type(ann_data).__name__} where a dict with '
                'images, annotations and categories is due')
        print(f'Done (t={time.time() - start:0.2f}s)')
        self.dataset = ann_data
        self.createIndex()
        for annotation in self.dataset.get('annotations', []):
            annotation.setdefault('iscrowd', False)
            if test_index is not None:
                keypoints = np.reshape(annotation['keypoints'], (-1, 3))
                annotation['keypoints'] = keypoints[test_index].ravel(
                ).tolist()

    @property
    def name(self) -> str:
        """What messages call the dataset."""
        return str(self.anno_file[0] or 'The dataset')

    def createIndex(self) -> None:
        """Index the dataset by id.

        Raises:
            ValueError: If an annotation, image or category has no id.
        """
        try:
            super().createIndex()
        except (KeyError, TypeError) as error:
            raise ValueError(
                f'{self.name} is not an annotation file of COCO\'s format: '
                'images, annotations or categories are no lists of dicts '
                f'with their ids ({describe(error)})') from error

    def getAnnIds(self,
                  imgIds: Sequence = (),
                  catIds: Sequence = (),
                  areaRng: Sequence[float] = (),
                  iscrowd: Optional[bool] = None) -> list:
        """Ids of annotations; an empty filter lets all through.

        Args:
            imgIds: Of these images, or of this one.
            catIds: Of these categories, or of this one.
            areaRng: Area in pixels from the first, included, to the second.
            iscrowd: Crowds only or no crowds.
        """
        ids = super().getAnnIds(
            as_list(imgIds), as_list(catIds), iscrowd=iscrowd)
        if len(areaRng) == 0:
            return ids
        low, high = areaRng
        return [i for i in ids if low <= self.anns[i]['area'] < high]

    def getCatIds(self,
                  catNms: Sequence = (),
                  supNms: Sequence = (),
                  catIds: Sequence = ()) -> list:
        """Ids of categories of these names, supercategories and ids."""
        return super().getCatIds(
            as_list(catNms), as_list(supNms), as_list(catIds))

    def getImgIds(self, imgIds: Sequence = (), catIds: Sequence = ()) -> list:
        """Those of the ids of images that hold all these categories."""
        return super().getImgIds(as_list(imgIds), as_list(catIds))

    def loadAnns(self, ids: Sequence = ()) -> list:
        """The annotations of these ids, or of this one."""
        return super().loadAnns(as_list(ids))

    def loadCats(self, ids: Sequence = ()) -> list:
        """The categories of these ids, or of this one."""
        return super().loadCats(as_list(ids))

    def loadImgs(self, ids: Sequence = ()) -> list:
        """The images of these ids, or of this one."""
        return super().loadImgs(as_list(ids))

    def loadRes(self,
                resFile: Union[File, list, np.ndarray],
                resData: Optional[list] = None) -> 'COCO':
        """Results as a dataset of the same images.

        Args:
            resFile: A JSON file, a list of dicts with ``image_id``,
                ``category_id``, ``score`` and one of ``bbox``,
                ``segmentation`` and ``keypoints``, or boxes as an array with
                rows (image, x, y, w, h, score, category). The dicts get
                ``area``, ``bbox`` and ``id``.
            resData: Content of the file, if it is already read.

        Raises:
            ValueError: If they are no results, or results of images that the
                dataset does not have.
        """
        if len(self.anno_file) == 1:
            self.anno_file.append(resFile)
        is_file = isinstance(resFile, (str, os.PathLike))
        name = str(resFile) if is_file else 'The list of results'
        results = resFile if resData is None else resData
        if is_file and resData is None:
            results = read_json(resFile)
        elif isinstance(results, np.ndarray):
            results = self.loadNumpyAnnotations(results)
        if not isinstance(results, list):
            raise ValueError(f'{name} holds a {type(results).__name__} where '
                             'a list of results is due')
        loaded = COCO()
        loaded.anno_file = [name]
        if not results:
            loaded.dataset = dict(
                images=list(self.dataset['images']), annotations=[])
            loaded.createIndex()
            return loaded
        try:
            self._check_images(results, name)
            vars(loaded).update(vars(super().loadRes(results)))
        except (KeyError, TypeError) as error:
            raise ValueError(
                f'{name} does not hold results of COCO\'s format: dicts with '
                'image_id, category_id, score and one of bbox, segmentation '
                f'and keypoints ({describe(error)})') from error
        return loaded

    def _check_images(self, results: list, name: str) -> None:
        """Refuse results of images that are not in the dataset."""
        unknown = [result['image_id'] for result in results
                   if result['image_id'] not in self.imgs]
        if unknown:
            raise ValueError(
                f'{len(unknown)} of {len(results)} results of {name} are of '
                f'images that {self.name} does not have, the first of '
                f'image_id {unknown[0]!r}; are both of the same split?')


def read_json(file: File) -> object:
    """Content of a JSON file.

    Raises:
        ValueError: If it is no JSON.
    """
    with open(file) as stream:
        try:
            return json.load(stream)
        except ValueError as error:
            raise ValueError(f'{file} is no JSON file: {error}') from error


def describe(error: Exception) -> str:
    """In words, what was not found or not of the right type."""
    return f'no {error}' if isinstance(error, KeyError) else str(error)


def as_list(values: object) -> Sequence:
    """A list of one, if it is one value. A string is one."""
    is_list = hasattr(values, '__len__') and hasattr(values, '__iter__')
    return values if is_list and not isinstance(values, str) else [values]
