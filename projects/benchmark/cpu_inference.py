# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Crops per second of ViTPose on a CPU, in PyTorch and exported:

    python projects/benchmark/cpu_inference.py --out cpu_inference.json

Everything takes turns in one process, on the same drawn people, with
decoding. The models are untrained: their time does not depend on the
weights. What rounding does to keypoints and AP does, so it is measured on a
model that is trained, such as the quickstart's:

    python projects/benchmark/cpu_inference.py --trained CONFIG CHECKPOINT
"""
import tempfile
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import click
import numpy as np
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from mmengine.structures import InstanceData

import vitpose_mm  # noqa: F401
from vitpose_tools.benchmark import run_jobs, write_result
from vitpose_tools.benchmark.measure import row, time_interleaved
from vitpose_tools.benchmark.recipes import build_model, load_recipe
from vitpose_tools.benchmark.table import format_table
from vitpose_tools.export import Exporter, Wish
from vitpose_tools.export.crops import find_crops
from vitpose_tools.predict.exported import open_export
from vitpose_tools.predict.network import Network
from vitpose_tools.predict.open_model import read_config
from vitpose_tools.predict.torch_network import TorchNetwork, open_network

SIZE = 256, 192
# (implementation, dtype); the first is what the others are compared with.
PYTORCH = (('eager', 'float32'), ('eager', 'bfloat16'),
           ('compiled', 'float32'), ('compiled', 'bfloat16'))
EXPORTED = (('openvino', 'float32'), ('openvino', 'bfloat16'),
            ('openvino', 'int8'), ('onnx', 'float32'), ('onnx', 'int8'))
SUFFIX = dict(onnx='onnx', openvino='xml')
# Crops that int8 finds its scales with; time does not depend on them.
CALIBRATED, UNTRAINED = 64, 8

Networks = Dict[Tuple[str, str], Network]


def untrained(arch: str, folder: Path) -> Tuple[Path, Path]:
    """Config and random weights of a ViTPose, as files."""
    config = load_recipe('vitpose_mm', arch, SIZE)
    torch.manual_seed(0)
    model = build_model(config)
    config.dump(folder / f'{arch}.py')
    torch.save(dict(state_dict=model.state_dict()), folder / f'{arch}.pth')
    return folder / f'{arch}.py', folder / f'{arch}.pth'


def export(config: Path, checkpoint: Path, folder: Path,
           without: Sequence[str], calibrated: int) -> Dict[tuple, Path]:
    """Write every kind of export that can be made here, unchecked: an
    untrained model has no keypoints to compare."""
    exporter = Exporter(config, str(checkpoint))
    found = {}
    for to, dtype in EXPORTED:
        if f'{to}-{dtype}' in without:
            continue
        wish = Wish(to, dtype=dtype)
        path = folder / f'{config.stem}-{dtype}.{SUFFIX[to]}'
        card = exporter.make_card(wish)
        crops = find_crops(card.crop, exporter.config, exporter.dataset, None,
                           calibrated).images
        try:
            exporter.write_file(wish, card, path,
                                crops if dtype == 'int8' else None)
        except ValueError as error:  # a package that is not here
            click.echo(f'{to} {dtype} is left out: {error}', err=True)
            continue
        found[to, dtype] = path
    return found


def pytorch(config: Path, checkpoint: Path, kind: str,
            dtype: str) -> TorchNetwork:
    """A network in PyTorch."""
    network = open_network(read_config(config), config, checkpoint, None,
                           'cpu', False, dtype)
    if kind == 'compiled':
        network.model.backbone.compile()
        network.model.head.compile()
    return network


def open_all(config: Path, checkpoint: Path, files: Dict[tuple, Path],
             threads: int, without: Sequence[str]) -> Networks:
    """All networks, each with so many threads."""
    torch.set_num_threads(threads)
    found = {(kind, dtype): pytorch(config, checkpoint, kind, dtype)
             for kind, dtype in PYTORCH if f'{kind}-{dtype}' not in without}
    found.update({key: open_export(path, threads)
                  for key, path in files.items()})
    return found


def speed(config: Path, checkpoint: Path, files: Dict[tuple, Path],
          without: Sequence[str], threads: int, batch: int,
          rounds: int) -> List[dict]:
    """A row for each network."""
    networks = open_all(config, checkpoint, files, threads, without)
    first = networks[PYTORCH[0]]
    crops = find_crops(first.crop, Config(), None, None, batch).images
    timings = time_interleaved(
        {key: partial(network, crops) for key, network in networks.items()},
        rounds, warmup=2, device='cpu')
    return [row(dict(work='crops', implementation=key[0], dtype=key[1],
                     arch=config.stem, batch=batch, threads=threads,
                     precision=getattr(networks[key], 'precision', key[1])),
                timing, batch, timings[PYTORCH[0]])
            for key, timing in timings.items()]


def accuracy(config: Path, checkpoint: Path, files: Dict[tuple, Path],
             without: Sequence[str]) -> List[dict]:
    """AP without flip test, and how far keypoints are from the first row's,
    of each network."""
    networks = open_all(config, checkpoint, files, 1, without)
    parsed = read_config(config)
    with redirect_stdout(StringIO()):  # COCO's tools print
        loader = Runner.build_dataloader(dict(
            parsed.test_dataloader, num_workers=0, persistent_workers=False))
    batches = list(loader)
    rows, expected = [], None
    for (kind, dtype), network in networks.items():
        metrics, keypoints = test(parsed, network, loader, batches)
        expected = keypoints if expected is None else expected
        distance = np.linalg.norm(keypoints - expected, axis=-1)
        rows.append(dict(
            work='accuracy', implementation=kind, dtype=dtype,
            arch=config.stem, crops=len(keypoints),
            precision=getattr(network, 'precision', dtype), metrics=metrics,
            pixels=dict(median=float(np.median(distance)),
                        p99=float(np.quantile(distance, 0.99)),
                        largest=float(distance.max()))))
    return rows


def test(config: Config, network: Network, loader: object,
         batches: List[dict]) -> Tuple[dict, np.ndarray]:
    """Metrics, and keypoints (crops, K, 2) in crop pixels."""
    found = []
    size = np.array(network.crop.input_size)
    with redirect_stdout(StringIO()):
        evaluator = Evaluator(config.test_evaluator)
        evaluator.dataset_meta = loader.dataset.metainfo
        for batch in batches:
            crops = torch.stack(list(batch['inputs'])).permute(0, 2, 3, 1)
            keypoints, scores = network(crops.contiguous().numpy())
            found.append(np.array(keypoints))
            for sample, points, own in zip(batch['data_samples'], keypoints,
                                           scores):
                scale = sample.metainfo['input_scale']
                corner = sample.metainfo['input_center'] - scale / 2
                sample.pred_instances = InstanceData(
                    keypoints=(points / size * scale + corner)[None],
                    keypoint_scores=np.array(own)[None],
                    bbox_scores=sample.gt_instances.bbox_scores)
            evaluator.process(batch['data_samples'], batch)
        metrics = evaluator.evaluate(len(loader.dataset))
    return metrics, np.concatenate(found)


@click.command(help=__doc__.split(':\n')[0])
@click.option('--arch', 'archs', multiple=True, default=('small', 'base'),
              type=click.Choice(['small', 'base', 'large', 'huge']))
@click.option('--threads', 'counts', multiple=True, default=(1, 2), type=int)
@click.option('--batch', default=4)
@click.option('--rounds', default=7)
@click.option('--without', multiple=True,
              type=click.Choice([f'{kind}-{dtype}' for kind, dtype in
                                 (*PYTORCH[1:], *EXPORTED)]))
@click.option('--trained', nargs=2, type=click.Path(exists=True,
                                                    path_type=Path),
              help='CONFIG CHECKPOINT: AP and shift of the keypoints.')
@click.option('--out', type=click.Path(path_type=Path))
def main(archs: Tuple[str, ...], counts: Tuple[int, ...], batch: int,
         rounds: int, without: Tuple[str, ...],
         trained: Optional[Tuple[Path, Path]],
         out: Optional[Path]) -> None:
    MMLogger.get_current_instance().setLevel('WARNING')
    with tempfile.TemporaryDirectory() as name:
        folder, jobs = Path(name), {}
        models = [trained] if trained else [
            untrained(arch, folder) for arch in archs]
        for config, checkpoint in models:
            files = export(config, checkpoint, folder, without,
                           CALIBRATED if trained else UNTRAINED)
            if trained:
                jobs['accuracy'] = partial(accuracy, config, checkpoint,
                                           files, without)
            for threads in counts:
                jobs[f'{config.stem} {threads}'] = partial(
                    speed, config, checkpoint, files, without, threads,
                    batch, rounds)
        for result in run_jobs(jobs):
            if out:
                write_result(out, result)
    click.echo(format_table(result['rows']))
    for job, why in result['not_measured'].items():
        raise click.ClickException(f'{job}: {why}')


if __name__ == '__main__':
    main()
