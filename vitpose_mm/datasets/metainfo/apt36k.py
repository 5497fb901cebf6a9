# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
# The keypoints, skeleton and sigmas of AP-10K under a name of its own.
_base_ = ['mmpose::_base_/datasets/ap10k.py']

dataset_info = dict(
    dataset_name='apt36k',
    paper_info=dict(
        author='Yang, Yuxiang and Yang, Junjie and Xu, Yufei and '
        'Zhang, Jing and Lan, Long and Tao, Dacheng',
        title='APT-36K: A Large-scale Benchmark for Animal Pose Estimation '
        'and Tracking',
        container='36th Conference on Neural Information Processing Systems '
        '(NeurIPS 2022) Track on Datasets and Benchmarks',
        year='2022',
        homepage='https://github.com/pandorgan/APT-36K'))
