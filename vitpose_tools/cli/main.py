# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import errno
import importlib
import warnings
from importlib.metadata import version

import click

# Name of a subcommand -> its module, which holds a click command ``command``,
# and its one line of help. Modules are imported only when their command runs:
# ``vitpose-mm --help`` must not wait for torch, and ``doctor`` must start
# where torch or MMCV does not.
COMMANDS = {
    'analyze': ('vitpose_tools.cli.analyze',
                'Look inside a model: experts, attention, errors.'),
    'benchmark': ('vitpose_tools.cli.benchmark',
                  'Measure speed beside other implementations.'),
    'checkpoint': ('vitpose_tools.cli.checkpoint',
                   'Inspect, convert and compare checkpoints.'),
    'data': ('vitpose_tools.cli.data',
             'Bring, check and convert annotation files.'),
    'demo': ('vitpose_tools.cli.demo',
             'Try a model on a page, with pictures or the camera.'),
    'doctor': ('vitpose_tools.cli.doctor',
               'Check this environment and name the cure of each fault.'),
    'export': ('vitpose_tools.cli.export',
               'Write a model for ONNX Runtime, OpenVINO or torch.export.'),
    'finetune': ('vitpose_tools.cli.finetune',
                 'Train a model of your own keypoints, from labels to '
                 'pictures.'),
    'memory': ('vitpose_tools.cli.memory',
               'Count what a training holds in the memory of a GPU.'),
    'models': ('vitpose_tools.cli.models',
               'List public models and what they are called here.'),
    'predict': ('vitpose_tools.cli.predict',
                'Find keypoints in images and videos.'),
    'report': ('vitpose_tools.cli.report',
               'Draw the curve and predictions of a training run.'),
    'suggest': ('vitpose_tools.cli.suggest',
                'Pick the frames of a video to label next.'),
    'synth': ('vitpose_tools.cli.synth',
              'Draw a COCO keypoint dataset of articulated people.'),
}


class LazyGroup(click.Group):
    """A click group that imports a subcommand when it is first asked for."""

    def list_commands(self, ctx: click.Context) -> list:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str):
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        command.name = cmd_name  # for the site, which asks for it
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a subcommand; what the system refuses is one sentence."""
        try:
            return super().invoke(ctx)
        except OSError as error:
            # Click ends quietly where the reader of a pipe has gone.
            if error.filename is None or error.errno == errno.EPIPE:
                raise
            raise click.ClickException(
                f'{error.filename}: {error.strerror}') from error

    def format_commands(self, ctx: click.Context,
                        formatter: click.HelpFormatter) -> None:
        with formatter.section('Commands'):
            formatter.write_dl([(name, COMMANDS[name][1])
                                for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup,
             context_settings=dict(help_option_names=['-h', '--help']))
@click.version_option(version('vitpose_mm'), prog_name='vitpose-mm')
def main() -> None:
    """Tools around ViTPose for MMPose. Training and testing are MMPose's own:
    `mim train mmpose CONFIG` and `mim test mmpose CONFIG -C CHECKPOINT`."""
    # MMEngine's own, which nobody who types a command can cure.
    warnings.filterwarnings('ignore', 'pkg_resources is deprecated')
