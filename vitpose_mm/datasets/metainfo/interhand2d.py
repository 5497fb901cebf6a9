# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
# One hand of 21 joints, left and right alike. No sigmas: its metrics are PCK,
# AUC and EPE.
_base_ = ['mmpose::_base_/datasets/interhand2d.py']
