# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn

# Side of the person that a cell stands for at first, in cells.
CELLS_OF_PERSON = 8


class Cells(NamedTuple):
    """The cells of all levels, one after the other.

    Attributes:
        tokens: Shape (B, T, C).
        centres: (x, y) in pixels of the input, shape (T, 2).
        strides: Side of each in pixels, shape (T, ).
    """

    tokens: Tensor
    centres: Tensor
    strides: Tensor

    @property
    def sides(self) -> Tensor:
        """Of the person that a cell stands for, in pixels, shape (T, )."""
        return self.strides * CELLS_OF_PERSON


def cell_centres(number: int, stride: float, device: torch.device,
                 dtype: torch.dtype = torch.float32) -> Tensor:
    """Where the centres of cells lie along an axis, in pixels of the input,
    of which the first one's centre is at 0; shape (number, )."""
    cells = torch.arange(number, device=device).to(dtype)
    return (cells + 0.5) * stride - 0.5


def list_cells(levels: Sequence[Tensor], strides: Sequence[int]) -> Cells:
    """List the cells of maps (B, C, h, w) with a stride in pixels each."""
    centres, sides = [], []
    for level, stride in zip(levels, strides):
        y, x = (cell_centres(side, stride, level.device)
                for side in level.shape[2:])
        # Row by row, as flatten lists them.
        centres.append(
            torch.stack([x.repeat(len(y)),
                         y.repeat_interleave(len(x))], 1))
        sides.append(centres[-1].new_full((len(x) * len(y), ), stride))
    tokens = torch.cat([level.flatten(2) for level in levels], 2)
    return Cells(
        tokens.transpose(1, 2), torch.cat(centres), torch.cat(sides))


class Skeleton(nn.Module):
    """What of the decoder belongs to one kind of keypoints.

    Args:
        num_keypoints: K.
        embed_dim: C channels of a token.
    """

    def __init__(self, num_keypoints: int, embed_dim: int) -> None:
        super().__init__()
        self.num_keypoints = num_keypoints
        self.score = nn.Linear(embed_dim, 1)
        self.pose = nn.Sequential(
            nn.Linear(embed_dim, embed_dim), nn.GELU(),
            nn.Linear(embed_dim, 2 * num_keypoints))
        # The person's token, those of its keypoints, and in place of a cell
        # what stands behind a person that is made for denoising.
        self.tokens = nn.Parameter(torch.empty(1 + num_keypoints, embed_dim))
        self.noise = nn.Parameter(torch.empty(embed_dim))
        # As large as a cell's token, which is added: else a keypoint's token
        # would hardly know which keypoint it is for.
        nn.init.normal_(self.tokens)
        nn.init.normal_(self.noise, std=0.02)
        # People are rare, as in RetinaNet (arXiv 1708.02002, section 3.3).
        nn.init.constant_(self.score.bias, -4.6)

    def propose(self, cells: Cells, number: int,
                valid: Optional[Tensor] = None
                ) -> Tuple[Tensor, Tensor, Tensor]:
        """Take the best cells of each image for people.

        Args:
            cells: Of the image.
            number: N people; fewer if there are fewer cells.
            valid: Cells that lie in the image, bool, shape (B, T).

        Returns:
            Their keypoints (B, N, K, 2) in pixels, float32, their cells'
            tokens (B, N, C), and the logits of all cells (B, T), float32.
        """
        logits = self.score(cells.tokens).squeeze(2).float()
        among = logits if valid is None else logits.masked_fill(~valid, -1e4)
        best = among.topk(min(number, among.shape[1])).indices
        tokens = cells.tokens.gather(
            1, best[..., None].expand(-1, -1, cells.tokens.shape[2]))
        keypoints = self.pose_of(tokens, cells.centres[best],
                                 cells.sides[best])
        return keypoints, tokens, logits

    def pose_of(self, tokens: Tensor, centres: Tensor,
                sides: Tensor) -> Tensor:
        """First pose of the people that cells stand for.

        Args:
            tokens: Of the cells, shape (..., C).
            centres: Of the cells in pixels, shape (..., 2).
            sides: As in Cells, shape (...).

        Returns:
            Keypoints in pixels, shape (..., K, 2), float32.
        """
        offsets = self.pose(tokens).float()
        offsets = offsets.reshape(*offsets.shape[:-1], self.num_keypoints, 2)
        return centres[..., None, :] + offsets * sides[..., None, None]
