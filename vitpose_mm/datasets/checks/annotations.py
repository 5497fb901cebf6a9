# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from typing import List

from .boxes import check_box_places, check_boxes
from .coordinates import check_coordinates
from .duplicates import check_duplicates
from .finding import Finding
from .image_sizes import sizes_of
from .people import People, check_people


def check_annotations(content: dict, people: People,
                      file: str) -> List[Finding]:
    """Check the people of a file, whatever reads it.

    Args:
        content: What the annotation file holds.
        people: Its annotations with keypoints.
        file: Its path, for the messages.
    """
    if not people.records:
        return []
    sizes = sizes_of(people, content['images'])
    return (check_people(people, file) + check_boxes(people, file)
            + check_coordinates(people, sizes, file)
            + check_box_places(people, sizes, file)
            + check_duplicates(people, file))
