# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from mmengine.hooks import Hook
from mmpose.registry import HOOKS

from ..distillation import find_token, project, read_token


@HOOKS.register_module()
class TokenDistillHook(Hook):
    """Stage two of token distillation: hand a teacher's token to a student.

    Before the first batch the student's ``backbone.knowledge_token`` becomes
    the token that ``TokenLearnHook`` wrote (arXiv 2204.12484, section 3.4).
    From then on it is an ordinary parameter: in checkpoints, EMA and resumed
    runs it is one more key of the student's own width, and inference needs
    no hook.

    What the paper leaves open is settled so:

    - The token follows the patches and has no position embedding: it has no
      place in the crop.
    - Of equal widths it stays frozen, as the paper says: build the student
      with ``num_knowledge_tokens=1``.
    - Where widths differ a projection is learnt with the student, in its
      product: the token starts as a linear map of the teacher's and learns,
      with ``train_knowledge_token=True``. A separate matrix W and bias b
      would reach nothing else: W t + b of the one constant t is any vector,
      and a gradient step on both moves it along its own gradient,
      ``|t|^2 + 1`` times as far.
    - Together with ``OutputDistillHook`` the teacher predicts without the
      token, as it was trained.

    Args:
        token: File that ``TokenLearnHook`` wrote.

    Raises:
        ValueError: Before the first batch, if the file holds no token or the
            backbone is not built for it.
    """

    def __init__(self, token: str) -> None:
        self.token = token

    def before_train(self, runner) -> None:
        """Set the token, unless the run is resumed and has it already."""
        if runner.iter > 0:
            return
        own = find_token(runner.model)
        token = read_token(self.token)
        _, count, width = token.shape
        learns = width != own.shape[2]
        if count != own.shape[1] or learns != own.requires_grad:
            raise ValueError(
                f'{self.token} holds {count} token(s) of {width} channels, '
                f'the backbone {own.shape[1]} of {own.shape[2]} that '
                f'{"learn" if own.requires_grad else "are frozen"}: set '
                f'model.backbone.num_knowledge_tokens={count} and '
                f'model.backbone.train_knowledge_token={learns}, because '
                'tokens of another width are projected and learn')
        own.data.copy_(project(token, own.shape[2]))
