# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""One head for all skeletons against a head for each, on drawn bodies.

    python projects/by_name/drawn.py --jobs 16

draws five datasets (people of 17, 14 and 16 keypoints, two animals), trains
tiny models, and writes what they find into a JSON file. Each row of it is one
training; those that are there are not run again, so that a stopped run goes on
where it was. The first seed of all rows comes first.
"""
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import click
import numpy as np
import torch
from bodies import BODIES, SIZE, draw
from torch import Tensor, nn

HERE = Path(__file__).resolve().parent
GRID = 16  # of the heatmaps
SIGMA = 1.
THRESHOLD = .1  # of the PCK, of the longest side of the keypoints' box
BATCH = 16  # of each dataset
LR = 2e-3
DRAWN = dict(train=1000, test=200)
SIZES = dict(
    gpu=dict(embed_dim=128, depth=4, num_heads=4, mlp_ratio=2, steps=800),
    cpu=dict(embed_dim=48, depth=2, num_heads=3, mlp_ratio=2, steps=350))
SIGNS = {
    'separate': 'a backbone and a head for each dataset',
    'shared': 'one backbone, a head for each dataset',
    'named': 'one backbone, one head that takes names'}
# Row: methods, datasets that are left out, share of the labels of a dataset,
# keypoints of a dataset that are not labelled.
QUARTER = 'aic'
UNLABELLED = dict(aic=('left_knee', 'right_knee'), ap10k=('Nose', ))
ROWS: Dict[str, Dict[str, Any]] = {
    'all': dict(methods=('named', 'shared', *(
        f'separate {dataset}' for dataset in BODIES))),
    'quarter': dict(methods=('named', 'shared', f'separate {QUARTER}'),
                    quarter=True),
    'unlabelled': dict(methods=('named', 'shared'), unlabelled=True),
    'without aic': dict(methods=('named', ), without='aic'),
    'without atrw': dict(methods=('named', ), without='atrw')}
# Other words, and a part that each is another word for.
SYNONYMS = {
    'knee': 'kneecap', 'hip': 'hip joint', 'elbow': 'elbow joint',
    'shoulder': 'shoulder joint', 'wrist': 'wrist joint',
    'ankle': 'ankle joint', 'nose': 'nose tip', 'neck': 'nape',
    'head top': 'crown of the head', 'tail base': 'tail start',
    'eye': 'pupil', 'ear': 'ear tip', 'paw': 'foot', 'pelvis': 'sacrum',
    'thorax': 'chest', 'body centre': 'torso', 'tail': 'tail middle'}


def load(folder: Path, jobs: int) -> Dict[str, Dict[str, np.ndarray]]:
    """The drawn datasets, drawn if they are not there."""
    file = folder / 'drawn.npz'
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        tasks = [(dataset, seed, number) for dataset in BODIES
                 for seed, part in enumerate(DRAWN)
                 for number in range(DRAWN[part])]
        click.echo(f'Drawing {len(tasks)} crops ...')
        with ProcessPoolExecutor(jobs) as pool:
            images, keypoints = zip(*pool.map(draw, tasks, chunksize=50))
        arrays: Dict[str, np.ndarray] = {}
        start = 0
        for dataset in BODIES:
            for part, number in DRAWN.items():
                stop = start + number
                arrays[f'{dataset}/{part}/images'] = np.stack(
                    images[start:stop])
                arrays[f'{dataset}/{part}/keypoints'] = np.stack(
                    keypoints[start:stop])
                start = stop
        part_file = file.with_suffix('.part.npz')
        np.savez(part_file, **arrays)
        os.replace(part_file, file)
    with np.load(file) as arrays:
        return {key: arrays[key] for key in arrays}


def build(method: str, datasets: Sequence[str], size: Dict[str, int]
          ) -> nn.Module:
    """A joint model of this package, with names or with a head for each."""
    from mmpose.registry import MODELS

    import vitpose_mm  # noqa: F401
    layers = dict(in_channels=size['embed_dim'], deconv_out_channels=(64, ),
                  deconv_kernel_sizes=(4, ))
    arch = {key: value for key, value in size.items() if key != 'steps'}
    heads = dict(
        head=dict(type='NamedHeatmapHead', **layers),
        heads={dataset: {} for dataset in datasets}) \
        if method == 'named' else dict(heads={
            dataset: dict(type='HeatmapHead',
                          out_channels=len(BODIES[dataset][1]), **layers)
            for dataset in datasets})
    model = MODELS.build(dict(
        type='MultiDatasetTopdownPoseEstimator',
        backbone=dict(type='ViT', arch=arch, img_size=(SIZE, SIZE),
                      patch_size=8), **heads))
    model.init_weights()
    return model


def normalised(images: Tensor) -> Tensor:
    """Bytes (B, h, w, 3) as the backbone takes them."""
    return (images.permute(0, 3, 1, 2).float() - 128) / 64


def targets(keypoints: Tensor) -> Tensor:
    """Heatmaps (B, K, GRID, GRID) of keypoints (B, K, 3) in pixels."""
    cells = torch.arange(GRID, device=keypoints.device)
    at = keypoints[..., :2, None] * ((GRID - 1) / (SIZE - 1))
    x, y = ((cells - at[..., i, :]).square() for i in range(2))
    return (-(y[..., None] + x[..., None, :]) / (2 * SIGMA**2)).exp()


def train(model: nn.Module, data: Dict[str, Tuple[Tensor, Tensor]],
          steps: int, seed: int) -> None:
    """Train on as many samples of each dataset in every step.

    Args:
        model: Of ``build``.
        data: Images and keypoints of each dataset.
        steps: How many.
        seed: Of the order of the samples.
    """
    optimizer = torch.optim.AdamW(
        model.parameters(), LR, weight_decay=.05,
        fused=next(model.parameters()).is_cuda)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LR, steps, pct_start=.1)
    rng = np.random.default_rng(seed)
    model.train()
    for _ in range(steps):
        batch = [[each[torch.from_numpy(rows).to(each.device)]
                  for each in data[dataset]] for dataset, rows in (
                      (dataset, rng.integers(len(images), size=BATCH))
                      for dataset, (images, _) in data.items())]
        feats = model.extract_feat(
            normalised(torch.cat([images for images, _ in batch])), 0)[-1]
        losses = []
        for index, (dataset, (_, keypoints)) in enumerate(zip(data, batch)):
            head = model.heads[dataset]
            part = feats[index * BATCH:(index + 1) * BATCH]
            losses.append(head.loss_module(
                head((part, )), targets(keypoints), keypoints[..., 2]))
            if hasattr(head.final_layer, 'note'):
                head.final_layer.note(keypoints[..., 2])
        optimizer.zero_grad(set_to_none=True)
        (sum(losses) / len(losses)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.)
        optimizer.step()
        schedule.step()
    model.eval()


@torch.no_grad()
def find(model: nn.Module, head: nn.Module, images: Tensor) -> np.ndarray:
    """Keypoints (N, K, 2) in pixels, refined as everywhere here."""
    from mmpose.registry import KEYPOINT_CODECS
    codec = KEYPOINT_CODECS.build(dict(
        type='BatchUDPHeatmap', input_size=(SIZE, SIZE),
        heatmap_size=(GRID, GRID), sigma=SIGMA, blur_kernel_size=5))
    maps = head(model.extract_feat(normalised(images), 0)).float().cpu()
    found, _ = codec.batch_decode(maps)
    return np.stack([np.asarray(each)[0] for each in found])


def correct(found: np.ndarray, truth: np.ndarray) -> List[Optional[float]]:
    """PCK of each keypoint."""
    seen = truth[..., 2] > 0
    points = np.where(seen[..., None], truth[..., :2], np.nan)
    side = (np.nanmax(points, 1) - np.nanmin(points, 1)).max(1)
    right = np.linalg.norm(found - truth[..., :2], axis=2) < \
        THRESHOLD * side[:, None]
    return [float(right[seen[:, k], k].mean()) for k in range(seen.shape[1])]


def view(model: nn.Module, names: Sequence[Any]) -> nn.Module:
    """The shared head, asked for names."""
    from vitpose_mm.models.heads.named_heatmap_head import NamedView
    head = NamedView(model.head, list(names))
    return head.to(next(model.parameters()).device).eval()


def test(model: nn.Module, method: str, dataset: str, images: Tensor,
         truth: np.ndarray) -> Dict[str, Dict[str, float]]:
    """PCK of each keypoint of a dataset by its name, and of a model that
    takes names by other words too."""
    from vitpose_mm.models.heads.named_heatmap_head import names_of
    names = names_of(dataset)
    head = view(model, names) if method == 'named' else model.heads[dataset]
    result = dict(own=dict(zip(
        map(str, names), correct(find(model, head, images), truth))))
    if method == 'named':
        words = [name._replace(part=SYNONYMS.get(name.part, name.part))
                 for name in names]
        asked = view(model, words)
        result['synonyms'] = {
            f'{name} = {word}': value for name, word, value in zip(
                names, words, correct(find(model, asked, images), truth))
            if name != word}
    return result


def run(row: str, method: str, seed: int, folder: Path, device: str,
        size: Dict[str, int]) -> dict:
    """Train and test one row."""
    torch.set_num_threads(1)
    from mmengine.logging import MMLogger
    from mmengine.registry import init_default_scope

    from vitpose_mm.datasets.registered_metainfo import registered_metainfo
    init_default_scope('mmpose')
    MMLogger.get_current_instance().setLevel('ERROR')
    start = time.perf_counter()
    wish, arrays = ROWS[row], load(folder, 1)
    data: Dict[str, Tuple[Tensor, Tensor]] = {}
    for dataset in BODIES:
        if dataset == wish.get('without'):
            continue
        images = arrays[f'{dataset}/train/images']
        keypoints = arrays[f'{dataset}/train/keypoints'].copy()
        if wish.get('quarter') and dataset == QUARTER:
            images, keypoints = (each[:len(each) // 4]
                                 for each in (images, keypoints))
        if wish.get('unlabelled') and dataset in UNLABELLED:
            names = registered_metainfo(dataset)['keypoint_name2id']
            for name in UNLABELLED[dataset]:
                keypoints[:, names[name], 2] = 0
        data[dataset] = (torch.from_numpy(images).to(device),
                         torch.from_numpy(keypoints).to(device))
    if method.startswith('separate'):
        data = {key: data[key] for key in method.split()[1:]}
    torch.manual_seed(seed)
    model = build(method, list(data), size).to(device)
    train(model, data, size['steps'], seed)
    results = {
        dataset: test(model, method, dataset, torch.from_numpy(
            arrays[f'{dataset}/test/images']).to(device),
            arrays[f'{dataset}/test/keypoints'])
        for dataset in (BODIES if method == 'named' else data)}
    return dict(row=row, method=method, seed=seed, results=results,
                parameters=sum(each.numel() for each in model.parameters()),
                seconds=time.perf_counter() - start)


def mean(values: Sequence[float]) -> str:
    """Mean and spread over the seeds, in percent."""
    return f'{100 * np.mean(values):5.1f} +- {100 * np.std(values):4.1f}' \
        if len(values) else '-'


def show(rows: List[dict]) -> None:
    """Print the tables."""
    def pick(row: str, method: str, dataset: str, kind: str = 'own',
             only: Sequence[str] = ()) -> List[float]:
        found = []
        for each in rows:
            tested = each['results'].get(dataset, {}).get(kind, {})
            if (each['row'], each['method'].split()[0]) == (
                    row, method) and tested:
                found.append(float(np.mean([
                    value for name, value in tested.items()
                    if not only or name in only])))
        return found

    def line(label: str, row: str, method: str, dataset: str,
             **options: Any) -> None:
        values = pick(row, method, dataset, **options)
        if values:
            click.echo(f'{label:<34}{method:<10}{dataset:<7}{mean(values)}'
                       f'  ({len(values)} seeds)')

    click.echo(f'PCK@{THRESHOLD} in percent, mean and standard deviation')
    for dataset in BODIES:
        for method in SIGNS:
            line('all labels', 'all', method, dataset)
    for method in SIGNS:
        line('a quarter of its labels', 'quarter', method, QUARTER)
    for dataset, joints in dict(
            aic=('left knee', 'right knee'), ap10k=('nose', )).items():
        for method in ('shared', 'named'):
            line(f'labelled: {", ".join(joints)}', 'all', method, dataset,
                 only=joints)
            line(f'unlabelled: {", ".join(joints)}', 'unlabelled', method,
                 dataset, only=joints)
    for dataset in ('aic', 'atrw'):
        line('never seen', f'without {dataset}', 'named', dataset)
        line('other words', 'all', 'named', dataset, kind='synonyms')


@click.command()
@click.option('--jobs', default=1, show_default=True,
              help='Trainings at once.')
@click.option('--seeds', default=3, show_default=True)
@click.option('--size', type=click.Choice(list(SIZES)), default=None,
              help='[default: gpu where there is one]')
@click.option('--steps', type=int, help='Instead of those of --size.')
@click.option('--work-dir', type=click.Path(path_type=Path),
              default=HERE.parents[1] / 'work_dirs' / 'by_name',
              help='Of the drawn crops.')
@click.option('--out', type=click.Path(path_type=Path),
              help='[default: results_SIZE.json beside this file]')
@click.option('--seconds', type=float,
              help='Begin no training after so many.')
def main(jobs: int, seeds: int, size: Optional[str], steps: Optional[int],
         work_dir: Path, out: Optional[Path],
         seconds: Optional[float]) -> None:
    """Train what is not in OUT yet, and print its tables."""
    from multiprocessing import get_context
    start = time.perf_counter()
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    size = size or dict(cuda='gpu').get(device, 'cpu')
    out = out or HERE / f'results_{size}.json'
    chosen = dict(SIZES[size])
    if steps:
        chosen['steps'] = steps
    device_name = torch.cuda.get_device_name() if device == 'cuda' else 'CPU'
    setting = dict(device=device_name, torch=torch.__version__, model=chosen,
                   drawn=DRAWN, batch_per_dataset=BATCH, lr=LR)
    rows: List[dict] = []
    if out.is_file():
        held = json.loads(out.read_text())
        if held['setting']['model'] != chosen:
            raise click.ClickException(
                f'{out} holds rows of {held["setting"]["model"]}; give '
                'another --out')
        rows = held['rows']
    load(work_dir, jobs)
    done = {(each['row'], each['method'], each['seed']) for each in rows}
    wanted = [(row, method, seed) for seed in range(seeds) for row in ROWS
              for method in ROWS[row]['methods']]
    wanted = [each for each in wanted if each not in done]
    click.echo(f'{len(wanted)} trainings on {device_name}, {jobs} at once')

    def begin(pool: ProcessPoolExecutor, each: Tuple[str, str, int]) -> Any:
        return pool.submit(run, *each, work_dir, device, chosen)

    with ProcessPoolExecutor(
            jobs, mp_context=get_context('spawn')) as pool:
        futures = [begin(pool, each) for each in wanted]
        for future in as_completed(futures):
            if future.cancelled():
                continue
            rows.append(future.result())
            part = out.with_suffix('.part')
            part.write_text(json.dumps(dict(setting=setting, rows=rows),
                                       indent=1))
            os.replace(part, out)
            last = rows[-1]
            click.echo(f'{time.perf_counter() - start:5.0f} s  {last["row"]}, '
                       f'{last["method"]}, seed {last["seed"]}: '
                       f'{last["seconds"]:.0f} s')
            if seconds and time.perf_counter() - start > seconds:
                for each in futures:
                    each.cancel()
                seconds = None
    show(rows)


if __name__ == '__main__':
    main()
