# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from pathlib import Path
from typing import List, Sequence

from vitpose_mm.datasets.checks import ERROR, NOTE, WARNING, Example, Finding
from vitpose_mm.datasets.checks.image_sizes import compare_sizes
from vitpose_mm.datasets.checks.structure import is_positive
from .image_file import HUGE, ImageFile
from .leakage import check_repeated, counted

# Kind of a fault for which a file cannot be loaded: what it is, the cure.
BROKEN = {
    'image-missing': ('images are not there', ''),
    'image-empty': ('images are files of 0 bytes', 'copy them again'),
    'image-pointer': ('images are pointers of Git LFS or git-annex, and no '
                      'pictures', 'run `git lfs pull` or `git annex get` '
                      'where they come from'),
    'image-unreadable': ('images cannot be opened',
                         'copy them again, or convert them to JPEG or PNG'),
    'image-truncated': ('images end before their last row, or are damaged',
                        'copy them again; what is lost would be grey'),
    'image-bomb': ('images are too large to be opened',
                   'make them smaller, keypoints and boxes with them'),
}


def check_image_files(images: Sequence[dict], facts: Sequence[ImageFile],
                      file: str, folder: Path) -> List[Finding]:
    """Check the files of images.

    Args:
        images: Records of the images.
        facts: What their files are.
        file: Path of the annotation file, for the messages.
        folder: Folder of the images.
    """
    findings = []
    for kind, (what, cure) in BROKEN.items():
        found = select(images, facts, [fact.fault == kind for fact in facts])
        if kind == 'image-missing' and found:
            cure = where_they_are(found, folder)
        findings += counted(kind, file, what, cure, ERROR, found, len(images))
    findings += compare_sizes(
        images, [fact.size if is_positive(image['width']) else None
                 for image, fact in zip(images, facts)], file)
    findings += counted(
        'image-huge', file, f'images have more than {HUGE / 1e6:g} million '
        'pixels', 'each is decoded in every epoch, which takes seconds and '
        'gigabytes; make them smaller, keypoints and boxes with them',
        WARNING, select(images, facts, [fact.huge for fact in facts]),
        len(images))
    findings += counted(
        'image-cmyk', file, 'images are in printing colours (CMYK)',
        'colours change with the library that reads them; convert them to '
        'RGB', WARNING, select(images, facts, [fact.cmyk for fact in facts]),
        len(images))
    findings += counted(
        'image-16bit', file, 'images have 16 bits or more for a value',
        'the lower 8 are dropped as they are loaded, so that 12-bit pictures '
        'are all but black; scale them to 8 bits', WARNING,
        select(images, facts, [fact.bits > 8 for fact in facts]),
        len(images))
    return findings + check_turned(images, facts, file) + check_repeated(
        images, facts, file)


def check_turned(images: Sequence[dict], facts: Sequence[ImageFile],
                 file: str) -> List[Finding]:
    """Check images that EXIF turns or mirrors as they are loaded."""
    turned = [fact.orientation in range(2, 9) for fact in facts]
    # The stated size says that the labels are of the picture as it is turned.
    known = [fact.orientation >= 5 and fact.size is not None
             and fact.size[0] != fact.size[1]
             and fact.size == (image['width'], image['height'])
             for fact, image in zip(facts, images)]
    unsure = [is_turned and not is_known
              for is_turned, is_known in zip(turned, known)]
    what = 'images are turned or mirrored by their EXIF tag as they are loaded'
    return counted(
        'image-turned', file, what,
        'keypoints have to be those of the turned picture, which cannot be '
        'seen from its size: look at some (--sheet); or save the images '
        'without the tag', WARNING, select(images, facts, unsure),
        len(images)) + counted(
        'image-turned', file, what + ', and labelled as turned',
        'programs that ignore the tag would show keypoints elsewhere', NOTE,
        select(images, facts, known), len(images))


def select(images: Sequence[dict], facts: Sequence[ImageFile],
           mask: Sequence[bool]) -> List[Example]:
    """Name the images of a mask."""
    found = []
    for row, (image, fact, chosen) in enumerate(zip(images, facts, mask)):
        if chosen:
            said = image['file_name']
            if fact.fault and fact.said:
                said += f': {fact.said}'
            elif not fact.fault and fact.size:
                said += f' {fact.size[0]}x{fact.size[1]}'
            found.append(Example(row, image['id'],
                                 file_name=image['file_name'], said=said))
    return found


def where_they_are(missing: Sequence[Example], folder: Path) -> str:
    """The cure for images that are missing."""
    if not folder.is_dir():
        return f'there is no folder {folder}; name that of the images'
    name = missing[0].file_name
    plain = name.replace('\\', '/')
    for other in (plain, Path(plain).name, name.lower()):
        if other != name and (folder / other).is_file():
            return (f'{folder} has {other!r}: write that as file_name'
                    + (', or name a folder further up by --images'
                       if plain.endswith('/' + other) else ''))
    return (f'looked for in {folder}, the folder that file_name starts from; '
            'name another by --images, or leave these images out')
