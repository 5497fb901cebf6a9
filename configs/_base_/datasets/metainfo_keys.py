# Keys of MMPose's metainfo. Joined datasets keep their own; unless MMEngine's
# ConcatDataset is told to ignore the keys, it wants them equal.
ignore_keys = [
    'CLASSES', 'dataset_keypoint_weights', 'dataset_name', 'flip_indices',
    'flip_pairs', 'keypoint_colors', 'keypoint_id2name', 'keypoint_name2id',
    'lower_body_ids', 'num_keypoints', 'num_skeleton_links', 'sigmas',
    'skeleton_link_colors', 'skeleton_links', 'upper_body_ids'
]
