# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import Optional

import numpy as np
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import TRANSFORMS

from vitpose_mm.fileio import why_unreadable


class ImageError(ValueError):
    """An image cannot be read; the message says which and why."""


@TRANSFORMS.register_module()
class LoadCheckedImage(LoadImage):
    """LoadImage that names what is no image, and says why.

    Takes the arguments of LoadImage.
    """

    def transform(self, results: dict) -> Optional[dict]:
        """Load the image of one sample; adds what LoadImage adds.

        Args:
            results: Has ``img_path``, or the image itself in ``img``.

        Raises:
            ValueError: If ``img`` is not (h, w, 3).
            ImageError: If the file is no image.
            FileNotFoundError: If there is no such file.
        """
        if 'img' in results:
            shape = np.shape(results['img'])
            if len(shape) != 3 or shape[2] != 3 or 0 in shape:
                raise ValueError(
                    f'an image of shape {shape} was given, which has to be '
                    '(h, w, 3), BGR; cv2.cvtColor(img, cv2.COLOR_GRAY2BGR) '
                    'makes one of a grey image')
            return super().transform(results)
        try:
            return super().transform(results)
        except OSError:
            raise
        except Exception as error:
            path = results['img_path']
            reason = why_unreadable(path) or (
                'it is damaged, or of a kind that OpenCV does not know; save '
                'it again, as JPEG or PNG, or take it out')
            raise ImageError(
                f'{path} cannot be read as an image: {reason}') from error
