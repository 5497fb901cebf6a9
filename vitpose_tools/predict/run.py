# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence

from .frame import FindBoxes
from .inputs import Inputs, Unreadable
from .predictor import Predictor

# Frames per second of what states none.
FPS = 30.


@dataclass
class Summary:
    """What a run did.

    Args:
        model: How it was computed.
        frames, people: How many.
        seconds: From the first frame wanted to the last one written.
        unreadable: What was left out.
        files: What was written.
        notes: Sentences about what was not as one might expect.
        stopped: Whether Ctrl-C ended it.
    """

    model: str
    frames: int = 0
    people: int = 0
    seconds: float = 0.
    unreadable: List[Unreadable] = field(default_factory=list)
    files: List[str] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)
    stopped: bool = False

    @property
    def rate(self) -> float:
        """Frames per second."""
        return self.frames / self.seconds if self.seconds else 0.

    def as_dict(self) -> Dict[str, Any]:
        """For JSON."""
        return dict(
            asdict(self), seconds=round(self.seconds, 3),
            frames_per_second=round(self.rate, 3),
            unreadable=[each._asdict() for each in self.unreadable])


def predict_files(predictor: Predictor, inputs: Inputs,
                  boxes: Optional[FindBoxes], out: Path,
                  formats: Sequence[str], smooth: bool,
                  advance: Callable[[], None]) -> Summary:
    """Write the poses of all frames.

    Args:
        predictor: Finds them.
        inputs: What is looked at; what is unreadable is noted.
        boxes: Where a top-down model looks.
        out: Folder of the results.
        formats: Names of FORMATS.
        smooth: Whether keypoints of those with a track id are smoothed.
        advance: Called after each frame.

    Returns:
        The summary, also after Ctrl-C, by when all files are complete.

    Raises:
        PredictError: If a box cannot be used.
        WritersError: If the results cannot be written.
    """
    from .smoothing import Smoother
    from .writers import open_writers
    summary = Summary(predictor.description)
    smoother = Smoother() if smooth else None
    number = getattr(boxes, 'image_id', lambda frame: None)
    start = time.monotonic()
    try:
        with open_writers(out, formats, predictor.skeleton,
                          number) as writers:
            for frame, poses in predictor.frames(inputs, boxes,
                                                 summary.unreadable):
                if smoother and frame.index is not None:
                    poses = smoother(poses, frame.index / (frame.fps or FPS))
                writers.write(frame, poses)
                summary.frames += 1
                summary.people += len(poses)
                advance()
    except KeyboardInterrupt:
        summary.stopped = True
    summary.seconds = time.monotonic() - start
    summary.files = list(map(str, writers.files))
    summary.notes = [*writers.notes, *getattr(boxes, 'notes', [])]
    return summary
