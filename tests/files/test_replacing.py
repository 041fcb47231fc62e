from __future__ import annotations

import os
from pathlib import Path

import pytest

from motionprep.files import replacing


def test_a_pipe_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="is no file that could be replaced"):
        replacing.write(tmp_path / "pipe", b"page")
    assert (tmp_path / "pipe").is_fifo()


def test_a_folder_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="is no file that could be replaced"):
        replacing.write(tmp_path, b"page")
    assert list(tmp_path.iterdir()) == []


def test_what_a_link_leads_to_is_left_where_the_link_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / "link").symlink_to("mine")
    replacing.write(tmp_path / "link", b"page")
    assert ((tmp_path / "mine").read_bytes(), (tmp_path / "link").read_bytes()) == (b"mine", b"page")
