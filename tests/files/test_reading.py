"""Which files are opened, and how much of them is read at once."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from motionprep.files.reading import BUDGET, address_kind, open_file, read_text, shown

MOST = 2 << 30


@pytest.mark.parametrize("kind", ["pipe", "link to a pipe", "device", "folder"])
def test_only_regular_files_are_opened(tmp_path: Path, kind: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    path = {"pipe": tmp_path / "pipe", "link to a pipe": tmp_path / "link", "device": Path("/dev/zero")}
    with pytest.raises(OSError, match=r"is no file|is a folder"):
        open_file(path.get(kind, tmp_path))


def test_a_text_larger_than_any_table_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(17 << 20))
    with pytest.raises(OSError, match="more than"):
        read_text(tmp_path / "x")


def test_what_is_held_at_once_stays_below_the_bound_and_the_largest_waits_to_be_alone() -> None:
    order: list[str] = []
    inside, go_on = threading.Event(), threading.Event()

    def small() -> None:
        with BUDGET.hold(MOST // 2):
            inside.set()
            go_on.wait(10)
            order.append("small")

    def large() -> None:
        with BUDGET.hold(3 * MOST):
            order.append("large")

    threads = [threading.Thread(target=small), threading.Thread(target=large)]
    threads[0].start()
    inside.wait(10)
    threads[1].start()
    with BUDGET.hold(MOST // 2):
        order.append("beside")
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert order == ["beside", "small", "large"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [("s3://b/k", "s3"), ("s3:/b/k", "s3"), ("C:/data", ""), ("a/b", ""), ("gs://b", "gs"), ("x:y", "")],
)
def test_an_address_is_known_by_its_kind(path: str, kind: str) -> None:
    assert address_kind(path) == kind


def test_a_quoted_word_is_cut_after_80_characters() -> None:
    assert len(shown("x" * 10_000)) < 90
