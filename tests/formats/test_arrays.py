"""Arrays of joint positions against NumPy's own reader, and against damage."""

from __future__ import annotations

import io
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from motionprep.errors import ReadError
from motionprep.formats.arrays import Clips, parse_arrays
from motionprep.formats.arrays_header import read_arrays_header
from motionprep.formats.arrays_metadata import ArrayMetadata, describe
from motionprep.formats.c3d import parse_c3d
from motionprep.motion import kinematics

NAMES = ("Hip", "RHip", "RKnee")
ABOUT = ArrayMetadata(names=NAMES, rate=50.0)
TREE = ArrayMetadata(names=NAMES, rate=50.0, parents=(-1, 0, 1))
POINTS = np.arange(2 * 5 * 3 * 3, dtype=np.float32).reshape(2, 5, 3, 3) / 7
TYPES = ["<f4", ">f4", "<f8", ">f8", "<f2", "|i1", "|u1", ">i2", "<u2", "<i4", ">i8", "<u8"]


def npy(values: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def npz(compressed: bool = False, **values: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **values)  # type: ignore[arg-type]
    return file.getvalue()


def headed(header: str, data: bytes = b"", version: int = 1) -> bytes:
    """Return an .npy file with any text for its header."""
    length = len(header.encode()).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + header.encode() + data


def positions(clips: Clips, dtype: Any = np.float64) -> NDArray[Any]:
    """Return the positions (F, J, 3) that a dataset would store of all frames."""
    count, length = clips.values.shape[:2]
    motion = clips.motion(range(count), range(length), 50.0)
    return kinematics.features(motion, ("positions",), dtype)["positions"]


def refusal(data: bytes, metadata: ArrayMetadata = ABOUT) -> str:
    """Return why a file is refused, by its header alone and whole."""
    with pytest.raises(ReadError) as error:
        parse_arrays(data, "a.npy", metadata)
    with pytest.raises(ReadError) as of_header:
        read_arrays_header(io.BytesIO(data), len(data), "a.npy", metadata)
    assert str(of_header.value) == str(error.value)
    return str(error.value)


class TestReading:
    @settings(max_examples=100, database=None)
    @given(
        arrays.arrays(
            np.float32,
            st.tuples(st.integers(1, 9), st.just(3), st.just(3)),
            elements=st.floats(allow_nan=False, allow_infinity=False, width=32),
        )
    )
    def test_positions_come_back_bit_for_bit(self, values: NDArray[np.float32]) -> None:
        metadata = msgspec.structs.replace(ABOUT, third="z")
        assert positions(parse_arrays(npy(values), "a.npy", metadata), np.float32).tobytes() == values.tobytes()

    def test_a_body_in_metres_that_lies_on_the_floor_keeps_its_heights(self) -> None:
        values = np.random.default_rng(0).uniform(0, 1, (50, 3, 3)).astype(np.float32)
        values[..., 0] += 12

        assert positions(parse_arrays(npy(values), "a.npy", ABOUT), np.float32).tobytes() == values.tobytes()

    def test_positions_of_joints_with_parents_come_back_too(self) -> None:
        values = np.random.default_rng(0).normal(1.0, 0.5, (500, 3, 3)).astype(np.float32)

        found = positions(parse_arrays(npy(values), "a.npy", TREE), np.float32)

        assert found.tobytes() == values.tobytes()

    @pytest.mark.parametrize("fortran", [False, True])
    @pytest.mark.parametrize("dtype", TYPES)
    def test_every_type_and_order_says_what_numpy_reads(self, dtype: str, fortran: bool) -> None:
        values = np.asarray(POINTS * 7 % 100, dtype=dtype, order="F" if fortran else "C")
        data = npy(values)

        found = positions(parse_arrays(data, "a.npy", ABOUT))

        assert np.array_equal(found, np.load(io.BytesIO(data)).reshape(-1, 3, 3))

    @pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
    def test_every_version_of_the_format_is_read(self, version: tuple[int, int]) -> None:
        file = io.BytesIO()
        np.lib.format.write_array(file, POINTS, version=version)

        assert np.array_equal(parse_arrays(file.getvalue(), "a.npy", ABOUT).values, POINTS)

    def test_keypoints_in_a_picture_have_a_z_of_zero(self) -> None:
        found = positions(parse_arrays(npy(POINTS[..., :2]), "a.npy", ABOUT), np.float32)

        assert found[..., :2].tobytes() == POINTS[..., :2].tobytes()
        assert not found[..., 2].any()

    def test_clips_are_laid_end_to_end(self) -> None:
        clips = parse_arrays(npy(POINTS), "a.npy", ABOUT)

        assert clips.apart
        assert np.array_equal(positions(clips, np.float32), POINTS.reshape(-1, 3, 3))

    def test_some_frames_of_some_clips_are_read_at_their_rate(self) -> None:
        motion = parse_arrays(npy(POINTS), "a.npy", ABOUT).motion(range(1, 2), range(0, 4, 2), 50.0)

        assert motion.rate == 25
        assert np.array_equal(motion.positions(), POINTS[1:, 0:4:2].reshape(-1, 3, 3))

    def test_joints_without_parents_are_bare_points(self) -> None:
        skeleton = parse_arrays(npy(POINTS), "a.npy", ABOUT).motion(range(2), range(5), 50.0).skeleton

        assert skeleton.bare
        assert skeleton.structure == ABOUT.structure

    def test_joints_with_parents_hang_from_them(self) -> None:
        skeleton = parse_arrays(npy(POINTS), "a.npy", TREE).motion(range(2), range(5), 50.0).skeleton

        assert skeleton.parents == (-1, 0, 1)
        assert skeleton.structure == TREE.structure != ABOUT.structure

    @pytest.mark.parametrize("compressed", [False, True])
    def test_the_one_array_of_an_npz_file_needs_no_name(self, compressed: bool) -> None:
        assert np.array_equal(parse_arrays(npz(compressed, x=POINTS), "a.npz", ABOUT).values, POINTS)

    def test_one_of_several_arrays_is_read_by_its_name(self) -> None:
        metadata = ArrayMetadata(names=NAMES, rate=50.0, array="poses")

        assert np.array_equal(parse_arrays(npz(x=np.ones(3), poses=POINTS), "a.npz", metadata).values, POINTS)

    def test_a_header_says_frames_and_clips(self) -> None:
        data = npz(True, x=POINTS)
        header = read_arrays_header(io.BytesIO(data), len(data), "a.npz", ABOUT)

        assert (header.frames, header.clip) == (10, 5)
        assert read_arrays_header(io.BytesIO(npy(POINTS[0])), len(npy(POINTS[0])), "a.npy", ABOUT).clip == 0

    def test_a_header_is_read_without_numpy(self, tmp_path: Path) -> None:
        (tmp_path / "a.npz").write_bytes(npz(x=POINTS))
        code = (
            "import sys; from motionprep.formats.arrays_metadata import ArrayMetadata\n"
            "from motionprep.formats.arrays_header import read_arrays_header\n"
            "file = open(sys.argv[1], 'rb'); metadata = ArrayMetadata(names=('a', 'b', 'c'), rate=1.0)\n"
            "metadata.structure\n"
            "print(read_arrays_header(file, 0, 'a', metadata).frames, 'numpy' in sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "a.npz")], capture_output=True, text=True, check=True
        )

        assert done.stdout.split() == ["10", "False"]


class TestRefusing:
    @pytest.mark.parametrize(
        ("values", "says"),
        [
            (POINTS[0, 0], "a.npy: has shape '(3, 3)'; expected (frames, joints, 3), (clips, frames, joints, 3), or"),
            (POINTS[..., :1], "has shape '(2, 5, 3, 1)'; expected (frames, joints, 3)"),
            (POINTS.reshape(10, 9), "has shape '(10, 9)'"),
            (POINTS[None], "has shape '(1, 2, 5, 3, 3)'"),
            (POINTS[:, :, :2], "has 2 joints in shape (2, 5, 2, 3); 3 are named: Hip, RHip, RKnee"),
            (POINTS[:, :0], "has no frames in shape (2, 0, 3, 3)"),
            (POINTS[:0], "has no frames in shape (0, 5, 3, 3)"),
            (POINTS.astype(np.complex64), "has numbers of type '<c8'; expected integers or floats"),
            (POINTS.astype(bool), "has numbers of type '|b1'"),
            (POINTS.astype(str), "has numbers of type '<U"),
            (POINTS.astype([("x", "<f4")]), "has numbers of type \"[('x', '<f4')]\""),
        ],
        ids=str,
    )
    def test_what_is_no_joint_positions_is_refused_with_what_is_read(self, values: NDArray[Any], says: str) -> None:
        assert says in refusal(npy(values))

    def test_pickled_objects_are_refused_and_never_run(self) -> None:
        class Trap:
            def __reduce__(self) -> Any:
                return pytest.fail, ("was run",)

        file = io.BytesIO()
        np.save(file, np.full((5, 3, 3), Trap(), dtype=object), allow_pickle=True)

        assert "objects that only running them can read" in refusal(file.getvalue())

    @pytest.mark.parametrize(
        ("header", "says"),
        [
            ("", "has the header ''; expected descr, fortran_order and shape"),
            ("{'descr': '<f4'}", "has the header"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (5, 3, 3), 'x': 1}", "has the header"),
            ("__import__('os').abort()", "has the header"),
            ("(" * 3000, "has the header"),
            ("-" * 9000 + "1", "has the header"),
            ("{'descr': '<f4', 'fortran_order': 0, 'shape': (5, 3, 3)}", "expected counts and a bool"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (5, 3, -3)}", "expected counts and a bool"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': [5, 3, 3]}", "expected counts and a bool"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (True, 3, 3)}", "expected counts and a bool"),
            ("{'descr': '<f9', 'fortran_order': False, 'shape': (5, 3, 3)}", "has numbers of type '<f9'"),
        ],
        ids=lambda text: text[:40],
    )
    def test_a_damaged_header_is_quoted(self, header: str, says: str) -> None:
        assert says in refusal(headed(header))

    def test_a_header_that_promises_more_than_there_is_takes_no_memory(self) -> None:
        data = headed("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 3, 3)}", bytes(80))

        assert "needs 72,000,000,000,0" in refusal(data)

    def test_a_header_that_promises_less_than_there_is_is_refused(self) -> None:
        assert "it is cut or damaged" in refusal(npy(POINTS) + npy(POINTS))

    def test_a_header_of_any_length_is_not_believed(self) -> None:
        assert "has a header of 4,294,967,295 bytes" in refusal(b"\x93NUMPY\x02\x00" + b"\xff" * 4 + bytes(100))

    @pytest.mark.parametrize(
        "whole", [npy(POINTS[0]), npz(x=POINTS[0]), npz(True, x=POINTS[0])], ids=["npy", "npz", "deflated"]
    )
    def test_a_file_that_is_cut_anywhere_is_refused(self, whole: bytes) -> None:
        for length in range(len(whole)):
            refusal(whole[:length])

    @pytest.mark.parametrize(
        ("data", "says"),
        [
            (b"", "a.npy: is empty"),
            (
                b"not an array at all",
                "begins with b'not an a'; expected an .npy file of version 1 to 3, or an .npz file",
            ),
            (b"PK\3\4", "is no good .npz file"),
            (npz(), "has nothing; expected one array"),
            (npz(**{f"a{n}": POINTS[0, 0] for n in range(12)}), "a6, a7 and 4 more; expected one array"),
            (b"\x93NUMPY\1\1" + npy(POINTS)[8:], "expected an .npy file of version 1 to 3"),
            (npz(x=POINTS, y=POINTS), "has x, y; expected one array, or that array is given to say which"),
        ],
        ids=["empty", "text", "no archive", "no array", "many arrays", "unknown version", "two arrays"],
    )
    def test_what_is_no_file_of_one_array_is_named(self, data: bytes, says: str) -> None:
        assert says in refusal(data)

    def test_an_array_that_is_not_there_is_named_with_those_that_are(self) -> None:
        metadata = ArrayMetadata(names=NAMES, rate=50.0, array="pose")

        assert refusal(npz(poses=POINTS, x=POINTS), metadata) == "a.npy: has no array 'pose'; it has poses, x"

    @pytest.mark.parametrize(
        ("values", "place", "says"),
        [
            (
                POINTS,
                (1, 2, 1, 0),
                "frame 8 has nan for joint 'RHip', axis x; expected finite numbers that float32 can hold",
            ),
            (POINTS[0], (4, 2, 2), "frame 5 has nan for joint 'RKnee', axis z"),
        ],
        ids=["clips", "motion"],
    )
    def test_a_number_that_is_not_finite_is_placed(
        self, values: NDArray[Any], place: tuple[int, ...], says: str
    ) -> None:
        values = values.copy()
        values[place] = np.nan
        clips = parse_arrays(npy(values), "a.npy", ABOUT)

        with pytest.raises(ReadError, match=says):
            clips.motion(range(clips.values.shape[0]), range(5), 50.0)

    def test_a_number_that_no_shard_could_hold_is_placed_before_it_overflows(self) -> None:
        values = POINTS[0].astype(np.float64)
        values[1, :2, 2] = 1.5e308, -1.5e308
        metadata = ArrayMetadata(names=NAMES, rate=50.0, units="m", parents=(-1, 0, 1))

        with pytest.raises(ReadError, match=r"frame 2 has 1.5e\+308 for joint 'Hip', axis z"):
            parse_arrays(npy(values), "a.npy", metadata).motion(range(1), range(5), 50.0)

    def test_a_signalling_nan_is_placed_and_warns_of_nothing(self) -> None:
        values = POINTS[0].astype(np.float32)
        values.view(np.uint32)[3, 1, 1] = 0x7FA00000
        clips = parse_arrays(npy(values), "a.npy", ABOUT)

        with pytest.raises(ReadError, match="frame 4 has nan for joint 'RHip', axis y"):
            clips.motion(range(1), range(5), 50.0)

    def test_a_number_of_a_frame_that_nobody_asks_for_may_be_anything(self) -> None:
        values = POINTS.copy()
        values[:, 1] = np.inf

        motion = parse_arrays(npy(values), "a.npy", ABOUT).motion(range(2), range(0, 5, 2), 50.0)

        assert motion.frames == 6

    @settings(max_examples=400, deadline=10_000, database=None)
    @given(
        whole=st.sampled_from([npy(POINTS[0]), npz(x=POINTS[0]), npz(True, x=POINTS[0])]),
        edits=st.lists(st.tuples(st.integers(0, 2**11), st.integers(0, 255)), min_size=1, max_size=8),
        length=st.none() | st.integers(0, 2**10),
    )
    def test_a_mutated_file_is_read_or_refused_within_its_own_size(
        self, whole: bytes, edits: list[tuple[int, int]], length: int | None
    ) -> None:
        changed = bytearray(whole)
        for place, byte in edits:
            changed[place % len(whole)] = byte
        data = bytes(changed[:length])
        tracemalloc.start()
        try:
            clips = parse_arrays(data, "a.npy", ABOUT)
            motion = clips.motion(range(len(clips.values)), range(clips.values.shape[1]), 50.0)
        except ReadError:
            pass
        else:
            assert np.isfinite(motion.channels).all()
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 40 * len(data) + 400_000

    def test_an_entry_that_would_unpack_beyond_all_bounds_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("motionprep.formats.arrays_header.MOST_UNPACKED", 100)

        assert "x.npy unpacks to 308 bytes; at most 100 are read" in refusal(npz(x=POINTS[0]))

    def test_an_encrypted_entry_is_refused(self) -> None:
        data = bytearray(npz(x=POINTS))
        data[6] |= 1
        data[data.index(b"PK\1\2") + 8] |= 1

        assert "is no good .npz file: " in refusal(bytes(data))

    def test_folders_in_an_archive_are_no_arrays(self) -> None:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("folder/", b"")
            archive.writestr("x.npy", npy(POINTS))

        assert parse_arrays(file.getvalue(), "a.npz", ABOUT).apart


class TestAbout:
    def test_the_nearest_text_is_believed_before_others_and_the_recipe_last(self) -> None:
        texts = (("a.toml", b"rate = 25\n"), ("arrays.toml", b'rate = 50\nunits = "mm"\nsubject = "S1"'))

        metadata, subject = describe(texts, ArrayMetadata(names=("a",), units="m", rate=10.0))

        assert metadata == ArrayMetadata(names=("a",), rate=25.0, units="mm")
        assert (subject, metadata.metres) == ("S1", 1e-3)

    def test_a_recipe_alone_may_say_all(self) -> None:
        assert describe((), ABOUT) == (ABOUT, "")

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            (b"", "a.toml: does not say names and rate of the arrays"),
            (b"rate = 5", "a.toml: does not say names of the arrays"),
            (b'names = ["a"]', "does not say rate"),
            (b"\xff", "a.toml: is no TOML"),
            (b"rate = ", "a.toml: is no TOML"),
            (b"fps = 5", "a.toml: there is no 'fps'; there are names, rate, subject, parents, units, array"),
            (b'rate = "5"', "a.toml: rate: Expected `float | null`, got `str`"),
            (b"names = 5", "a.toml: names: Expected `str | list`, got `int`"),
            (b"rate = 0", "rate is 0; expected frames a second, above 0"),
            (b"rate = inf", "rate is inf"),
            (b"rate = 1e-309", "rate is 1e-309; expected frames a second, above 0, that float32 can hold"),
            (b'names = ["a", "a"]', "names has 'a' twice"),
            (
                b'names = "h36m"',
                "a.toml: names is 'h36m', which is no canonical skeleton; there are h36m-17, lafan1-22",
            ),
            (b'names = ["a", ""]', "names holds an empty name"),
            (b"parents = [0]", "parents has 0 for joint 0; expected -1 for the first joint"),
            (b"parents = [-1, 2, 0]", "parents has 2 for joint 1"),
            (b"parents = [-1, -1]", "parents has -1 for joint 1"),
            (b'names = ["a"]\nparents = [-1, 0]', "there are 2 parents of 1 names"),
            (b'units = "feet"', "a.toml: units: Invalid enum value 'feet'; expected m, cm, mm"),
        ],
        ids=repr,
    )
    def test_what_is_wrong_in_a_text_is_named(self, text: bytes, says: str) -> None:
        with pytest.raises(ReadError) as error:
            describe((("a.toml", text),), None)

        assert says in str(error.value)

    def test_a_byte_order_mark_is_let_pass(self) -> None:
        text = b'\xef\xbb\xbfnames = ["a"]\nrate = 5'

        assert describe((("a.toml", text),), None)[0].names == ("a",)


def test_a_git_lfs_pointer_in_place_of_an_array_or_of_markers_is_named() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n"
    with pytest.raises(ReadError, match=r"a\.npy: this is a Git LFS pointer"):
        parse_arrays(pointer, "a.npy", ArrayMetadata(names=("A",)))
    with pytest.raises(ReadError, match=r"a\.c3d: this is a Git LFS pointer"):
        parse_c3d(pointer, "a.c3d")
