# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import Callable, NamedTuple, Optional, Tuple

# Gets sentences for people.
Say = Callable[[str], None]


class Choices(NamedTuple):
    """What somebody asked `vitpose-mm finetune` for; see its --help."""

    source: Optional[Path]
    train: Optional[Path]
    val: Optional[Path]
    images: Optional[Path]
    out: Path
    size: str = 'tiny'
    init: Optional[str] = None
    videos: Tuple[Path, ...] = ()
    epochs: Optional[int] = None
    batch: Optional[int] = None
    flip: Optional[bool] = None
    seed: int = 0
    split: str = 'auto'
    val_part: float = 0.2
    boxes: str = 'auto'
