# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Optional, Tuple

import numpy as np

from .card import CENTERS, CROPS, SCALES, Card, ExportError
from .sessions import SUFFIXES, Session, open_session


class ExportedNetwork:
    """An exported file as a Network of vitpose_tools.predict.

    Args:
        session: The opened file.

    Attributes:
        skeleton, crop: See Network.
        card: All that the file says of itself.
        precision: What it computes in here.
        codec: What decodes, if the graph does not.

    Raises:
        ExportError: If the file's codec cannot be made.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.card: Card = session.card
        self.skeleton = self.card.skeleton
        self.crop = self.card.crop
        self.precision = session.precision
        # Here, not at the first batch, which a thread may run: MMEngine keeps
        # the lock of its registries for ever where a constructor raised, and
        # other threads would wait for it.
        self.codec = None if self.card.decoded else build_codec(
            self.card.codec)

    def __call__(self, crops: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Find the keypoints of a batch of crops.

        Args:
            crops: BGR, shape (B, h, w, 3), uint8, any B.

        Returns:
            Keypoints (B, K, 2), (x, y) in crop pixels, and scores (B, K).

        Raises:
            ValueError: If the crops are of another kind.
        """
        size = np.array(self.crop.input_size, np.float32)
        B = len(crops)
        return self.locate(crops, np.tile(size / 2, (B, 1)),
                           np.tile(size, (B, 1)))

    def locate(self, crops: np.ndarray, centers: np.ndarray,
               scales: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """As a call, with keypoints in image pixels.

        Args:
            crops: BGR, shape (B, h, w, 3), uint8, any B.
            centers, scales: (x, y) of the middle and (w, h) of what was cut
                out, in image pixels, shape (B, 2).

        Raises:
            ValueError: If the crops are of another kind.
        """
        width, height = self.crop.input_size
        if crops.dtype != np.uint8 or crops.shape[1:] != (height, width, 3):
            raise ValueError(
                f'crops of {crops.dtype}, shape {crops.shape}, but the file '
                f'takes uint8 of (B, {height}, {width}, 3)')
        K = len(self.skeleton.names)
        if not len(crops):
            return np.zeros((0, K, 2), np.float32), np.zeros((0, K),
                                                             np.float32)
        inputs = {CROPS: np.ascontiguousarray(crops)}
        if self.card.decoded:
            inputs[CENTERS] = np.ascontiguousarray(centers, np.float32)
            inputs[SCALES] = np.ascontiguousarray(scales, np.float32)
        found = self.session.run(inputs)
        keypoints, scores = found if self.card.decoded else self.decode(
            found[0], centers, scales)
        if scores.shape != (len(crops), K):
            raise ExportError(
                f'the file gives {scores.shape[1:]} scores of a crop, but '
                f'says that it has {K} keypoints; export the model again')
        return keypoints, scores

    def decode(self, heatmaps: np.ndarray, centers: np.ndarray,
               scales: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Decode (B, K, H, W) as TopdownPoseEstimator does."""
        # A copy: what a runtime gives back may be its own memory.
        both = [self.codec.decode(each) for each in np.array(heatmaps)] if (
            not self.codec.support_batch_decoding) else list(
                zip(*self.batch_decode(heatmaps)))
        keypoints = np.concatenate([keypoints for keypoints, _ in both])
        keypoints = keypoints / self.crop.input_size * scales[:, None]
        return (keypoints + (centers - 0.5 * scales)[:, None],
                np.concatenate([scores for _, scores in both]))

    def batch_decode(self, heatmaps: np.ndarray) -> tuple:
        """Decode (B, K, H, W) at once, to crop pixels."""
        import torch
        return self.codec.batch_decode(torch.from_numpy(np.array(heatmaps)))


def build_codec(config: dict):
    """Make what decodes heatmaps, of its config in a file.

    Raises:
        ExportError: If it cannot be made.
    """
    from mmpose.registry import KEYPOINT_CODECS

    import vitpose_mm  # noqa: F401
    try:
        return KEYPOINT_CODECS.build(
            dict(config, type=f'mmpose.{config["type"]}'))
    except (TypeError, ValueError) as error:
        raise ExportError(f'the codec {config} of the file was not built: '
                          f'{error}') from error


def is_export(path: Path) -> bool:
    """Whether a path names an exported file, by its suffix."""
    return Path(path).suffix.lower() in SUFFIXES


def open_export(path: Path, threads: Optional[int] = None) -> ExportedNetwork:
    """Open what `vitpose-mm export` wrote.

    Nothing of a file is executed but arithmetic.

    Args:
        path: .onnx, .xml (OpenVINO, its .bin beside it) or .pt2
            (torch.export).
        threads: To compute with; of a .pt2, of all of PyTorch in this
            process. None leaves it to the runtime.

    Raises:
        ExportError: If it is no export of ours, or its runtime is not
            installed.
    """
    return ExportedNetwork(open_session(Path(path), threads))
