# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""Parts of ``QueryPoseHead``: one idea each."""
