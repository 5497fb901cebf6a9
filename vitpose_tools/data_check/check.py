# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from math import nan
from pathlib import Path
from typing import Callable, List, Optional, Sequence, Tuple

from vitpose_mm.datasets.checks import NOTE, WARNING, Finding
from vitpose_mm.datasets.checks.annotations import check_annotations
from vitpose_mm.datasets.checks.coordinates import (check_occurrence,
                                                    check_unlabelled)
from vitpose_mm.datasets.checks.dataset import BODY, WHOLE_BODY, check_left
from vitpose_mm.datasets.checks.finding import describe
from vitpose_mm.datasets.checks.image_sizes import check_image_sizes
from vitpose_mm.datasets.checks.metainfo import check_metainfo
from vitpose_mm.datasets.checks.people import (People, check_empty,
                                               check_keypoints, read_people)
from vitpose_mm.datasets.checks.scoring import check_areas, check_categories
from vitpose_mm.datasets.checks.sides import check_sides
from vitpose_mm.datasets.checks.structure import (check_fields, check_ids,
                                                  check_structure, is_category)
from vitpose_tools.annotations import AnnotationError, read_json
from vitpose_tools.pool import in_processes
from .image_checks import check_image_files
from .image_file import ImageFile, read_image
from .leakage import check_leakage
from .metainfo import compare_names, metainfo_of
from .neighbours import check_neighbours

# Below, starting processes takes longer than reading.
FEW_IMAGES = 64


@dataclass
class CheckedFile:
    """An annotation file and what was found in it.

    Args:
        file: Its path.
        folder: Folder of its images.
        content: What can be read of it.
        metainfo: Of its keypoints, as MMPose's datasets hold it.
        findings: What was found.
        facts: What the files of its images are.
    """

    file: Path
    folder: Path
    content: dict
    metainfo: dict = field(default_factory=dict)
    findings: List[Finding] = field(default_factory=list)
    facts: List[ImageFile] = field(default_factory=list)


def check_data(
    ann: Path,
    images: Path,
    metainfo: Optional[dict] = None,
    val: Optional[Path] = None,
    val_images: Optional[Path] = None,
    workers: int = 1,
    progress: Optional[Callable] = None,
) -> Tuple[List[Finding], List[CheckedFile]]:
    """Check a keypoint dataset in COCO's form, and its images.

    Args:
        ann: The annotation file.
        images: Folder that its ``file_name`` starts from.
        metainfo: What MMPose knows of its keypoints (read_metainfo); None
            for what the file says itself.
        val: Annotation file of what is held out; it is checked as well, and
            looked for in the other.
        val_images: Folder of its images; None for the same.
        workers: Processes that read images.
        progress: As ``vitpose_tools.progress.progress``; None for silence.

    Returns:
        All findings, errors first; the files, for draw_sheet.

    Raises:
        AnnotationError: If a file is no JSON, or an image killed a process.
        OSError: If the system refuses.
    """
    folders = {ann: images}
    if val is not None:
        folders[val] = images if val_images is None else val_images
    files = [check_annotation_file(file, folder, metainfo)
             for file, folder in folders.items()]
    total = sum(len(file.content['images']) for file in files)
    if progress is None:
        read_all(files, workers, lambda: None)
    else:
        with progress('Reading images', total) as advance:
            read_all(files, workers, advance)
    findings = check_metainfo_of(metainfo) if metainfo else []
    for file in files:
        file.findings += check_image_files(
            file.content['images'], file.facts, str(file.file), file.folder)
        findings += [named(finding, file) for finding in file.findings]
    if len(files) == 2:
        train, held = files
        for check in (check_leakage, check_neighbours):
            findings += check(
                train.content['images'], train.facts, held.content['images'],
                held.facts, str(train.file), str(held.file))
    return sorted(findings, key=order), files


def check_annotation_file(file: Path, folder: Path,
                          metainfo: Optional[dict]) -> CheckedFile:
    """Check all of a file but its images."""
    path, content = str(file), read_json(file, object)
    findings = check_structure(content, path)
    if any(finding.kind == 'not-coco' for finding in findings):
        return CheckedFile(file, folder, dict(images=[], annotations=[]),
                           findings=findings)
    if check_fields(content, path):
        content = readable(content)
        findings += check_ids(content, path)
    given = metainfo or metainfo_of(content, path)
    checked = CheckedFile(file, folder, content, given, findings)
    if metainfo:
        findings += compare_names(content, metainfo, path)
    findings += describe(
        'keypoints-absent', path, "annotations have no 'keypoints'",
        content['annotations'],
        ['keypoints' not in ann for ann in content['annotations']],
        'training leaves them out', NOTE)
    fields = fields_of(content, given['num_keypoints'])
    records = [ann for ann in content['annotations'] if ann.get(fields[0])]
    number = given['num_keypoints']
    if not number:
        findings.append(Finding(
            'no-keypoints', path,
            'neither a category nor an annotation has keypoints',
            'these are boxes or masks; label points, or take the file of '
            'keypoints'))
        return checked
    findings += check_empty(content['annotations'], path, fields[0])
    wrong = check_keypoints(records, path, number, fields)
    if wrong:
        records = [ann for ann in records
                   if not check_keypoints([ann], path, number, fields)]
    people = read_people(records, number, fields)
    findings += wrong + check_persons(content, people, given, path)
    return checked


def check_persons(content: dict, people: People, metainfo: dict,
                  file: str) -> List[Finding]:
    """Check those people of a file whose keypoints can be read."""
    findings = check_left(content, people, file)
    if not people.records:
        return findings
    names = [metainfo['keypoint_id2name'][index]
             for index in range(metainfo['num_keypoints'])]
    findings += check_annotations(content, people, file)
    findings += check_unlabelled(people, file)
    findings += check_occurrence(people, names, file)
    findings += check_sides(people, metainfo['flip_indices'], names, file)
    findings += check_image_sizes(content['images'], people, file, None)
    findings += check_categories(content, people, file, category=True)
    return findings + check_areas(people, file, WARNING)


def check_metainfo_of(metainfo: dict) -> List[Finding]:
    """Check a metainfo; one without sigmas serves metrics without OKS."""
    number = metainfo['num_keypoints']
    weights = metainfo['dataset_keypoint_weights']
    return check_metainfo(metainfo, len(metainfo['sigmas']) > 0,
                          len(weights) not in (0, number))


def readable(content: dict) -> dict:
    """The records of a file whose fields can be looked at; sizes that are
    none become NaN."""
    images = []
    for image in content['images']:
        if not isinstance(image, dict):
            continue
        sized = dict(image, width=1, height=1)
        if not check_fields(dict(images=[sized], annotations=[]), ''):
            faults = check_fields(dict(images=[image], annotations=[]), '')
            images.append(
                dict(image, width=nan, height=nan) if faults else image)
    annotations = [
        ann for ann in content['annotations']
        if not check_fields(dict(images=[], annotations=[ann]), '')]
    categories = list(filter(is_category, content.get('categories', ())))
    return dict(content, images=images, annotations=annotations,
                categories=categories)


def fields_of(content: dict, num_keypoints: int) -> Sequence[str]:
    """Keys that keypoints are read from: COCO-WholeBody has five."""
    people = [ann for ann in content['annotations'] if ann.get('keypoints')]
    whole = people and all(
        isinstance(ann.get(key), list) for ann in people for key in WHOLE_BODY)
    if whole and sum(len(people[0][key])
                     for key in WHOLE_BODY) == 3 * num_keypoints:
        return WHOLE_BODY
    return BODY


def read_all(files: Sequence[CheckedFile], workers: int,
             advance: Callable[[], None]) -> None:
    """Look at the images of files."""
    for file in files:
        paths = [file.folder / image['file_name'].replace('\0', '')
                 for image in file.content['images']]
        reading = nullcontext(map(read_image, paths)) if (
            workers < 2 or len(paths) < FEW_IMAGES) else in_processes(
                read_image, paths, workers)
        try:
            with reading as facts:
                for fact in facts:
                    file.facts.append(fact)
                    advance()
        except BrokenProcessPool as error:
            raise AnnotationError(
                'A process that reads images was killed, probably for want '
                f'of memory; run this again with fewer than {workers} workers'
            ) from error


def named(finding: Finding, file: CheckedFile) -> Finding:
    """Give the examples of a finding the names of their images."""
    names = {image['id']: image['file_name']
             for image in file.content['images']}
    return replace(
        finding, examples=tuple(
            replace(example, file_name=example.file_name
                    or names.get(example.image_id))
            for example in finding.examples))


def order(finding: Finding) -> int:
    return ('error', 'warning', 'note').index(finding.severity)
