# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Any, Iterator, List, Optional, Sequence, Tuple, Union

from .errors import PredictError
from .frame import FindBoxes, Frame
from .given_boxes import GivenBoxes, SameBoxes
from .inputs import Inputs, Unreadable
from .opened_model import OpenedModel, open_predictor_model
from .poses import Poses
from .stream import stream_topdown, stream_whole

WHOLE_IMAGE = 'whole-image'


class Predictor:
    """Find keypoints in images and videos.

    Args:
        model: Name of `vitpose-mm models`; config of any top-down or
            bottom-up model of MMPose, with ``checkpoint``; folder of
            `vitpose-mm finetune`; or a file of `vitpose-mm export`.
        checkpoint: Weights of a config, as a file or an address; of a name,
            others than its own.
        dataset: Whose keypoints a joint model shall find.
        names: Keypoints to find instead, such as ['left knee', 'tail'], of a
            model with a NamedHeatmapHead.
        device: 'cpu' or 'cuda'; None is the best there is.
        dtype: 'float32', or 'bfloat16' or 'float16', which are faster and
            less exact; None is as the config says.
        flip: Whether to take the mean with the mirrored image, which is more
            exact and takes twice the time; None is as the config says.
        batch_size: Most people at once; None fits the device.
        boxes: Where a top-down model looks by default: 'whole-image', or
            what finds boxes, such as a Detector.

    Raises:
        PredictError: If the model cannot be used.
        CheckpointError: If the weights cannot be read.
    """

    def __init__(self,
                 model: Union[str, Path],
                 checkpoint: Union[str, Path, None] = None,
                 *,
                 dataset: Optional[str] = None,
                 names: Optional[Sequence[str]] = None,
                 device: Optional[str] = None,
                 dtype: Optional[str] = None,
                 flip: Optional[bool] = None,
                 batch_size: Optional[int] = None,
                 boxes: Union[str, FindBoxes, None] = None) -> None:
        if batch_size is not None and batch_size < 1:
            raise PredictError(f'batch_size={batch_size} is less than 1')
        self.boxes = boxes
        self.opened: OpenedModel = open_predictor_model(
            model, checkpoint, dataset, device, dtype, flip, names)
        self.skeleton = self.opened.skeleton
        self.description = self.opened.description
        self.batch_size = batch_size or self.opened.batch_size

    @property
    def needs_boxes(self) -> bool:
        """Whether people are looked for in boxes."""
        return self.opened.network is not None

    def __call__(self, images: Any,
                 boxes: Any = None) -> Union[Poses, List[Poses]]:
        """Find the keypoints of all people in all images.

        Args:
            images: See Inputs. An array is BGR as of OpenCV and MMPose, a
                tensor RGB as of torchvision.
            boxes: x1, y1, x2, y2 in image pixels, shape (N, 4), of one image
                or the same in all; or a list of such, one for each image or
                frame; or as for Predictor.

        Returns:
            Poses of one image, a list of them of anything else. A list of
            what was read from files does not keep the images.

        Raises:
            PredictError: If an image or a box cannot be used.
        """
        inputs = Inputs(images)
        keep = inputs.is_single or inputs.in_memory
        found = []
        for _, poses in self.frames(inputs, boxes):
            if not keep:
                poses.image = None
            found.append(poses)
        return found[0] if inputs.is_single else found

    def stream(self, images: Any, boxes: Any = None,
               unreadable: Optional[List[Unreadable]] = None
               ) -> Iterator[Poses]:
        """Find the keypoints of one image after the other, for long videos
        and cameras.

        Args:
            images, boxes: As for a call.
            unreadable: Gets what cannot be read, and the rest goes on; None
                raises at the first.

        Yields:
            Poses of each image or frame, in order, with ``image``.
        """
        for _, poses in self.frames(Inputs(images), boxes, unreadable):
            yield poses

    def frames(self, inputs: Inputs, boxes: Any = None,
               unreadable: Optional[List[Unreadable]] = None
               ) -> Iterator[Tuple[Frame, Poses]]:
        """As stream, with the frames."""
        frames = readable(inputs, unreadable)
        if not self.needs_boxes:
            if boxes is not None:
                raise PredictError('the model finds its people itself and '
                                   'takes no boxes')
            yield from stream_whole(frames, self.opened.find_people)
            return
        find_boxes = choose_boxes(
            self.boxes if boxes is None else boxes, inputs)
        yield from stream_topdown(
            frames, find_boxes, self.opened.network, self.batch_size)
        if isinstance(find_boxes, GivenBoxes):
            find_boxes.check_all_used()


def readable(inputs: Inputs,
             unreadable: Optional[List[Unreadable]]) -> Iterator[Frame]:
    """The frames of what can be read; the rest is noted, or raised."""
    for item in inputs:
        if isinstance(item, Frame):
            yield item
        elif unreadable is None:
            raise PredictError(item.reason)
        else:
            unreadable.append(item)


def choose_boxes(boxes: Any, inputs: Inputs) -> FindBoxes:
    """What finds the boxes that a caller means.

    Raises:
        PredictError: If there is no choice, or it is none.
    """
    if boxes is None:
        raise PredictError(
            'a top-down model looks for people in boxes: give boxes=, of '
            'x1, y1, x2, y2 in pixels, or boxes=\'whole-image\' if each image '
            'shows one person, or a Detector')
    if isinstance(boxes, str):
        if boxes != WHOLE_IMAGE:
            raise PredictError(f"boxes='{boxes}' is not '{WHOLE_IMAGE}'")
        from .boxes import WholeImage
        return WholeImage()
    if callable(boxes):
        return boxes
    if inputs.is_single:
        return GivenBoxes([boxes])
    if hasattr(boxes, 'ndim') and boxes.ndim == 2:
        return SameBoxes(boxes)
    return GivenBoxes(boxes)
