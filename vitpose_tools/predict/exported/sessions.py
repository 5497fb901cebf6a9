# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Files of three kinds, run in one way."""
from pathlib import Path
from typing import Dict, List, Optional, Protocol

import numpy as np

from .card import KEY, Card, ExportError, read_card
from .packages import need

SUFFIXES = {'.onnx': 'onnx', '.xml': 'openvino', '.pt2': 'torch-export'}


class Session(Protocol):
    """An opened file.

    Attributes:
        runtime: What runs it, for people.
        card: What it says of itself.
        precision: What it computes in here, in the runtime's own word.
    """

    runtime: str
    card: Card
    precision: str

    def run(self, inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        """Compute the outputs of the card, of the inputs of the card."""


def open_session(path: Path, threads: Optional[int] = None) -> Session:
    """Open a file by its suffix.

    Args:
        path: .onnx, .xml with its .bin beside it, or .pt2.
        threads: To compute with; None leaves it to the runtime.

    Raises:
        ExportError: If it is no export of ours.
    """
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise ExportError(f'{path}: exports end in {", ".join(SUFFIXES)}')
    if not path.is_file():
        raise ExportError(f'{path}: there is no such file')
    opened = {'onnx': OnnxSession, 'openvino': OpenVINOSession,
              'torch-export': ProgramSession}[kind]
    return opened(path, threads)


class OnnxSession:
    """ONNX Runtime on the CPU; see Session."""

    runtime = 'ONNX Runtime'

    def __init__(self, path: Path, threads: Optional[int] = None) -> None:
        runtime = need('onnxruntime')
        options = runtime.SessionOptions()
        options.log_severity_level = 3  # its warnings of foreign nodes
        options.intra_op_num_threads = threads or 0
        try:
            self.session = runtime.InferenceSession(
                str(path), options, providers=['CPUExecutionProvider'])
        except Exception as error:  # of its own kinds, none exported
            raise unreadable(path, 'ONNX Runtime', error) from error
        found = self.session.get_modelmeta().custom_metadata_map
        self.card = card_of(found.get(KEY), path)
        check_names(self.card, path,
                    [each.name for each in self.session.get_inputs()],
                    [each.name for each in self.session.get_outputs()])
        self.precision = self.card.dtype

    def run(self, inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        """See Session."""
        return self.session.run(self.card.outputs, inputs)


class OpenVINOSession:
    """OpenVINO on the CPU; see Session.

    float32 is asked for by name: left alone, OpenVINO computes in bfloat16
    where the processor has it.
    """

    runtime = 'OpenVINO'
    HINTS = dict(float32='f32', float16='f32', bfloat16='bf16')

    def __init__(self, path: Path, threads: Optional[int] = None) -> None:
        openvino = need('openvino')
        if not path.with_suffix('.bin').is_file():
            raise ExportError(f'{path}: its weights, '
                              f'{path.with_suffix(".bin").name}, are not '
                              'beside it')
        core = openvino.Core()
        try:
            model = core.read_model(path)
        except RuntimeError as error:
            raise unreadable(path, 'OpenVINO', error) from error
        self.card = card_of(
            model.get_rt_info(KEY).astype(str)
            if model.has_rt_info(KEY) else None, path)
        check_names(self.card, path,
                    [each.any_name for each in model.inputs],
                    [each.any_name for each in model.outputs])
        settings = dict(PERFORMANCE_HINT='LATENCY')
        if threads:
            settings['INFERENCE_NUM_THREADS'] = threads
        if self.card.dtype in self.HINTS:
            settings['INFERENCE_PRECISION_HINT'] = self.HINTS[self.card.dtype]
        try:
            self.compiled = core.compile_model(model, 'CPU', settings)
        except RuntimeError as error:
            raise unreadable(path, 'OpenVINO', error) from error
        hint = self.compiled.get_property('INFERENCE_PRECISION_HINT')
        # In the words of a card.
        self.precision = {'f32': 'float32', 'bf16': 'bfloat16',
                          'f16': 'float16'}.get(hint.get_type_name(), 'int8')
        if self.card.dtype == 'int8':
            self.precision = f'int8 and {self.precision}'

    def run(self, inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        """See Session."""
        found = self.compiled(inputs)
        return [found[name] for name in self.card.outputs]


class ProgramSession:
    """A program of torch.export on the CPU; see Session."""

    runtime = 'PyTorch'

    def __init__(self, path: Path, threads: Optional[int] = None) -> None:
        import torch

        from .check_program import read_program
        checked = read_program(path)
        extra = {KEY: ''}
        try:
            program = torch.export.load(checked, extra_files=extra)
        except Exception as error:  # of whatever its parts lead to
            raise unreadable(path, 'PyTorch', error) from error
        self.card = card_of(extra[KEY] or None, path)
        if threads:
            torch.set_num_threads(threads)
        self.module = program.module()
        self.precision = self.card.dtype

    def run(self, inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        """See Session."""
        import torch
        with torch.no_grad():
            found = self.module(*(torch.from_numpy(inputs[name])
                                  for name in self.card.inputs))
        found = found if isinstance(found, (tuple, list)) else [found]
        return [each.numpy() for each in found]


def card_of(text: Optional[str], path: Path) -> Card:
    """The card, if the file has one.

    Raises:
        ExportError: If not, or if it is not understood.
    """
    if text is None:
        raise ExportError(f'{path} is not from `vitpose-mm export`: nothing '
                          'in it says what its keypoints and crops are')
    return read_card(text, path)


def check_names(card: Card, path: Path, inputs: List[str],
                outputs: List[str]) -> None:
    """Refuse a graph that is not what its card says.

    Raises:
        ExportError: If so.
    """
    if sorted(inputs) != sorted(card.inputs) or sorted(outputs) != sorted(
            card.outputs):
        raise ExportError(
            f'{path} takes {inputs} and gives {outputs}, but says '
            f'{card.inputs} and {card.outputs}; export the model again')


def unreadable(path: Path, runtime: str, error: Exception) -> ExportError:
    """What to raise when a runtime refuses a file."""
    line = ' '.join(str(error).split())[:200]
    return ExportError(f'{path} was not read by {runtime}: {line}')
