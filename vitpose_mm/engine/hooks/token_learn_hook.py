# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from datetime import date
from pathlib import Path

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmpose.registry import HOOKS

from vitpose_mm.checkpoints.loader import local_file
from vitpose_mm.checkpoints.read import digest
from vitpose_mm.version import __version__
from ..distillation import build_teacher, find_token, write_token
from ..unwrap_model import unwrap_model

SUFFIXES = '.safetensors', '.pth'


@HOOKS.register_module()
class TokenLearnHook(Hook):
    """Stage one of token distillation: learn a teacher's knowledge token.

    The model is a ``KnowledgeTokenLearner`` of the teacher's shape. Before
    the first batch it gets the teacher's weights; after the last, the token
    is written to a file for ``TokenDistillHook``, with what it comes from in
    the file's metadata.

    Args:
        teacher: Path of the teacher's config.
        teacher_checkpoint: Path or address of the teacher's weights, in any
            layout that ViTPose weights come in.
        out: Name of the file in the run's folder, .safetensors or .pth.

    Raises:
        ValueError: If the name of the file is another. Before the first
            batch, if the teacher's config or weights are missing or
            incomplete.
    """

    def __init__(self,
                 teacher: str,
                 teacher_checkpoint: str,
                 out: str = 'knowledge_token.safetensors') -> None:
        if Path(out).name != out or Path(out).suffix not in SUFFIXES:
            raise ValueError(f"out='{out}' must be a name that ends in "
                             f'{" or ".join(SUFFIXES)}')
        self.teacher = teacher
        self.teacher_checkpoint = teacher_checkpoint
        self.out = out

    def before_train(self, runner) -> None:
        """Load the teacher, unless the run is resumed and has it already."""
        if runner.iter > 0:
            return
        model = runner.model
        model = unwrap_model(model)
        state = build_teacher(self.teacher,
                              self.teacher_checkpoint).state_dict()
        state['backbone.knowledge_token'] = find_token(model).data
        model.load_state_dict(state)

    @master_only
    def after_train(self, runner) -> None:
        """Write the token."""
        token = find_token(runner.model)
        path = Path(runner.work_dir) / self.out
        write_token(
            path, token,
            dict(
                teacher=Path(self.teacher).name,
                teacher_checkpoint=Path(self.teacher_checkpoint).name,
                teacher_sha256=digest(local_file(self.teacher_checkpoint)),
                epochs=str(runner.epoch),
                width=str(token.shape[2]),
                learnt_by=f'vitpose_mm {__version__}',
                learnt_on=date.today().isoformat()))
        runner.logger.info(f'Wrote the knowledge token to {path}')
