from __future__ import annotations

import hashlib
import io
import os
import re
import tempfile
import time
import tracemalloc
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from c3d_bytes import c3d, walk
from hypothesis import given, settings
from hypothesis import strategies as st

from motionprep.building import plan
from motionprep.errors import ReadError, SourceError
from motionprep.formats import bvh
from motionprep.formats.c3d_write import write_c3d
from motionprep.motion import hashing
from motionprep.motion.markers import Markers
from motionprep.recipe.recipe import Reading, Recipe, Split
from motionprep.sources.find import find
from motionprep.sources.fingerprints import SourceCache, SourceHeader, hash_files, read_headers
from motionprep.sources.indexes import labels_beside
from motionprep.sources.pairing import natural
from motionprep.sources.source import Source

BVH = b"""HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 3 Zrotation Xrotation Yrotation
  End Site
  {
    OFFSET 0 1 0
  }
}
MOTION
Frames: 2
Frame Time: .0083333
1 2 3
4 5 6
"""
#: Of the same length.
OTHER = BVH.replace(b"4 5 6", b"6 5 4")
LONGER = BVH.replace(b"Frames: 2", b"Frames: 3") + b"7 8 9\n"
AN_HOUR = 3_600_000_000_000


def put(path: Path, data: bytes = BVH, age: int = AN_HOUR) -> Path:
    """Write a file that was last written so many nanoseconds ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    stamp(path, time.time_ns() - age)
    return path


def stamp(path: Path, time_ns: int) -> None:
    os.utime(path, ns=(time_ns, time_ns))


def packed(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return buffer.getvalue()


def pack(path: Path, entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    return put(path, packed(entries, method))


def keys(*paths: Path, key_pattern: str = "") -> list[str]:
    return [source.key for source in find(paths, key_pattern)]


def refusal(*paths: Path, key_pattern: str = "") -> str:
    with pytest.raises(SourceError) as error:
        find(paths, key_pattern)
    return str(error.value)


class TestFind:
    def test_a_tree_is_searched_to_its_leaves(self, tmp_path: Path) -> None:
        for name in ("69/69_01.bvh", "a/b/c/1_01.bvh", "7_01.bvh"):
            put(tmp_path / name)

        assert [source.name for source in find([tmp_path])] == ["a/b/c/1_01.bvh", "7_01.bvh", "69/69_01.bvh"]

    def test_one_file_is_found_by_its_own_name(self, tmp_path: Path) -> None:
        [source] = find([put(tmp_path / "deep" / "69_01.bvh")])

        assert (source.name, source.key, source.subject, source.size) == ("69_01.bvh", "69_01", "69", len(BVH))

    def test_files_folders_and_archives_are_found_together(self, tmp_path: Path) -> None:
        file, folder = put(tmp_path / "3_01.bvh"), put(tmp_path / "folder" / "2_01.bvh").parent

        assert keys(file, folder, pack(tmp_path / "x.zip", {"1_01.bvh": BVH})) == ["1_01", "2_01", "3_01"]

    def test_suffixes_may_be_upper_case(self, tmp_path: Path) -> None:
        put(tmp_path / "1_01.BVH")
        pack(tmp_path / "X.ZIP", {"1_02.Bvh": BVH})

        assert keys(tmp_path) == ["1_01", "1_02"]

    @pytest.mark.parametrize("name", [".1_02.bvh", ".git/1_02.bvh", "__MACOSX/1_02.bvh", "a/__MACOSX/._1_02.bvh"])
    def test_hidden_files_are_passed_over(self, name: str, tmp_path: Path) -> None:
        put(tmp_path / "1_01.bvh")
        put(tmp_path / name)

        assert keys(tmp_path) == ["1_01"]

    def test_files_that_are_no_motions_are_passed_over(self, tmp_path: Path) -> None:
        put(tmp_path / "1_01.bvh")
        put(tmp_path / "readme.txt")

        assert keys(tmp_path) == ["1_01"]

    def test_a_folder_may_be_called_like_a_file(self, tmp_path: Path) -> None:
        put(tmp_path / "takes.bvh" / "1_01.bvh")

        assert keys(tmp_path) == ["1_01"]

    def test_links_to_folders_are_followed(self, tmp_path: Path) -> None:
        put(tmp_path / "elsewhere" / "1_01.bvh")
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "link").symlink_to(tmp_path / "elsewhere")

        assert [source.name for source in find([tmp_path / "data"])] == ["link/1_01.bvh"]

    def test_links_that_lead_in_circles_end(self, tmp_path: Path) -> None:
        put(tmp_path / "a" / "1_01.bvh")
        (tmp_path / "a" / "up").symlink_to(tmp_path)
        (tmp_path / "a" / "self").symlink_to(tmp_path / "a")

        assert keys(tmp_path) == ["1_01"]


class TestFindErrors:
    def test_files_of_one_key_are_kept_apart_by_their_folders_and_it_is_noted(self, tmp_path: Path) -> None:
        for name in ("anna/walk.bvh", "bert/walk.bvh", "bert/walk.c3d", "bert/run.bvh"):
            put(tmp_path / name)
        pack(tmp_path / "x.zip", {"a/1_01.bvh": BVH, "b/1_01.bvh": BVH})
        notes: list[str] = []

        found = find([tmp_path], notes=notes)

        assert {(source.key, source.modality) for source in found} == {
            ("anna/walk", "motion"),
            ("bert/walk", "motion"),
            ("bert/walk", "markers"),
            ("run", "motion"),
            ("x.zip/a/1_01", "motion"),
            ("x.zip/b/1_01", "motion"),
        }
        assert {source.subject for source in found if "walk" in source.key} == {"anna", "bert"}
        assert "by their folders: 2, for instance" in notes[0]

    def test_files_of_one_key_and_one_name_are_left_out_and_both_are_named(self, tmp_path: Path) -> None:
        one, other = put(tmp_path / "a" / "1_01.bvh"), put(tmp_path / "b" / "1_01.bvh")
        good = put(tmp_path / "b" / "1_02.bvh")

        found = find([one.parent, other.parent])

        assert [source.key for source in found if source.modality] == [good.stem]
        broken = [source.wrong for source in found if not source.modality]
        assert len(broken) == 2
        assert all(str(one) in wrong and str(other) in wrong for wrong in broken)

    def test_a_folder_without_motions_is_named(self, tmp_path: Path) -> None:
        assert (
            refusal(tmp_path)
            == f"{tmp_path}: no motion files (.bvh, .amc, .mvnx, .c3d, .trc, or zip archives with such) found"
        )

    def test_a_path_that_does_not_exist_is_named(self, tmp_path: Path) -> None:
        assert refusal(tmp_path / "no") == f"{tmp_path / 'no'}: there is no such file or folder"

    def test_a_file_of_another_kind_is_refused_if_named_itself(self, tmp_path: Path) -> None:
        assert (
            refusal(put(tmp_path / "a.fbx"))
            == "a.fbx: is no motion file; expected .bvh, .amc, .mvnx, .c3d, .trc, .npy, .npz or .zip"
        )

    @pytest.mark.parametrize("name", ["arrays.toml", "1_01.toml"])
    def test_a_pipe_in_the_place_of_what_is_said_of_arrays_is_not_waited_for(self, tmp_path: Path, name: str) -> None:
        put(tmp_path / "1_01.npy")
        os.mkfifo(tmp_path / name)

        [source] = find([tmp_path])

        assert source.wrong.startswith(f"{name}: cannot be read: is no file but a pipe")

    @pytest.mark.parametrize("what", ["a pipe", "a link to a pipe", "a link to a device", "a link to itself"])
    @pytest.mark.parametrize("name", ["09_01.bvh", "09_01.c3d", "z.zip", "a.npy"])
    def test_what_is_no_file_is_one_broken_source_whatever_leads_there(
        self, tmp_path: Path, what: str, name: str
    ) -> None:
        put(tmp_path / "data" / "1_01.bvh")
        put(tmp_path / "data" / "arrays.toml", b'names = "h36m-17"\nrate = 50')
        os.mkfifo(tmp_path / "pipe")
        place = tmp_path / "data" / name
        if what == "a pipe":
            os.mkfifo(place)
        else:
            place.symlink_to(
                {"a link to a pipe": tmp_path / "pipe", "a link to a device": "/dev/zero"}.get(what, place)
            )

        good, broken = find([tmp_path / "data"])
        labels_beside([tmp_path / "data"])

        assert (good.key, broken.modality, broken.key) == ("1_01", "", name)
        assert "is no file" in broken.wrong or "symbolic links" in broken.wrong

    def test_a_subfolder_that_may_not_be_listed_is_one_broken_source(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(tmp_path / "1_01.bvh")
        put(tmp_path / "shut" / "2_01.bvh")
        whole = os.scandir

        def scandir(path: Any) -> Any:
            if Path(path).name == "shut":
                raise PermissionError(13, "Permission denied", str(path))
            return whole(path)

        monkeypatch.setattr(os, "scandir", scandir)

        good, broken = find([tmp_path])

        assert (good.key, broken.key) == ("1_01", "shut/")
        assert "Permission denied" in broken.wrong

    def test_a_file_whose_name_is_a_suffix_alone_is_no_motion(self, tmp_path: Path) -> None:
        put(tmp_path / "1_01.bvh")
        put(tmp_path / "bvh")

        assert keys(tmp_path) == ["1_01"]

    @pytest.mark.parametrize("address", ["s3://bucket/data", "gs://bucket", "https://example.org/x.bvh"])
    def test_an_address_is_refused_by_its_kind(self, address: str) -> None:
        assert "is an address of kind" in refusal(Path(address))

    def test_datasets_and_exports_within_the_data_are_passed_over_and_noted(self, tmp_path: Path) -> None:
        put(tmp_path / "1_01.bvh")
        for name in ("out/dataset.json", "out/shards/x.bvh", "e/export.json", "e/README.md", "e/2_01.bvh"):
            put(tmp_path / name)
        notes: list[str] = []

        assert [source.key for source in find([tmp_path], notes=notes)] == ["1_01"]
        assert [note.partition(":")[0] for note in notes] == ["e/", "out/"]
        assert keys(tmp_path / "e") == ["2_01"]

    def test_a_pipe_that_is_named_itself_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "1_01.bvh")

        assert (
            refusal(tmp_path / "1_01.bvh") == "1_01.bvh: is no file but a pipe or device; expected a file or a folder"
        )

    def test_a_folder_that_may_not_be_listed_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def scandir(path: Any) -> Any:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(os, "scandir", scandir)

        assert refusal(tmp_path) == f"{tmp_path}: cannot be read: Permission denied"

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_a_folder_without_permissions_is_named(self, tmp_path: Path) -> None:
        folder = put(tmp_path / "shut" / "1_01.bvh").parent
        folder.chmod(0)
        try:
            assert refusal(tmp_path) == f"{folder}: cannot be read: Permission denied"
        finally:
            folder.chmod(0o755)

    def test_a_name_that_is_no_unicode_is_refused(self, tmp_path: Path) -> None:
        try:
            put(tmp_path / os.fsdecode(b"1_\xff.bvh"))
        except OSError:
            pytest.skip("this file system has no such names")

        put(tmp_path / "1_01.bvh")
        good, broken = find([tmp_path])

        assert (good.key, broken.key) == ("1_01", "1_\\udcff.bvh")
        assert "not Unicode" in broken.wrong

    def test_a_name_of_thousands_of_digits_is_sorted_as_the_number_that_it_is(self, tmp_path: Path) -> None:
        long = "1" + "0" * 5000
        archive = pack(tmp_path / "x.zip", {f"{name}.bvh": BVH for name in (long, "7", "0010")})

        assert keys(archive) == ["7", "0010", long]


class TestKeys:
    @pytest.mark.parametrize(
        ("name", "key", "subject"),
        [
            ("69_01.bvh", "69_01", "69"),
            ("x/69_01.bvh", "69_01", "69"),
            ("dataset-1_bow_angry_001.bvh", "dataset-1_bow_angry_001", "dataset-1"),
            ("anna/walk.bvh", "walk", "anna"),
            ("walk.bvh", "walk", "walk"),
            ("anna/_walk.bvh", "_walk", "anna"),
            ("anna/walk_.bvh", "walk_", "anna"),
            ("69_01.v2.bvh", "69_01.v2", "69"),
        ],
    )
    def test_come_from_the_name(self, name: str, key: str, subject: str, tmp_path: Path) -> None:
        put(tmp_path / name)

        [source] = find([tmp_path])

        assert (source.key, source.subject) == (key, subject)

    def test_come_from_the_path_by_a_pattern(self, tmp_path: Path) -> None:
        put(tmp_path / "P03" / "take_007.bvh")

        [source] = find([tmp_path], r"(?P<motion>P(?P<subject>\d+)/take_\d+)$")

        assert (source.key, source.subject) == ("P03/take_007", "03")

    def test_see_a_path_without_its_suffix(self, tmp_path: Path) -> None:
        assert keys(put(tmp_path / "1_01.bvh"), key_pattern="^(?P<subject>.)(?P<motion>.*)$") == ["_01"]

    @pytest.mark.parametrize("pattern", [r"(?P<subject>x)(?P<motion>y)", "(?P<subject>1)(?P<motion>)"])
    def test_are_none_where_a_file_does_not_fit_the_pattern(self, pattern: str, tmp_path: Path) -> None:
        [broken] = find([put(tmp_path / "1_01.bvh")], pattern)

        assert (broken.modality, broken.key) == ("", "1_01.bvh")
        assert repr(pattern) in broken.wrong

    def test_a_pattern_without_a_subject_here_gives_none(self, tmp_path: Path) -> None:
        [source] = find([put(tmp_path / "walk.bvh")], r"((?P<subject>\d+)_)?(?P<motion>\w+)")

        assert source.subject == ""


class TestNaturalOrder:
    def test_of_files_counts_subjects_and_motions_as_numbers(self, tmp_path: Path) -> None:
        names = ["1_1", "2_2", "2_10", "02_11", "10_1", "100_1", "b_1", "ä_1"]
        for name in reversed(names):
            put(tmp_path / f"{name}.bvh")

        assert keys(tmp_path) == names

    def test_does_not_depend_on_how_the_paths_are_given(self, tmp_path: Path) -> None:
        paths = [put(tmp_path / f"{name}.bvh") for name in ("2_10", "02_1", "2_1", "2_2")]

        assert keys(*paths) == keys(*reversed(paths)) == ["02_1", "2_1", "2_2", "2_10"]

    @settings(deadline=None, max_examples=100)
    @given(st.tuples(st.integers(0, 300), st.integers(0, 300)), st.tuples(st.integers(0, 300), st.integers(0, 300)))
    def test_is_that_of_the_numbers(self, one: tuple[int, int], other: tuple[int, int]) -> None:
        assert (natural("{}_{}".format(*one)) < natural("{}_{}".format(*other))) == (one < other)

    @settings(deadline=None, max_examples=100)
    @given(st.lists(st.text("0129aB_-é٣", max_size=5), min_size=2, max_size=2, unique=True))
    def test_leaves_no_two_names_equal(self, names: list[str]) -> None:
        assert (natural(names[0]) < natural(names[1])) != (natural(names[1]) < natural(names[0]))


class TestArchives:
    @pytest.mark.parametrize(
        "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=str
    )
    def test_are_read_in_place(self, method: int, tmp_path: Path) -> None:
        [source] = find([pack(tmp_path / "cmu.zip", {"69/69_01.bvh": BVH}, method)])

        assert (source.name, source.key, source.read()) == ("cmu.zip/69/69_01.bvh", "69_01", BVH)

    def test_are_found_in_a_tree(self, tmp_path: Path) -> None:
        pack(tmp_path / "all" / "cmu.zip", {"69_01.bvh": BVH})

        assert [source.name for source in find([tmp_path])] == ["all/cmu.zip/69_01.bvh"]

    def test_say_what_the_file_itself_would(self, tmp_path: Path) -> None:
        file = find([put(tmp_path / "1_01.bvh")])
        entry = find([pack(tmp_path / "x.zip", {"1_01.bvh": BVH})])

        assert hash_files(file, SourceCache(None), 1) == hash_files(entry, SourceCache(None), 1)

    @pytest.mark.parametrize(
        "name",
        [
            "/1_01.bvh",
            "../1_01.bvh",
            "a/../../1_01.bvh",
            "..\\1_01.bvh",
            "a\\..\\..\\1_01.bvh",
            "\\1_01.bvh",
            "\\\\host\\1_01.bvh",
            "C:1_01.bvh",
            "c:\\1_01.bvh",
        ],
    )
    def test_lose_an_entry_that_points_outside_and_no_other(self, name: str, tmp_path: Path) -> None:
        good, broken = find([pack(tmp_path / "x.zip", {"1_02.bvh": BVH, name: BVH})])

        assert (good.key, broken.modality) == ("1_02", "")
        assert "points outside the archive" in broken.wrong

    def test_lose_an_entry_beyond_the_bound(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("motionprep.sources.find.MOST_UNPACKED", 1000)
        good, broken = find([pack(tmp_path / "x.zip", {"1_01.bvh": b" " * 1001, "1_02.bvh": b" "})])

        assert good.key == "1_02"
        assert "unpacks to 1,001 bytes" in broken.wrong

    def test_lose_an_entry_that_stands_twice(self, tmp_path: Path) -> None:
        archive = tmp_path / "x.zip"
        with warnings.catch_warnings(), zipfile.ZipFile(archive, "w") as file:
            warnings.simplefilter("ignore")
            for name, data in (("1_01.bvh", BVH), ("1_01.bvh", OTHER), ("1_02.bvh", BVH)):
                file.writestr(name, data)

        good, broken = find([archive])

        assert good.key == "1_02"
        assert "2 times" in broken.wrong

    def test_packed_with_a_dictionary_beyond_all_sense_lose_that_entry(self, tmp_path: Path) -> None:
        archive = pack(tmp_path / "x.zip", {"1_01.bvh": BVH}, zipfile.ZIP_LZMA)
        data = bytearray(archive.read_bytes())
        at = 30 + len("1_01.bvh") + 5
        data[at : at + 4] = (0xFFFFFFF0).to_bytes(4, "little")
        put(archive, bytes(data))
        [source] = find([archive])

        with pytest.raises(ReadError, match="dictionary"):
            source.read()

    def test_damaged_within_a_folder_are_one_broken_source(self, tmp_path: Path) -> None:
        put(tmp_path / "s" / "bad.zip", b"not a zip")
        put(tmp_path / "1_01.bvh")
        good, broken = find([tmp_path])

        assert (good.key, broken.key) == ("1_01", "s/bad.zip")
        assert "zip" in broken.wrong

    def test_with_an_entry_at_the_bound_are_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("motionprep.sources.find.MOST_UNPACKED", 1000)

        assert keys(pack(tmp_path / "x.zip", {"1_01.bvh": b" " * 1000})) == ["1_01"]

    def test_with_an_entry_that_unpacks_to_more_than_it_says_lose_that_entry(self, tmp_path: Path) -> None:
        archive = pack(tmp_path / "x.zip", {"1_01.bvh": b"\0" * 5000})
        data = archive.read_bytes()
        assert data.count((5000).to_bytes(4, "little")) == 2
        put(archive, data.replace((5000).to_bytes(4, "little"), (50).to_bytes(4, "little")))
        [source] = find([archive])

        with pytest.raises(ReadError, match=r"^x\.zip/1_01\.bvh: cannot be read: Bad CRC-32"):
            source.read()

    def test_with_an_encrypted_entry_lose_that_entry(self, tmp_path: Path) -> None:
        archive = pack(tmp_path / "x.zip", {"1_01.bvh": BVH})
        data = bytearray(archive.read_bytes())
        data[6] |= 1
        data[data.index(b"PK\1\2") + 8] |= 1
        put(archive, bytes(data))
        [source] = find([archive])

        with pytest.raises(ReadError, match=r"^x\.zip/1_01\.bvh: cannot be read: .* is encrypted, password required"):
            source.read()

    def test_with_a_damaged_entry_lose_that_entry(self, tmp_path: Path) -> None:
        archive = pack(tmp_path / "x.zip", {"1_01.bvh": BVH, "1_02.bvh": OTHER})
        data = bytearray(archive.read_bytes())
        data[60:90] = bytes(30)
        put(archive, bytes(data))

        one, other = hash_files(find([archive]), SourceCache(None), 1)

        assert (one.error.partition(": ")[0], other.sha256) == ("x.zip/1_01.bvh", hashing.digest(OTHER))

    @pytest.mark.parametrize("data", [b"", b"not a zip", packed({"1_01.bvh": BVH})[:-9]], ids=len)
    def test_that_are_damaged_as_a_whole_are_named(self, data: bytes, tmp_path: Path) -> None:
        (source,) = find([put(tmp_path / "x.zip", data)])
        assert (source.modality, source.wrong.startswith("x.zip: is no good zip archive: ")) == ("", True)

    def test_that_are_damaged_leave_the_others_as_they_are(self, tmp_path: Path) -> None:
        found = find([put(tmp_path / "x.zip", b"not a zip"), pack(tmp_path / "y.zip", {"1_01.bvh": BVH})])
        assert [(source.key, bool(source.wrong)) for source in found] == [("1_01", False), ("x.zip", True)]

    @settings(deadline=None, max_examples=80)
    @given(
        st.sampled_from([zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]),
        st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4),
    )
    def test_with_any_damage_are_read_or_refused_as_such(self, method: int, flips: list[tuple[int, int]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            archive = pack(Path(folder) / "x.zip", {"1_01.bvh": BVH, "index.txt": b"1_01\twalk"}, method)
            data = bytearray(archive.read_bytes())
            for at, value in flips:
                data[at % len(data)] = value
            put(archive, bytes(data))
            try:
                labels_beside([archive])
                for source in (one for one in find([archive]) if not one.wrong):
                    hash_files([source], SourceCache(None), 1)
                    assert source.read() == BVH
            except (SourceError, ReadError):
                pass

    def test_that_may_not_be_read_are_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def shut(path: Path) -> Any:
            raise PermissionError(13, "Permission denied", str(path))

        archive = pack(tmp_path / "x.zip", {"1_01.bvh": BVH})
        monkeypatch.setattr(zipfile, "ZipFile", shut)

        (source,) = find([archive])
        assert source.wrong == "x.zip: cannot be read: Permission denied"

    def test_hide_what_a_folder_would(self, tmp_path: Path) -> None:
        names = ["1_01.bvh", "__MACOSX/._1_01.bvh", ".1_02.bvh", ".git/1_03.bvh", "a/"]

        assert keys(pack(tmp_path / "x.zip", dict.fromkeys(names, BVH))) == ["1_01"]

    def test_have_their_list_of_entries_read_once_for_all_entries(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = find([pack(tmp_path / "x.zip", {f"1_{k}.bvh": BVH for k in range(20)})])
        opened = []
        whole = zipfile.ZipFile
        monkeypatch.setattr(zipfile, "ZipFile", lambda *args: opened.append(args) or whole(*args))

        for source in found:
            source.read()

        assert len(opened) == 1

    def test_that_were_replaced_are_read_anew(self, tmp_path: Path) -> None:
        find([pack(tmp_path / "x.zip", {"1_01.bvh": BVH})])[0].read()
        [source] = find([pack(tmp_path / "x.zip", {"1_01.bvh": OTHER})])

        assert source.read() == OTHER

    def test_that_lost_an_entry_since_it_was_found_lose_that_entry(self, tmp_path: Path) -> None:
        [source] = find([pack(tmp_path / "x.zip", {"1_01.bvh": BVH})])
        pack(tmp_path / "x.zip", {"1_02.bvh": BVH})

        with pytest.raises(ReadError, match=r"^x\.zip/1_01\.bvh: cannot be read: "):
            source.read()

    def test_pass_over_entries_without_a_name(self, tmp_path: Path) -> None:
        assert keys(pack(tmp_path / "x.zip", {"1_01.bvh": BVH, "\0": BVH})) == ["1_01"]

    def test_pass_over_folders_that_are_called_like_files(self, tmp_path: Path) -> None:
        assert keys(pack(tmp_path / "x.zip", {"1_01.bvh/": b"", "1_02.bvh": BVH})) == ["1_02"]

    def test_have_headers_read_without_unpacking_the_frames(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = find([pack(tmp_path / "x.zip", {"1_01.bvh": BVH + b"7 8 9\n" * 10**6})])
        read = []
        whole = zipfile.ZipExtFile.read
        monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda self, n=-1: read.append(data := whole(self, n)) or data)

        read_headers(found, SourceCache(None))

        assert sum(map(len, read)) <= 1 << 18

    def test_with_a_header_of_any_length_are_understood(self, tmp_path: Path) -> None:
        long = BVH.replace(b"ROOT", b"\n" * (1 << 19) + b"ROOT")

        [seen] = read_headers(find([pack(tmp_path / "x.zip", {"1_01.bvh": long})]), SourceCache(None))

        assert (seen.frames, seen.error) == (2, "")


class TestRead:
    def test_a_file_that_grew_since_it_was_found_is_refused(self, tmp_path: Path) -> None:
        [source] = find([put(tmp_path / "1_01.bvh")])
        put(tmp_path / "1_01.bvh", LONGER)

        with pytest.raises(ReadError) as error:
            source.read()

        assert str(error.value) == (
            f"1_01.bvh: has {len(LONGER)} bytes; it had {len(BVH)} when it was found: it changes while it is read"
        )

    def test_a_file_that_vanished_is_named_without_its_folder(self, tmp_path: Path) -> None:
        [source] = find([put(tmp_path / "1_01.bvh")])
        (tmp_path / "1_01.bvh").unlink()

        with pytest.raises(ReadError, match=r"^1_01\.bvh: cannot be read: No such file or directory$"):
            source.read()


class TestLabels:
    def test_are_found_in_the_folder(self, tmp_path: Path) -> None:
        put(tmp_path / "cmu-Index-text.TXT", b"Subject #69 (walk)\n69_01\twalk forward\n69_02\twalk, turn\n")

        assert labels_beside([tmp_path]) == {"69_01": "walk forward", "69_02": "walk, turn"}

    def test_are_found_beside_a_file(self, tmp_path: Path) -> None:
        put(tmp_path / "index.txt", b"1_01\twalk")

        assert labels_beside([put(tmp_path / "1_01.bvh")]) == {"1_01": "walk"}

    def test_are_found_in_an_archive(self, tmp_path: Path) -> None:
        archive = pack(tmp_path / "x.zip", {"docs/index.txt": b"1_01\twalk", "1_01.bvh": BVH})

        assert labels_beside([archive]) == {"1_01": "walk"}

    def test_are_found_in_the_archives_of_a_folder(self, tmp_path: Path) -> None:
        pack(tmp_path / "x.zip", {"index.txt": b"1_01\twalk"})

        assert labels_beside([tmp_path]) == {"1_01": "walk"}

    def test_are_not_taken_from_an_archive_beside_a_file(self, tmp_path: Path) -> None:
        pack(tmp_path / "other.zip", {"index.txt": b"1_01\twalk"})

        assert labels_beside([put(tmp_path / "1_01.bvh")]) == {}

    def test_of_another_encoding_stay_apart(self, tmp_path: Path) -> None:
        put(tmp_path / "index.txt", b"1_01\tgr\xfc\xdfen\n1_02\tgr\xe4\xdfen")

        found = labels_beside([tmp_path])

        assert len(set(found.values())) == 2

    @pytest.mark.parametrize("name", ["readme.txt", "index.md", ".index.txt"])
    def test_are_not_taken_from_other_texts(self, name: str, tmp_path: Path) -> None:
        put(tmp_path / name, b"1_01\twalk")

        assert labels_beside([tmp_path]) == {}

    def test_are_those_of_the_first_text_that_names_a_motion(self, tmp_path: Path) -> None:
        put(tmp_path / "a" / "index1.txt", b"1_01\tfirst")
        put(tmp_path / "a" / "index2.txt", b"1_01\tsecond\n1_02\trun")
        put(tmp_path / "b" / "index.txt", b"1_01\tthird\n1_03\tjump")

        assert labels_beside([tmp_path / "a", tmp_path / "b"]) == {"1_01": "first", "1_02": "run", "1_03": "jump"}

    def test_are_looked_for_once_in_the_folder_of_many_files(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        files = [put(tmp_path / f"1_{number}.bvh") for number in range(5)]
        listed = []
        listing = Path.iterdir
        monkeypatch.setattr(Path, "iterdir", lambda self: listed.append(self) or listing(self))

        labels_beside(files)

        assert listed == [tmp_path]

    def test_of_a_damaged_archive_are_missing_and_it_is_noted(self, tmp_path: Path) -> None:
        archive = pack(tmp_path / "x.zip", {"index.txt": b"1_01\twalk" * 100})
        data = bytearray(archive.read_bytes())
        data[45:50] = b"\xff" * 5
        put(archive, bytes(data))

        notes: list[str] = []

        assert labels_beside([archive], notes) == {}
        assert notes[0].startswith("x.zip: the index cannot be read, so its labels are missing: ")

    def test_of_an_index_of_zeros_without_end_are_missing_and_take_little_memory(self, tmp_path: Path) -> None:
        archive = pack(tmp_path / "x.zip", {"index.txt": bytes(40 << 20), "1_01.bvh": BVH}, zipfile.ZIP_DEFLATED)
        notes: list[str] = []

        tracemalloc.start()
        assert labels_beside([archive], notes) == {}
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

        assert "more than" in notes[0]
        assert peak < 36 << 20


def test_rates_of_a_recipe_take_the_place_of_the_files(tmp_path: Path) -> None:
    put(tmp_path / "data" / "1_01.bvh")
    put(tmp_path / "data" / "1_02.bvh")
    recipe = Recipe(reading=Reading(rates={"1_02": 60.0}))

    made = plan.make_plan([tmp_path / "data"], tmp_path / "out", recipe)

    assert [(row.rate, row.headers[0].rate) for row in made.rows] == [(None, 120.0), (60.0, 120.0)]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the names of the files that are read, headers alone or whole."""
    seen: list[str] = []
    header, whole = bvh.read_bvh_header, Source.read
    monkeypatch.setattr(
        bvh, "read_bvh_header", lambda path, **options: seen.append(Path(path).name) or header(path, **options)
    )
    monkeypatch.setattr(Source, "read", lambda self: seen.append(self.name) or whole(self))
    return seen


def looked(paths: Iterable[Path], cache: Path, again: bool = False) -> list[SourceHeader]:
    """Return what one run finds out; the cache is opened and kept."""
    found, known = find(list(paths)), SourceCache(cache)
    headers = hash_files(found, known, 2, again=again)
    known.save(found)
    return headers


class TestCache:
    @pytest.mark.parametrize("count", [3, 300])
    def test_a_look_at_markers_reads_a_header_of_any_length(self, count: int, tmp_path: Path) -> None:
        names = tuple(f"{number:064}" for number in range(count))
        write_c3d(tmp_path / "1_01.c3d", Markers(names, np.ones((5, count, 3)), np.ones((5, count), bool), 100.0))

        [seen] = read_headers(find([tmp_path]), SourceCache(None))

        assert (seen.frames, seen.rate, seen.error) == (5, 100.0, "")

    def test_a_look_says_what_the_header_says_and_what_the_file_holds(self, tmp_path: Path) -> None:
        [seen] = hash_files(find([put(tmp_path / "1_01.bvh")]), SourceCache(None), 1)

        skeleton = bvh.read_bvh(tmp_path / "1_01.bvh").skeleton
        assert seen == SourceHeader(hashlib.sha256(BVH).hexdigest(), 2, 120.0, skeleton.structure, "")

    @pytest.mark.parametrize("line", [b"Frame Time: 0\n", b"Frame Time: -1\n", b"Frame Time: 120\n", b""])
    @pytest.mark.parametrize("archive", [False, True])
    def test_says_of_a_rate_that_cannot_be_right_all_but_the_rate(
        self, tmp_path: Path, line: bytes, archive: bool
    ) -> None:
        data = re.sub(rb"Frame Time:.*\n", line, BVH)
        if archive:
            pack(tmp_path / "data" / "x.zip", {"1_01.bvh": data})
        else:
            put(tmp_path / "data" / "1_01.bvh", data)
        [seen] = looked([tmp_path / "data"], tmp_path / "cache")
        assert (seen.error, seen.frames, seen.rate) == ("", 2, 0.0)
        assert seen.structure == bvh.parse_bvh(BVH, "").skeleton.structure
        assert "1_01.bvh:" in seen.rate_error
        assert looked([tmp_path / "data"], tmp_path / "cache") == [seen]

    def test_the_second_look_reads_nothing(self, tmp_path: Path, reads: list[str]) -> None:
        put(tmp_path / "data" / "1_01.bvh")
        pack(tmp_path / "data" / "x.zip", {"1_02.bvh": OTHER})
        first = looked([tmp_path / "data"], tmp_path / "cache")
        reads.clear()

        assert (looked([tmp_path / "data"], tmp_path / "cache"), reads) == (first, [])

    def test_a_touched_file_is_read_again_and_no_other(self, tmp_path: Path, reads: list[str]) -> None:
        put(tmp_path / "data" / "1_01.bvh")
        put(tmp_path / "data" / "1_02.bvh")
        looked([tmp_path / "data"], tmp_path / "cache")
        put(tmp_path / "data" / "1_02.bvh", OTHER, age=AN_HOUR // 2)
        reads.clear()

        headers = looked([tmp_path / "data"], tmp_path / "cache")

        assert (set(reads), headers[1].sha256) == ({"1_02.bvh"}, hashing.digest(OTHER))

    def test_a_renamed_file_is_known_by_its_inode(self, tmp_path: Path, reads: list[str]) -> None:
        path = put(tmp_path / "data" / "1_01.bvh")
        looked([tmp_path / "data"], tmp_path / "cache")
        path.rename(path.with_name("1_02.bvh"))
        reads.clear()

        looked([tmp_path / "data"], tmp_path / "cache")

        assert reads == []

    @pytest.mark.parametrize("again", [False, True])
    def test_content_under_the_same_stamp_is_noticed_only_when_asked_to_look_again(
        self, again: bool, tmp_path: Path
    ) -> None:
        path = put(tmp_path / "1_01.bvh")
        looked([path], tmp_path / "cache")
        time_ns = path.stat().st_mtime_ns
        path.write_bytes(OTHER)
        stamp(path, time_ns)

        [seen] = looked([path], tmp_path / "cache", again=again)

        assert seen.sha256 == hashing.digest(OTHER if again else BVH)

    def test_looking_again_reads_the_header_too(self, tmp_path: Path) -> None:
        slow = BVH.replace(b".0083333", b".0166667")
        path = put(tmp_path / "1_01.bvh")
        looked([path], tmp_path / "cache")
        time_ns = path.stat().st_mtime_ns
        path.write_bytes(slow)
        stamp(path, time_ns)

        [seen] = looked([path], tmp_path / "cache", again=True)

        assert seen.rate == 60.0

    @pytest.mark.parametrize(
        "damage",
        [
            b"",
            b"nonsense",
            b"\xff\xfe",
            b'[1,{"\xff":["a",1,1.0,"b",""]}]',
            b'[1,{"a":1}]',
            b"[1]",
            b'{"a":1}',
        ],
    )
    def test_a_damaged_cache_is_as_good_as_none(self, damage: bytes, tmp_path: Path) -> None:
        path = put(tmp_path / "1_01.bvh")
        (tmp_path / "cache").write_bytes(damage)

        [seen] = looked([path], tmp_path / "cache")

        assert seen.sha256 == hashing.digest(BVH)

    def test_a_cache_of_another_format_is_as_good_as_none(self, tmp_path: Path, reads: list[str]) -> None:
        path = put(tmp_path / "1_01.bvh")
        looked([path], tmp_path / "cache")
        text = (tmp_path / "cache").read_bytes()
        (tmp_path / "cache").write_bytes(text.replace(b"[2,", b"[1,", 1))
        reads.clear()

        looked([path], tmp_path / "cache")

        assert set(reads) == {"1_01.bvh"}

    @pytest.mark.parametrize("age", [0, -AN_HOUR])
    def test_a_file_written_a_moment_ago_is_not_trusted(self, age: int, tmp_path: Path, reads: list[str]) -> None:
        path = put(tmp_path / "1_01.bvh", age=age)
        looked([path], tmp_path / "cache")
        reads.clear()

        looked([path], tmp_path / "cache")

        assert set(reads) == {"1_01.bvh"}

    def test_a_file_written_during_a_long_run_is_not_trusted(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path, known = put(tmp_path / "1_01.bvh", age=0), SourceCache(tmp_path / "cache")
        found = find([path])
        hash_files(found, known, 1)
        later = time.time_ns() + AN_HOUR
        monkeypatch.setattr(time, "time_ns", lambda: later)
        known.save(found)

        assert SourceCache(tmp_path / "cache").get(found[0]) is None

    def test_files_that_are_gone_are_forgotten(self, tmp_path: Path) -> None:
        for number in range(3):
            put(tmp_path / "data" / f"1_{number}.bvh")
        looked([tmp_path / "data"], tmp_path / "cache")
        long = (tmp_path / "cache").stat().st_size
        (tmp_path / "data" / "1_0.bvh").unlink()
        put(tmp_path / "data" / "1_1.bvh", OTHER, age=AN_HOUR // 2)

        looked([tmp_path / "data"], tmp_path / "cache")

        assert (tmp_path / "cache").stat().st_size < long

    def test_nothing_new_writes_nothing(self, tmp_path: Path) -> None:
        path = put(tmp_path / "1_01.bvh")
        looked([path], tmp_path / "cache")
        stamp(tmp_path / "cache", 0)

        looked([path], tmp_path / "cache")

        assert (tmp_path / "cache").stat().st_mtime_ns == 0

    def test_what_is_known_already_writes_nothing(self, tmp_path: Path) -> None:
        found = find([put(tmp_path / "1_01.bvh")])
        [seen] = looked([tmp_path / "1_01.bvh"], tmp_path / "cache")
        stamp(tmp_path / "cache", 0)
        known = SourceCache(tmp_path / "cache")

        known.put(found[0], seen)
        known.save(found)

        assert (tmp_path / "cache").stat().st_mtime_ns == 0

    def test_a_broken_header_is_said_with_file_and_line_and_has_no_digest(self, tmp_path: Path) -> None:
        path = put(tmp_path / "1_01.bvh", BVH.replace(b"Frames: 2", b"Frames: two"))

        [seen] = hash_files(find([path]), SourceCache(None), 1)

        assert (seen.error.partition(": ")[0], seen.sha256) == ("1_01.bvh:12:9", "")

    def test_a_broken_header_in_an_archive_is_said_with_archive_and_line(self, tmp_path: Path) -> None:
        broken = BVH.replace(b"Frames: 2", b"Frames: two")

        [seen] = read_headers(find([pack(tmp_path / "x.zip", {"a/1_01.bvh": broken})]), SourceCache(None))

        assert seen.error.startswith("x.zip/a/1_01.bvh:12:9: ")

    def test_a_file_that_may_not_be_read_is_tried_again_by_the_next_run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def shut(path: str, rate: float | None) -> Any:
            raise PermissionError(13, "Permission denied", path)

        path = put(tmp_path / "1_01.bvh")
        with monkeypatch.context() as during:
            during.setattr(bvh, "read_bvh_header", shut)
            [refused] = looked([path], tmp_path / "cache")

        [seen] = looked([path], tmp_path / "cache")

        assert (refused.error, seen.error) == ("1_01.bvh: cannot be read: Permission denied", "")

    def test_a_file_that_cannot_be_read_whole_stops_no_other(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paths = [put(tmp_path / "1_01.bvh"), put(tmp_path / "1_02.bvh")]
        found = find(paths)
        paths[0].unlink()
        monkeypatch.setattr(bvh, "read_bvh_header", lambda _, rate: bvh.parse_bvh_header(BVH, ""))

        headers = hash_files(found, SourceCache(None), 2)

        assert headers[1].sha256 == hashing.digest(BVH)

    def test_what_is_not_built_has_no_digest_whatever_an_earlier_run_read(self, tmp_path: Path) -> None:
        put(tmp_path / "data" / "1_01.bvh")
        put(tmp_path / "data" / "1_02.bvh")
        recipe = Recipe(split=Split(train=("1_01",)))

        made = plan.make_plan([tmp_path / "data"], tmp_path / "out", recipe, digests=True)

        assert [row.headers[0].sha256 for row in made.rows] == [hashing.digest(BVH), ""]


def test_a_file_that_is_wrong_in_more_than_its_rate_fails_alone(tmp_path: Path) -> None:
    counts: dict[str, Any] = {"parameters": {"POINT:USED": 0}, "header": {"points": 0}}
    (tmp_path / "1_01.c3d").write_bytes(c3d(walk(), ["A", "B", "C"], rate=0.0, **counts))
    (tmp_path / "1_02.c3d").write_bytes(c3d(walk(), ["A", "B", "C"]))
    wrong, right = read_headers(find([tmp_path]), SourceCache(tmp_path / "cache.json"))
    assert "the file holds no points" in wrong.error
    assert (right.error, right.frames) == ("", 5)
