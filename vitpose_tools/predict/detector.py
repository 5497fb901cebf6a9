# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Optional, Sequence, Union

import numpy as np

from .errors import PredictError
from .frame import Boxes, Frame
from .tracking import LOW, Follow


class DetectorError(PredictError):
    """A detector cannot be used; the message says why."""


class Detector:
    """Finds people, or others, by a detector of MMDetection, in videos in
    every n-th frame; see Follow.

    Args:
        config: Of the detector.
        weights: Its checkpoint, a file or address; None leaves it untrained,
            for tests.
        every: Frames of a video from one look to the next.
        device: 'cpu' or 'cuda'; None is the best there is.
        min_score: Boxes of less score are left out.
        category: Name or index of the class that has keypoints; None is
            'person', or the only one.

    Raises:
        DetectorError: If it cannot be built, or has no such category.
        MissingPackage: If frames are left out and ``trackers`` is missing.
    """

    def __init__(self, config: Union[str, Path],
                 weights: Union[str, Path, None],
                 every: int = 1, device: Optional[str] = None,
                 min_score: float = 0.3,
                 category: Union[str, int, None] = None) -> None:
        if not 0 <= min_score < 1:
            raise DetectorError('scores of boxes are from 0 to 1, so a '
                                f'min_score of {min_score} finds nobody')
        self.follow = Follow(self.detect, every, min_score)
        self.min_score = min_score
        self.open(Path(config), weights, device)
        self.label = choose(category, self.model.dataset_meta['classes'],
                            f'the detector of {config}')

    def open(self, config: Path, weights: Union[str, Path, None],
             device: Optional[str]) -> None:
        """Build the model and the pipeline of its images."""
        if find_spec('mmpretrain') is not None:
            # MMDetection imports it, which fails beside transformers 5.
            from vitpose_tools.benchmark.recipes import import_mmpretrain
            import_mmpretrain()
        from mmdet.apis import init_detector
        from mmdet.utils import get_test_pipeline_cfg
        from mmengine.dataset import Compose
        from mmengine.registry import DefaultScope

        from vitpose_mm.checkpoints import CheckpointError
        from vitpose_tools.environment import pick_device
        if not config.is_file():
            raise DetectorError(f'{config}, the config of the detector, does '
                                'not exist; `mim download mmdet --config '
                                'NAME --dest .` brings one with its weights')
        device = pick_device(device)
        try:
            # The pose model has a scope of its own.
            with DefaultScope.overwrite_default_scope('mmdet'):
                self.model = init_detector(
                    str(config), None if weights is None else str(weights),
                    palette='random', device=device)
                pipeline = get_test_pipeline_cfg(self.model.cfg.copy())
                pipeline[0].type = 'mmdet.LoadImageFromNDArray'
                self.pipeline = Compose(pipeline)
        except CheckpointError as error:
            raise DetectorError(str(error)) from error
        except Exception as error:  # of whatever a config leads to
            line = (str(error).splitlines() or [''])[0]
            raise DetectorError(f'the detector of {config} was not built: '
                                f'{type(error).__name__}: {line}') from error

    def __call__(self, frame: Frame) -> Boxes:
        """Boxes of a frame; of a video with track ids."""
        return self.follow(frame)

    def detect(self, frame: Frame) -> Boxes:
        """Boxes of one image, also of the low scores that tracks need."""
        from mmdet.apis import inference_detector
        found: Any = inference_detector(
            self.model, frame.image,
            test_pipeline=self.pipeline).pred_instances.cpu().numpy()
        boxes = found.bboxes.astype(np.float32)
        own = ((found.labels == self.label) & np.isfinite(boxes).all(1)
               & (boxes[:, 2:] > boxes[:, :2]).all(1)
               & (found.scores >= self.min_score * LOW))
        return Boxes(boxes[own], found.scores[own])


def choose(category: Union[str, int, None], classes: Sequence[str],
           owner: str) -> int:
    """The index of a category.

    Raises:
        DetectorError: If there is none, or nothing says which.
    """
    named = ', '.join(f'{number} {name}' for number, name in
                      enumerate(classes[:20]))
    named += ', ...' if len(classes) > 20 else ''
    if category is None:
        if 'person' in classes:
            return list(classes).index('person')
        if len(classes) == 1:
            return 0
        raise DetectorError(f'{owner} finds {named}; choose a category')
    text = str(category)
    if text in classes:
        return list(classes).index(text)
    if text.isdigit() and int(text) < len(classes):
        return int(text)
    raise DetectorError(f'{owner} has no category {category!r}; it finds '
                        f'{named}')
