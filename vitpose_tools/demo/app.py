# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional, Tuple

import numpy as np

from vitpose_tools.extras import need
from vitpose_tools.predict.errors import PredictError
from .viewer import Viewer

if TYPE_CHECKING:
    from gradio import Blocks

FILE = 'keypoints.json'


def build_app(viewer: Viewer, title: str) -> 'Blocks':
    """A page that shows the keypoints of a picture.

    Args:
        viewer: Answers.
        title: What model it is.

    Raises:
        MissingPackage: If Gradio is not installed.
    """
    # Nothing of this machine is told to anybody.
    os.environ.setdefault('GRADIO_ANALYTICS_ENABLED', 'False')
    gradio = need('gradio', 'The page is made', 'demo')
    folder = tempfile.TemporaryDirectory(prefix='vitpose-mm-demo-')

    def answer(picture: Optional[np.ndarray], dataset: Optional[str],
               min_score: float) -> Tuple[object, str, List[list], object]:
        if picture is None:
            return None, 'Give a picture.', [], None
        try:
            view = viewer(picture, dataset, min_score)
        except PredictError as error:
            raise gradio.Error(str(error)) from error
        path = Path(tempfile.mkdtemp(dir=folder.name), FILE)
        path.write_text(json.dumps(view.people, indent=2), encoding='utf-8')
        return view.picture, view.text, rows_of(view.people), str(path)

    with gradio.Blocks(title=f'vitpose_mm: {title}') as app:
        # The folder goes with the page.
        app.results = folder
        gradio.Markdown(f'# Keypoints\n\n{title}')
        with gradio.Row():
            with gradio.Column():
                picture = gradio.Image(
                    label='Picture', type='numpy', image_mode='RGB',
                    sources=['upload', 'webcam', 'clipboard'])
                dataset = gradio.Dropdown(
                    viewer.datasets, label='Dataset whose keypoints to find',
                    value=viewer.datasets[0] if viewer.datasets else None,
                    visible=bool(viewer.datasets))
                min_score = gradio.Slider(
                    0, 1, 0.3, label='Show keypoints from this score on')
                button = gradio.Button('Find keypoints', variant='primary')
            with gradio.Column():
                shown = gradio.Image(
                    label='Found', interactive=False, format='png',
                    buttons=['download', 'fullscreen'])
                text = gradio.Markdown(elem_id='text')
                file = gradio.File(label='Download')
                table = gradio.Dataframe(
                    headers=['person', 'keypoint', 'x', 'y', 'score'],
                    label='Keypoints, in pixels', interactive=False)
        asked = dict(fn=answer, inputs=[picture, dataset, min_score],
                     outputs=[shown, text, table, file])
        button.click(**asked)
        picture.input(**asked)
        min_score.release(**asked)
        dataset.input(**asked)
    return app


def rows_of(people: List[dict]) -> List[list]:
    """A row for each keypoint."""
    return [[number, each['name'], each['x'], each['y'], each['score']]
            for number, person in enumerate(people, 1)
            for each in person['keypoints']]
