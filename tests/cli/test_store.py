"""``rebake store``."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from rebake.cli.main import main
from rebake.store.keys import read_private_key, read_public_keys


def test_keygen_writes_a_private_key_for_its_owner_alone_and_prints_the_public_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "key.pem"
    assert main(["store", "keygen", str(path)]) == 0
    printed = capsys.readouterr()
    key = read_private_key(path.read_text(encoding="ascii"), "key")
    assert read_public_keys(printed.out, "key") == (key.public,)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key.pem not in printed.out + printed.err


def test_keygen_overwrites_nothing_and_follows_no_link(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "there.pem").write_text("precious", encoding="ascii")
    (tmp_path / "link.pem").symlink_to(tmp_path / "elsewhere")
    for name in ("there.pem", "link.pem", "no/such/directory.pem"):
        assert main(["store", "keygen", str(tmp_path / name)]) == 74
    assert (tmp_path / "there.pem").read_text(encoding="ascii") == "precious"
    assert not (tmp_path / "elsewhere").exists()
    assert "keys are never overwritten" in capsys.readouterr().err
