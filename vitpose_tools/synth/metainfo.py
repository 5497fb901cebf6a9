# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
from .skeleton import Skeleton

# MMPose's colours, RGB.
LEFT, RIGHT, MIDDLE = (0, 255, 0), (255, 128, 0), (51, 153, 255)

TEXT = '''\
# Keypoints of {name!r} as drawn by vitpose-mm synth, for MMPose's datasets:
# metainfo=dict(from_file=THIS_FILE).
dataset_info = dict(
    dataset_name={name!r},
    paper_info=dict(),
    keypoint_info={{
{keypoints}
    }},
    skeleton_info={{
{bones}
    }},
    joint_weights=[1.] * {number},
    sigmas={sigmas})
'''


def write_metainfo(skeleton: Skeleton) -> str:
    """Text of a metainfo file for MMPose; dataset_name is the skeleton's."""
    names = [joint.name for joint in skeleton.joints]
    keypoints, colours = [], {}
    for i, (name, row) in enumerate(
            zip(skeleton.keypoints, skeleton.keypoint_rows)):
        other = names[skeleton.mirror[row]]
        other = '' if other == name else other
        side = name.split('_')[0]
        colours[name] = list(dict(left=LEFT, right=RIGHT).get(side, MIDDLE))
        keypoints.append(
            f'        {i}: dict(name={name!r}, id={i}, '
            f"color={colours[name]}, type='',\n"
            f'            swap={other!r}),')
    bones = [
        f'        {i}: dict(link={bone!r}, id={i}, '
        f'color={colours[bone[1]]}),' for i, bone in enumerate(skeleton.bones)
    ]
    return TEXT.format(
        name=skeleton.name, keypoints='\n'.join(keypoints),
        bones='\n'.join(bones), number=len(skeleton.keypoints),
        sigmas=list(skeleton.sigmas))
