# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import copy
from pathlib import Path
from typing import Any, Dict, List, Optional

import torch
from mmpose.codecs import UDPHeatmap

from vitpose_mm.codecs import BatchUDPHeatmap
from vitpose_mm.codecs.dark import NUMERICS
from vitpose_mm.fileio import write_all_beside
from vitpose_tools.environment import versions
from vitpose_tools.predict.exported import ExportError, open_export
from vitpose_tools.predict.exported.card import Card
from vitpose_tools.predict.open_model import read_config
from vitpose_tools.predict.torch_network import open_network
from .compare import TOLERANCES, Parted, Result, compare
from .crops import find_crops
from .graph import CropNetwork, DecodedNetwork, Decoder
from .onnx_file import write_onnx
from .openvino_file import write_openvino
from .program_file import example, write_program
from .wish import Wish, check_wish

# Crops that are compared, and those that int8 finds its scales with.
COMPARED, CALIBRATED = 16, 200
# Of the graph. OpenVINO brings a float32 one to each precision itself.
TORCH_DTYPES = dict(float16=torch.float16, bfloat16=torch.bfloat16)


class Exporter:
    """A model that is exported.

    Args:
        config: Of a top-down model.
        checkpoint: Its weights, a file or an address.
        dataset: Whose keypoints a joint model shall find.

    Raises:
        PredictError: If the model cannot be used.
        CheckpointError: If its weights cannot be read.
    """

    def __init__(self, config: Path, checkpoint: str,
                 dataset: Optional[str] = None) -> None:
        self.config = read_config(config)
        self.text = self.config.pretty_text
        self.reference = open_network(self.config, config, checkpoint,
                                      dataset, 'cpu', False, 'float32')
        self.dataset = self.reference.skeleton.dataset
        self.model = self.reference.model

    @property
    def head(self) -> torch.nn.Module:
        """The one whose keypoints are found."""
        heads = getattr(self.model, 'heads', None)
        return self.model.head if heads is None else next(
            iter(heads.values()))

    def write(self, wish: Wish, out: Path,
              calibration: Optional[Path] = None) -> Result:
        """Export, compare, and leave files only if they are right.

        Args:
            wish: What to write.
            out: The file; a .bin appears beside an .xml.
            calibration: Folder of pictures or COCO file to cut crops out
                of, by default the config's validation images.

        Raises:
            Parted: If the export computes something else.
            ExportError: If it is not possible.
            OSError: If the disk refuses.
        """
        check_wish(wish, out)
        # Of keypoints that are asked for by name.
        unpaired = getattr(self.head, 'unpaired', None)
        if wish.flip and unpaired:
            raise ExportError(
                f"test_cfg.names lacks '{unpaired[0]}', which the flip test "
                'needs too: add it, or leave out --flip')
        self.model.test_cfg['flip_test'] = wish.flip
        self.reference.flip = wish.flip
        card = self.make_card(wish)
        int8 = wish.dtype == 'int8'
        crops = find_crops(card.crop, self.config, self.dataset, calibration,
                           COMPARED + CALIBRATED * int8)
        if int8 and len(crops.images) <= COMPARED:
            raise ExportError(
                f'{len(crops.images)} crops are too few: {COMPARED} are '
                'compared with, and int8 finds its scales with others; give '
                '--calibration with more')
        # Every so many for the comparison, so that it sees all of the set.
        step = len(crops.images) // COMPARED or 1
        compared = crops.images[::step][:COMPARED]
        rest = [image for index, image in enumerate(crops.images)
                if index % step or index // step >= COMPARED]
        results: List[Result] = []

        def check(path: Path) -> None:
            network = open_export(path)
            results.append(Result(
                compare(network, self.reference, compared),
                TOLERANCES[wish.dtype], crops.source, len(rest) * int8,
                network.precision))
            if not results[0].passed:
                raise Parted(out, results[0])

        def write(path: Path) -> None:
            self.write_file(wish, card, path, rest if int8 else None)
            if wish.to != 'openvino':
                check(path)

        files = {out: write}
        if wish.to == 'openvino':
            # OpenVINO writes both at once, under the name of the first.
            files[out.with_suffix('.bin')] = lambda path: check(
                path.with_suffix('.xml'))
        write_all_beside(files)
        results[0].size = sum(file.stat().st_size for file in files)
        return results[0]

    def make_card(self, wish: Wish) -> Card:
        """What the file will say of itself."""
        preprocessor = self.model.data_preprocessor
        skeleton = self.reference.skeleton
        if len(skeleton.names) != self.head.out_channels:
            raise ExportError(
                f"'{self.dataset}' has {len(skeleton.names)} keypoints, but "
                f'the model gives {self.head.out_channels} heatmaps')
        return Card(
            skeleton=skeleton,
            crop=self.reference.crop,
            mean=tuple(preprocessor.mean.flatten().tolist()),
            std=tuple(preprocessor.std.flatten().tolist()),
            channels='RGB' if preprocessor._channel_conversion else 'BGR',
            codec=self.find_codec(wish.decode),
            decoded=wish.decode,
            flip=wish.flip,
            dtype=wish.dtype,
            config=self.text,
            versions=versions())

    def find_codec(self, decode: bool) -> Dict[str, Any]:
        """Config of what decodes the heatmaps.

        Raises:
            ExportError: If a file may not name it.
        """
        codec = self.head.decoder
        if type(codec) is UDPHeatmap and codec.heatmap_type == 'gaussian':
            codec = BatchUDPHeatmap(codec.input_size, codec.heatmap_size,
                                    codec.sigma, codec.blur_kernel_size)
        name = type(codec).__name__
        common = dict(type=name, input_size=list(codec.input_size),
                      heatmap_size=list(codec.heatmap_size),
                      sigma=codec.sigma)
        if isinstance(codec, BatchUDPHeatmap):
            numerics, = (key for key, value in NUMERICS.items()
                         if value == codec.numerics)
            return dict(common, blur_kernel_size=codec.blur_kernel_size,
                        numerics=numerics)
        if name == 'MSRAHeatmap' and not decode:
            return dict(common, unbiased=codec.unbiased,
                        blur_kernel_size=codec.blur_kernel_size)
        raise ExportError(
            f'the heatmaps are decoded by {name}; exported are those of '
            'UDPHeatmap (gaussian) and BatchUDPHeatmap, and of MSRAHeatmap '
            'without --decode')

    def write_file(self, wish: Wish, card: Card, path: Path,
                   calibration: Optional[list]) -> None:
        """Write the graph, whatever it computes."""
        test_cfg = self.model.test_cfg
        # Options of one head of a joint model, of which one is left.
        name = next(iter(getattr(self.model, 'heads', {})), None)
        own = test_cfg.get('heads', {}).get(name, {})
        if wish.flip and test_cfg.get('flip_mode', 'heatmap') != 'heatmap':
            raise ExportError(f'flip_mode={test_cfg["flip_mode"]!r} of '
                              "test_cfg: exported is 'heatmap'")
        network = CropNetwork(
            copy.deepcopy(self.model), torch.float32 if wish.to == 'openvino'
            else TORCH_DTYPES.get(wish.dtype, torch.float32),
            card.skeleton.flip_indices if wish.flip else None,
            {**test_cfg, **own}.get('shift_heatmap', False)).eval()
        decoder = Decoder(self.batch_codec(card)).eval() if wish.decode \
            else None
        if wish.to == 'torch-export':
            module = network if decoder is None else DecodedNetwork(
                network, decoder)
            tensors = example(card, network)
            write_program(module, [tensors[name] for name in card.inputs],
                          card, path)
            return
        write_graph = write_onnx if wish.to == 'onnx' else write_openvino
        write_graph(network, decoder, card, path, calibration)

    @staticmethod
    def batch_codec(card: Card) -> BatchUDPHeatmap:
        """The codec that the graph is to decode as."""
        arguments = {key: value for key, value in card.codec.items()
                     if key != 'type'}
        return BatchUDPHeatmap(**arguments)
