# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import contextlib
import sys
from pathlib import Path
from typing import Optional, Tuple

import click


@click.command()
@click.option('--model', help='Name of `vitpose-mm models`, folder of '
              '`vitpose-mm finetune`, or file of `vitpose-mm export`.')
@click.option('--config', type=click.Path(path_type=Path),
              help='Config of any top-down or bottom-up model of MMPose.')
@click.option('--checkpoint', help='Its weights.')
@click.option('--dataset', help='Whose keypoints a joint model shall find. '
              '[default: chosen on the page]')
@click.option('--detector', nargs=2, type=str, metavar='CONFIG WEIGHTS',
              help='A detector of MMDetection finds the people; without one, '
              'a picture shows one person.')
@click.option('--device', type=click.Choice(['cpu', 'cuda']),
              help='[default: cuda if there is one]')
@click.option('--port', type=click.IntRange(1, 65535), default=7860,
              show_default=True)
@click.option('--browser/--no-browser', default=True, show_default=True,
              help='Open the page.')
def command(model: Optional[str], config: Optional[Path],
            checkpoint: Optional[str], dataset: Optional[str],
            detector: Optional[Tuple[str, str]], device: Optional[str],
            port: int, browser: bool) -> None:
    """Try a model on a page: upload a picture or take one with the camera.

    The page is for this machine alone (127.0.0.1) and sends nothing
    elsewhere. Ctrl-C ends it.

    \b
    Examples:
      vitpose-mm demo --model vitpose-base
      vitpose-mm demo --model work_dirs/mouse
      vitpose-mm demo --config my.py --checkpoint my.pth --detector D.py D.pth
    """
    if (model is None) == (config is None):
        raise click.UsageError('give --model NAME, or --config CONFIG with '
                               '--checkpoint WEIGHTS')
    from vitpose_mm.checkpoints import CheckpointError
    from vitpose_tools.demo import Viewer, build_app
    from vitpose_tools.extras import MissingPackage
    from vitpose_tools.predict import PredictError, Predictor
    from vitpose_tools.predict.opened_model import datasets_of
    try:
        # Packages print while they load; stdout is for the result.
        with contextlib.redirect_stdout(sys.stderr):
            boxes = 'whole-image'
            if detector:
                from vitpose_tools.predict.detector import Detector
                boxes = Detector(*detector, device=device)

            def open_predictor(chosen: Optional[str]) -> Predictor:
                return Predictor(model or config, checkpoint, device=device,
                                 dataset=chosen or dataset, boxes=boxes)

            names = [] if dataset else datasets_of(model or config)
            viewer = Viewer(open_predictor, names)
            title = viewer.predictor(names[0] if names else None).description
            app = build_app(viewer, title)
    except (CheckpointError, MissingPackage, PredictError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f'http://127.0.0.1:{port} (Ctrl-C ends it)')
    try:
        app.launch(server_name='127.0.0.1', server_port=port, share=False,
                   inbrowser=browser, quiet=True, show_error=True)
    except OSError as error:
        raise click.ClickException(
            f'port {port} of this machine is taken; choose another with '
            '--port') from error
