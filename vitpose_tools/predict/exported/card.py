# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What an exported file says of itself, as JSON inside the file."""
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, List, Tuple

from ..errors import PredictError
from ..network import CropSpec
from ..poses import Skeleton

# Where it stands: a key of ONNX's metadata_props and of OpenVINO's rt_info,
# a name of torch.export's extra_files.
KEY = 'vitpose_mm'
# Raise it when a reader of today would misread the file.
FORMAT = 1
DTYPES = ('float32', 'float16', 'bfloat16', 'int8')
# A file may name these and no other class.
CODECS = ('BatchUDPHeatmap', 'MSRAHeatmap')
# What a file takes and gives, by name.
CROPS, CENTERS, SCALES = 'crops', 'centers', 'scales'
HEATMAPS, KEYPOINTS, SCORES = 'heatmaps', 'keypoints', 'scores'


class ExportError(PredictError):
    """A model cannot be exported, or a file is no export of ours; the message
    says why."""


@dataclass(frozen=True)
class Card:
    """What is needed to use an exported network.

    Args:
        skeleton: What its keypoints are.
        crop: How people are cut out for it.
        mean, std: Of R, G and B, or B, G and R as ``channels`` says; they are
            applied in the graph.
        channels: Order that the network inside was trained on.
        codec: Config of what decodes the heatmaps.
        decoded: Whether the graph decodes.
        flip: Whether the graph is a flip test.
        dtype: Of the network, of DTYPES.
        config: Text of the config.
        versions: Of the packages that wrote it.
    """

    skeleton: Skeleton
    crop: CropSpec
    mean: Tuple[float, ...]
    std: Tuple[float, ...]
    channels: str
    codec: Dict[str, Any]
    decoded: bool
    flip: bool
    dtype: str
    config: str
    versions: Dict[str, str]

    @property
    def inputs(self) -> List[str]:
        """Names of what the file takes."""
        return [CROPS, CENTERS, SCALES] if self.decoded else [CROPS]

    @property
    def outputs(self) -> List[str]:
        """Names of what the file gives."""
        return [KEYPOINTS, SCORES] if self.decoded else [HEATMAPS]

    def to_json(self) -> str:
        """As one line; ``inputs`` says in words what to feed."""
        width, height = self.crop.input_size
        inputs = {CROPS: f'uint8, BGR, (B, {height}, {width}, 3)'}
        if self.decoded:
            inputs[CENTERS] = ('float32, (B, 2): (x, y) of the middle of the '
                               'box, in image pixels')
            inputs[SCALES] = ('float32, (B, 2): (w, h) of what was cut out, '
                              'in image pixels')
        return json.dumps(
            dict(asdict(self), format=FORMAT, inputs=inputs,
                 outputs=self.outputs))


def read_card(text: str, path: Path) -> Card:
    """Read what a file says of itself; the file is anybody's.

    Args:
        text: JSON.
        path: Of the file, for the message.

    Raises:
        ExportError: If it is not what an export of ours says.
    """
    try:
        content = json.loads(text)
        if content['format'] != FORMAT:
            raise ValueError(f'format {content["format"]!r}, this version '
                             f'reads {FORMAT}')
        return parse(content)
    except (ValueError, TypeError, KeyError, AttributeError,
            OverflowError, RecursionError) as error:
        raise ExportError(
            f'{path}: what it says of itself was not understood '
            f'({type(error).__name__}: {error}); export the model again'
        ) from error


def parse(content: dict) -> Card:
    """Check and convert each value.

    Raises:
        ValueError, TypeError, KeyError: If one is amiss.
    """
    skeleton = parse_skeleton(content['skeleton'])
    crop = content['crop']
    size = tuple(whole(side, 1, 1 << 14) for side in crop['input_size'])
    padding = float(crop['padding'])
    if len(size) != 2 or not 0 < padding < math.inf:
        raise ValueError(f'crop {crop}')
    codec = dict(content['codec'])
    if codec.get('type') not in CODECS:
        raise ValueError(f'codec {codec.get("type")!r}, known are {CODECS}')
    if content['dtype'] not in DTYPES:
        raise ValueError(f'dtype {content["dtype"]!r}')
    return Card(
        skeleton=skeleton,
        crop=CropSpec(size, padding, truth(crop['use_udp'])),
        mean=tuple(map(float, content['mean'])),
        std=tuple(map(float, content['std'])),
        channels=str(content['channels']),
        codec=codec,
        decoded=truth(content['decoded']),
        flip=truth(content['flip']),
        dtype=content['dtype'],
        config=str(content['config']),
        versions=dict(content['versions']))


def parse_skeleton(content: dict) -> Skeleton:
    """As parse, of the skeleton."""
    names = tuple(map(str, content['names']))
    last = len(names) - 1

    def colors(key: str) -> tuple:
        return tuple(tuple(whole(part, 0, 255) for part in color)
                     for color in content[key])

    flip = tuple(whole(index, 0, last) for index in content['flip_indices'])
    if not names or (flip and sorted(flip) != list(range(len(names)))):
        raise ValueError(f'{len(names)} keypoints, flip_indices {flip}')
    return Skeleton(
        dataset=str(content['dataset']),
        names=names,
        links=tuple((whole(a, 0, last), whole(b, 0, last))
                    for a, b in content['links']),
        flip_indices=flip,
        sigmas=tuple(map(float, content['sigmas'])),
        keypoint_colors=colors('keypoint_colors'),
        link_colors=colors('link_colors'))


def whole(value: Any, low: int, high: int) -> int:
    """A whole number in a range.

    Raises:
        ValueError: If it is none.
    """
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f'{value!r} is not from {low} to {high}')
    return value


def truth(value: Any) -> bool:
    """True or false.

    Raises:
        ValueError: If it is neither.
    """
    if type(value) is not bool:
        raise ValueError(f'{value!r} is not true or false')
    return value
