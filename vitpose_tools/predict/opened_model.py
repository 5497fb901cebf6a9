# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Which model a name or path leads to."""
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple, Union

from vitpose_tools.run_folder import CONFIG, RUN
from .exported import is_export
from .frame import Frame
from .network import Network
from .open_model import ModelError, is_bottomup, read_config
from .poses import Poses, Skeleton

if TYPE_CHECKING:
    from .torch_network import TorchNetwork
    from .whole_image import WholeImageModel

# People at once: more are no faster on a CPU.
BATCH_CPU, BATCH_GPU = 16, 64


@dataclass
class OpenedModel:
    """A model that is ready.

    Args:
        description: What it is and how it computes, for people.
        skeleton: What its keypoints are.
        network: From crops to keypoints; None of a model that finds its
            people itself.
        whole: That one.
        batch_size: People at once, that fits it.
    """

    description: str
    skeleton: Skeleton
    network: Optional[Network] = None
    whole: 'Optional[WholeImageModel]' = None
    batch_size: int = BATCH_CPU

    def find_people(self, frame: Frame) -> Poses:
        """The poses of a frame by a model that needs no boxes."""
        people = self.whole(frame.image)
        h, w = frame.image.shape[:2]
        return Poses(
            self.skeleton, people.keypoints, people.scores, people.boxes,
            people.box_scores, None, frame.source, frame.index, frame.image,
            (w, h))


def open_predictor_model(model: Union[str, Path],
                         checkpoint: Union[str, Path, None],
                         dataset: Optional[str], device: Optional[str],
                         dtype: Optional[str],
                         flip: Optional[bool],
                         names: Optional[Sequence[str]] = None
                         ) -> OpenedModel:
    """Open a model; the arguments are those of Predictor.

    Raises:
        ModelError: If there is none, or it cannot be used.
        CheckpointError: If the weights cannot be read.
    """
    if names and is_export(model):
        raise ModelError(f'{model} is an export, which finds the keypoints '
                         'that it was written for; names are for its config')
    if is_export(model):
        from .exported.opened import open_exported_model
        return open_exported_model(Path(model), checkpoint, dataset, device,
                                   dtype, flip)
    config, weights, dataset = find_config(model, checkpoint, dataset)
    parsed = read_config(config)
    check_device(device)
    # Imports torch and MMPose, which take seconds.
    if is_bottomup(parsed):
        if names:
            raise ModelError(f'{config} finds its people itself and cannot be '
                             'asked for keypoints by name')
        from .whole_image import open_whole_image
        whole = open_whole_image(parsed, config, weights, dataset, device,
                                 flip, dtype)
        return OpenedModel(describe(config, whole), whole.skeleton,
                           whole=whole)
    from .torch_network import open_network
    network = open_network(parsed, config, weights, dataset, device, flip,
                           dtype, names)
    batch = BATCH_CPU if network.device.type == 'cpu' else BATCH_GPU
    return OpenedModel(describe(config, network), network.skeleton, network,
                       batch_size=batch)


def datasets_of(model: Union[str, Path]) -> List[str]:
    """Datasets that a joint model lets one choose from; empty of others, and
    where the model's name or config has chosen.

    Raises:
        ModelError: If there is no such model.
    """
    # Weights are not needed, and may be far away.
    path = Path(model)
    if path.suffix == '.py' or path.is_dir():
        config = read_config(path / CONFIG if path.is_dir() else path)
        if config.model.get('test_cfg', {}).get('dataset') is None:
            return list(config.model.get('heads', {}))
        return []
    from vitpose_tools.models import all_models
    return [each.dataset for each in all_models()
            if each.name.startswith(f'{model}/') and each.dataset]


def find_config(model: Union[str, Path],
                checkpoint: Union[str, Path, None], dataset: Optional[str]
                ) -> Tuple[Path, Union[str, Path], Optional[str]]:
    """Config, weights, and dataset as far as the name tells it."""
    from vitpose_mm.checkpoints import CheckpointError
    from vitpose_tools.models import resolve_checkpoint, resolve_model
    path = Path(model)
    if checkpoint is not None:
        checkpoint = resolve_checkpoint(str(checkpoint))
    if path.is_dir():
        return (*find_run(path, checkpoint), dataset)
    if path.suffix == '.py':
        if not path.is_file():
            raise ModelError(f'{model}: there is no such config')
        if checkpoint is None:
            raise ModelError(f'{model} is a config; give its weights too')
        return path, checkpoint, dataset
    try:
        found = resolve_model(str(model), dataset)
    except CheckpointError as error:
        raise ModelError(
            f'{error}; a model may also be a config (.py) with its weights, '
            'a folder of `vitpose-mm finetune` or a file of `vitpose-mm '
            'export`') from error
    return found.config, checkpoint or found.checkpoint, found.dataset


def find_run(folder: Path, checkpoint: Union[str, Path, None]
             ) -> Tuple[Path, Union[str, Path]]:
    """Config and best weights of a folder of `vitpose-mm finetune`."""
    from vitpose_tools.report.run import Run, RunError
    config = folder / CONFIG
    if not config.is_file():
        raise ModelError(f'{folder} holds no {CONFIG}; give a folder that '
                         '`vitpose-mm finetune` made, or a config and its '
                         'weights')
    if checkpoint is None:
        try:
            checkpoint = Run(folder / RUN).checkpoint
        except RunError as error:
            # A folder that was copied may have left its logs behind.
            best = sorted((folder / RUN).glob('best_*.pth'))
            if not best:
                raise ModelError(f'{folder}: {error}') from error
            checkpoint = best[-1]
    if checkpoint is None:
        raise ModelError(f'{folder} has no weights yet; `vitpose-mm finetune` '
                         'goes on where it stopped')
    return config, checkpoint


def check_device(device: Optional[str]) -> None:
    """Raise ModelError if there is no such device."""
    import click

    from vitpose_tools.environment import pick_device
    try:
        pick_device(device)
    except click.ClickException as error:
        raise ModelError(error.message) from error


def describe(config: Path, opened: 'Union[TorchNetwork, WholeImageModel]'
             ) -> str:
    """How it is computed, for people."""
    flip = 'with' if opened.flip else 'without'
    slow = ''
    if opened.device.type == 'cpu' and opened.dtype != 'float32':
        import torch
        if 'AVX512' not in torch.backends.cpu.get_cpu_capability():
            slow = ' (slower than float32: the CPU lacks AVX-512)'
    return (f'{config.stem}, {opened.dtype}{slow}, {flip} flip test, PyTorch '
            f'on {opened.device.type}')
