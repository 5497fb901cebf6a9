# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
"""What `vitpose-mm finetune` leaves in a folder, by name."""
CONFIG, METAINFO = 'config.py', 'metainfo.py'
# The work directory is another folder than the config's: MMEngine writes the
# merged config there, under the same name.
RUN = 'run'
