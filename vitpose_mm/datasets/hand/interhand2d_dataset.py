# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import copy
import os.path as osp
from typing import Callable, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from vitpose_mm.fileio import read_json
from ..metainfo import metainfo_file

JOINTS = 21
WRIST = 20
# As in MMPose 0.x, whose numbers the papers quote.
MIN_VALID = 12


@DATASETS.register_module()
class InterHand2DDataset(BaseCocoStyleDataset):
    """InterHand2.6M (arXiv 2008.09309) as single hands in the image plane.

    Reads the published files. Each hand with a valid wrist and at least 12
    valid joints of its 21 is a sample of its own, left and right hands with
    the same joint numbers. Its box is the tightest around the valid joints;
    the papers' crops are 1.5 times as large:
    ``dict(type='GetBBoxCenterScale', padding=1.5)``.

    Args:
        ann_file: Images and annotations, ``InterHand2.6M_*_data.json``.
        camera_file: Cameras, ``InterHand2.6M_*_camera.json``.
        joint_file: Joints in world coordinates, millimetres,
            ``InterHand2.6M_*_joint_3d.json``.
        data_mode: 'topdown', as configs state it; there is no other.
        metainfo: Metainfo instead of the class's own.
        data_root: Folder that the files and ``data_prefix`` are in.
        data_prefix: Folder of the images.
        indices: Use the first so many hands, or these.
        serialize_data: Share the list among the workers of a loader.
        pipeline: Transforms.
        test_mode: Whether the dataset is tested on.
        lazy_init: Wait with reading.

    Raises:
        ValueError: If data_mode is another, the files do not belong
            together or are of an older release, or no hand is usable.
    """

    METAINFO: dict = dict(from_file=metainfo_file('interhand2d'))

    def __init__(self,
                 ann_file: str,
                 camera_file: str,
                 joint_file: str,
                 data_mode: str = 'topdown',
                 metainfo: Optional[dict] = None,
                 data_root: str = '',
                 data_prefix: Optional[dict] = None,
                 indices: Optional[Union[int, Sequence[int]]] = None,
                 serialize_data: bool = True,
                 pipeline: Sequence[Union[dict, Callable]] = (),
                 test_mode: bool = False,
                 lazy_init: bool = False) -> None:
        if data_mode != 'topdown':
            raise ValueError(f"data_mode='{data_mode}': InterHand2DDataset "
                             "has one hand per sample, data_mode='topdown'")
        self.camera_file = osp.join(data_root, camera_file)
        self.joint_file = osp.join(data_root, joint_file)
        super().__init__(
            ann_file=ann_file,
            data_mode=data_mode,
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=data_prefix or dict(img=''),
            indices=indices,
            serialize_data=serialize_data,
            pipeline=list(pipeline),
            test_mode=test_mode,
            lazy_init=lazy_init)

    def _load_annotations(self) -> Tuple[List[dict], List[dict]]:
        """Read the files into lists of hands and of images."""
        data = read_json(self.ann_file)
        cameras = read_json(self.camera_file)
        joints = read_json(self.joint_file)
        images = {image['id']: image for image in data['images']}
        hands = []
        for ann in data['annotations']:
            image = images[ann['image_id']]
            keypoints = self._project(image, cameras, joints)
            for hand in split_hands(keypoints, ann['joint_valid']):
                hands.append(
                    dict(
                        hand,
                        id=len(hands),
                        img_id=image['id'],
                        img_path=osp.join(self.data_prefix['img'],
                                          image['file_name']),
                        bbox_score=np.ones(1, dtype=np.float32),
                        category_id=1,
                        raw_ann_info=copy.deepcopy(ann)))
        if not hands:
            raise ValueError(
                f'{self.ann_file}: none of its {len(data["annotations"])} '
                f'annotations has a hand with a valid wrist and {MIN_VALID} '
                f"of {JOINTS} valid joints in 'joint_valid'")
        return hands, list(images.values())

    def _project(self, image: dict, cameras: dict, joints: dict) -> np.ndarray:
        """Joints of an image's hands in its plane, see project_joints."""
        try:
            return project_joints(image, cameras, joints)
        except KeyError as error:
            raise ValueError(
                f'{self.ann_file} names capture {image["capture"]}, '
                f'camera {image["camera"]}, frame {image["frame_idx"]}, '
                f'but {self.camera_file} or {self.joint_file} has no '
                f'{error}; take the three files of one folder') from error
        except (TypeError, ValueError, IndexError) as error:
            raise ValueError(
                f'{self.camera_file} or {self.joint_file} has another form '
                f'at capture {image["capture"]}, frame {image["frame_idx"]} '
                f"({error}); the joints of a frame are 'world_coord', 42 "
                'times x, y, z in millimetres: take release 1.0 of '
                'InterHand2.6M, not an older one') from error


def project_joints(image: dict, cameras: dict, joints: dict) -> np.ndarray:
    """Project the joints of both hands into an image.

    Args:
        image: Record of the image: capture, camera, frame_idx.
        cameras: Content of the camera file.
        joints: Content of the joint file.

    Returns:
        Pixels of the image (x, y), shape (42, 2): right hand, then left.
    """
    capture, name = str(image['capture']), image['camera']
    position, rotation, focal, centre = (
        np.array(cameras[capture][key][name])
        for key in ('campos', 'camrot', 'focal', 'princpt'))
    world = np.array(joints[capture][str(image['frame_idx'])]['world_coord'])
    if world.shape != (2 * JOINTS, 3):
        raise ValueError(f'world_coord is of shape {world.shape}')
    x_y_z = (world - position) @ rotation.T
    return x_y_z[:, :2] / x_y_z[:, 2:] * focal + centre


def split_hands(keypoints: np.ndarray, valid: Sequence) -> Iterator[dict]:
    """Make samples of the hands that are annotated well enough.

    Args:
        keypoints: Pixels (x, y) of both hands, shape (42, 2).
        valid: Whether each joint is annotated, 42 numbers, nested or not.

    Yields:
        keypoints (1, 21, 2), keypoints_visible (1, 21), num_keypoints and
        bbox (1, 4) as x1, y1, x2, y2 of one hand.
    """
    keypoints = keypoints.reshape(2, JOINTS, 2).astype(np.float32)
    valid = np.array(valid, dtype=bool).reshape(2, JOINTS)
    for points, seen in zip(keypoints, valid):
        if not seen[WRIST] or seen.sum() < MIN_VALID:
            continue
        bbox = np.concatenate([points[seen].min(0), points[seen].max(0)])
        yield dict(
            keypoints=points[None],
            keypoints_visible=seen[None].astype(np.float32),
            num_keypoints=int(seen.sum()),
            bbox=bbox[None])
