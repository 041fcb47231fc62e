from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import filelock
import pytest

from motionprep.errors import ExportError
from motionprep.exporting.aside import aside


def write(dest: Path, text: str, *, overwrite: bool = False) -> None:
    with aside(dest, overwrite=overwrite) as folder:
        (folder / "README.md").write_text(text)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_takes_its_place_when_it_is_whole(tmp_path: Path) -> None:
    with aside(tmp_path / "sub" / "dest") as folder:
        (folder / "a").write_text("a")
        assert not (tmp_path / "sub" / "dest").exists()

    assert files(tmp_path / "sub") == ["dest"]
    assert files(tmp_path / "sub" / "dest") == ["a", "export.json"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_fails_leaves_nothing_behind(tmp_path: Path, error: type[BaseException]) -> None:
    def fail() -> None:
        with aside(tmp_path / "dest") as folder:
            (folder / "a").write_text("a")
            raise error

    with pytest.raises(error):
        fail()
    assert files(tmp_path) == []


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "dest").mkdir()

    write(tmp_path / "dest", "new")

    assert files(tmp_path / "dest") == ["README.md", "export.json"]


def test_an_export_is_only_overwritten_if_that_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "dest", "old")

    with pytest.raises(ExportError, match="holds an export already; choose another place, or replace it"):
        write(tmp_path / "dest", "new")
    assert (tmp_path / "dest" / "README.md").read_text().endswith("old")

    write(tmp_path / "dest", "new", overwrite=True)
    assert (tmp_path / "dest" / "README.md").read_text().endswith("new")
    assert files(tmp_path) == ["dest"]


def test_an_export_stays_where_the_one_to_replace_it_fails(tmp_path: Path) -> None:
    write(tmp_path / "dest", "old")

    with pytest.raises(RuntimeError), aside(tmp_path / "dest", overwrite=True):
        raise RuntimeError

    assert (tmp_path / "dest" / "README.md").read_text().endswith("old")
    assert files(tmp_path) == ["dest"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_export_is_never_overwritten(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "README.md").write_text("mine")
    (tmp_path / "file").write_text("mine")

    for name in ("thesis", "file"):
        with pytest.raises(ExportError, match=r"is there and is no export of motionprep .*; choose a new folder"):
            write(tmp_path / name, "new", overwrite=overwrite)

    assert files(tmp_path) == ["file", "thesis"]
    assert (tmp_path / "thesis" / "README.md").read_text() == "mine"


@pytest.mark.parametrize("stranger", ["PRED.npy", "test/PRED.npy", ".notes", "out/shards/0/zarr.json"])
def test_what_was_put_beside_an_export_is_never_lost(tmp_path: Path, stranger: str) -> None:
    write(tmp_path / "dest", "old")
    mine = tmp_path / "dest" / stranger
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("mine")

    with pytest.raises(ExportError, match=f"dest: has {stranger} beside the export, which would be lost"):
        write(tmp_path / "dest", "new", overwrite=True)

    assert mine.read_text() == "mine"
    assert (tmp_path / "dest" / "README.md").read_text() == "old"


def test_what_is_put_there_meanwhile_is_never_lost(tmp_path: Path) -> None:
    def put(mine: Path) -> None:
        with aside(tmp_path / "dest"):
            mine.parent.mkdir()
            mine.write_text("mine")

    with pytest.raises(ExportError, match="is there and is no export"):
        put(tmp_path / "dest" / "PRED.npy")

    assert files(tmp_path / "dest") == ["PRED.npy"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"files": ["PRED.npy"]}', '{"motionprep_export": 3}'])
def test_another_export_json_makes_no_export(tmp_path: Path, content: str) -> None:
    (tmp_path / "dest").mkdir()
    (tmp_path / "dest" / "export.json").write_text(content)

    with pytest.raises(ExportError, match=r"it has no export\.json that lists one"):
        write(tmp_path / "dest", "new", overwrite=True)


def test_a_full_disk_is_reported_as_such(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="dest: the disk is full; nothing was changed"), aside(tmp_path / "dest"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert files(tmp_path) == []


def test_another_error_of_the_system_is_handed_on(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), aside(tmp_path / "dest"):
        raise PermissionError


def test_two_do_not_write_to_one_place(tmp_path: Path) -> None:
    with aside(tmp_path / "dest"):
        code = f"from motionprep.exporting.aside import aside\nwith aside({str(tmp_path / 'dest')!r}): pass"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "is being written by another process" in done.stderr
    assert files(tmp_path) == ["dest"]


def test_who_comes_as_one_ends_is_not_joined_by_a_third(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release, second = filelock.FileLock.release, ExitStack()

    def release_and_let_in(lock: filelock.FileLock) -> None:
        release(lock)
        monkeypatch.setattr(filelock.FileLock, "release", release)
        second.enter_context(aside(tmp_path / "dest", overwrite=True))

    with aside(tmp_path / "dest"):
        monkeypatch.setattr(filelock.FileLock, "release", release_and_let_in)

    with second, pytest.raises(ExportError, match="is being written by another process"):
        write(tmp_path / "dest", "third", overwrite=True)
    assert files(tmp_path) == ["dest"]


def test_what_a_killed_run_left_is_cleared_away(tmp_path: Path) -> None:
    code = f"""
import os
from motionprep.exporting.aside import aside
with aside({str(tmp_path / "dest")!r}) as folder:
    (folder / "half").write_text("half")
    os._exit(9)
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    assert files(tmp_path) == [".dest.part"]

    write(tmp_path / "dest", "new")

    assert files(tmp_path) == ["dest"]
    assert files(tmp_path / "dest") == ["README.md", "export.json"]


def test_an_export_is_put_back_where_a_run_was_killed_in_the_exchange(tmp_path: Path) -> None:
    write(tmp_path / "dest", "old")
    (tmp_path / ".dest.part").mkdir()
    (tmp_path / "dest").rename(tmp_path / ".dest.part" / "old")

    with pytest.raises(ExportError, match="holds an export already"):
        write(tmp_path / "dest", "new")

    assert (tmp_path / "dest" / "README.md").read_text().endswith("old")
    assert files(tmp_path) == ["dest"]
