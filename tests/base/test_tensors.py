"""How a model's arrays are written."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from rebake.base.tensors import write_tensors


def test_tensors_are_read_back(tmp_path: Path) -> None:
    write_tensors(tmp_path / "a.st", {"x": np.arange(3)})
    assert load_file(tmp_path / "a.st")["x"].tolist() == [0, 1, 2]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_tensors_on_a_full_disk_are_an_error_of_the_operating_system() -> None:
    with pytest.raises(OSError, match="No space left on device"):
        write_tensors(Path("/dev/full"), {"x": np.arange(3)})
