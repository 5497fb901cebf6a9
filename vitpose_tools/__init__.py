# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What a person types: the command ``vitpose-mm`` and what is behind it.

Importing this package imports nothing: ``vitpose-mm --help`` answers without
torch, and ``doctor`` runs where MMCV does not import.
"""
