# Copyright (c) The vitpose_mm authors. Licensed under Apache-2.0.
import importlib
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_package_itself_does_not_import_mmpretrain():
    code = 'import sys, vitpose_mm; print("mmpretrain" in sys.modules)'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True,
                          text=True, timeout=300)
    assert done.stdout.strip() == 'False', done.stderr


def test_without_mmpretrain_the_message_says_what_to_install(monkeypatch):
    # What Python leaves where an import failed for good.
    monkeypatch.setitem(sys.modules, 'mmpretrain', None)
    monkeypatch.delitem(sys.modules, 'vitpose_mm.pretraining', raising=False)
    with pytest.raises(ImportError, match='pip install mmpretrain==1.2.0'):
        importlib.import_module('vitpose_mm.pretraining')
