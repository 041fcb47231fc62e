"""Markers as text, TRC."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import motionprep
from motionprep.errors import RateError, ReadError
from motionprep.formats.trc import parse_trc, read_trc, read_trc_header
from motionprep.motion.arrays import Floats
from motionprep.sources.find import find

NAMES = ("LASI", "RASI", "LKNE")


def trc(
    values: Floats, *, separator: str = "\t", blank: str = "", rate: str = "100.00", units: str = "mm", first: int = 1
) -> bytes:
    """Return the text of markers (F, 3, 3); what is NaN is left blank."""
    lines = [
        separator.join(["PathFileType", "4", "(X/Y/Z)", "a.trc"]),
        separator.join(["DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units", "OrigDataRate"]),
        separator.join([rate, rate, f"  {len(values)}", "3", units, rate]),
        separator.join(["Frame#", "Time", *(cell for name in NAMES for cell in (name, "", ""))]),
        separator.join(["", "", *(f"{axis}{number}" for number in (1, 2, 3) for axis in "XYZ")]),
        "",
    ]
    for frame, row in enumerate(values):
        cells = [blank if np.isnan(number) else repr(float(number)) for number in row.ravel()]
        lines.append(separator.join([str(first + frame), f"{frame / 100:.3f}", *cells]))
    return ("\n".join(lines) + "\n").encode()


def places(frames: int = 6, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).uniform(-1000, 2000, (frames, 3, 3))


@given(
    seed=st.integers(0, 1000),
    frames=st.integers(1, 8),
    separator=st.sampled_from("\t,"),
    blank=st.sampled_from(["", "NaN", "  "]),
    windows=st.booleans(),
)
def test_markers_come_back_as_they_were_written(
    seed: int, frames: int, separator: str, blank: str, windows: bool
) -> None:
    values = places(frames, seed)
    missing = np.random.default_rng(seed).random((frames, 3)) < 0.2
    values[missing] = np.nan
    data = trc(values, separator=separator, blank=blank)
    markers = parse_trc(data.replace(b"\n", b"\r\n") if windows else data, "a.trc")

    assert markers.names == NAMES
    assert (markers.rate, markers.units, markers.first_frame) == (100, "mm", 1)
    assert np.array_equal(markers.visible, ~missing)
    assert np.array_equal(markers.positions[~missing], values[~missing])
    assert not markers.positions[missing].any()


def test_blanks_at_the_end_of_a_line_may_be_missing_or_too_many() -> None:
    values = places()
    values[:, 2] = np.nan
    plain = trc(values, separator=",")
    short, long = (parse_trc(plain.replace(old, new), "a.trc") for old, new in ((b",,,\n", b"\n"), (b"\n", b",,,\n")))
    assert np.array_equal(short.positions, long.positions)
    assert not long.visible[:, 2].any()


def test_a_sample_with_some_of_its_numbers_is_not_visible_and_noted() -> None:
    values = places()
    values[2, 1, 0] = np.nan
    markers = parse_trc(trc(values), "a.trc")
    assert np.argwhere(~markers.visible).tolist() == [[2, 1]]
    assert any("1 samples have some of their three numbers" in note for note in markers.notes)


def test_frames_start_where_the_file_says_and_ntsc_rates_are_known() -> None:
    markers = parse_trc(trc(places(), rate="119.88", first=17), "a.trc")
    assert markers.first_frame == 17
    assert markers.rate == pytest.approx(120_000 / 1001)
    assert any("the times of frames are 100 a second" in note for note in markers.notes)


def test_more_frames_than_there_are_are_noted_where_the_last_line_is_whole_and_refused_where_it_is_cut() -> None:
    values, text = places(), trc(places()).replace(b"\t  6\t", b"\t  9\t")
    assert np.array_equal(parse_trc(text, "a.trc").positions, values)
    assert any("NumFrames is 9, the file has 6 frames" in note for note in parse_trc(text, "a.trc").notes)
    cut = text[:-30]
    with pytest.raises(ReadError, match=r"a\.trc:12: NumFrames is 9, the file has 6 frames, the last one cut"):
        parse_trc(cut, "a.trc")
    assert np.array_equal(parse_trc(cut, "a.trc", lenient=True).positions, values[:5])


def test_the_axes_decide_where_names_and_their_number_disagree() -> None:
    markers = parse_trc(trc(places()).replace(b"\t3\tmm", b"\t4\tmm"), "a.trc")
    assert markers.names == NAMES
    assert any("NumMarkers is 4" in note for note in markers.notes)


BAD: dict[str, tuple[Callable[[bytes], bytes], int, str]] = {
    "an empty file": (lambda text: b" \n", 1, "the file is empty"),
    "a pointer of Git LFS": (lambda text: b"version https://git-lfs.github.com/spec/v1\n", 1, "Git LFS pointer"),
    "another file": (lambda text: b"HIERARCHY\n" * 9, 1, "found 'HIERARCHY'; expected PathFileType"),
    "only a header's beginning": (lambda text: b"\n".join(text.split(b"\n")[:3]), 3, "the file ends after 3 lines"),
    "no frame": (lambda text: b"\n".join(text.split(b"\n")[:6]), 5, "the file has no frame"),
    "no number of frames": (lambda text: text.replace(b"  6\t", b"six\t"), 3, "NumFrames is 'six'"),
    "names and axes that disagree": (
        lambda text: text.replace(b"Z3", b"Z3\tX4\tY4\tZ4").replace(b"\t3\tmm", b"\t5\tmm"),
        4,
        "there are 3 names and 4 numbered axes",
    ),
    "a marker without a name": (lambda text: text.replace(b"RASI", b""), 4, "marker 2 has no name"),
    "no rate": (lambda text: text.replace(b"100.00", b"0"), 3, "DataRate is '0'"),
    "a word": (lambda text: text.replace(b"\n3\t0.020\t", b"\n3\t0.020\tx"), 9, "as x of LASI"),
    "a decimal comma": (lambda text: text.replace(b"0.030", b"0,030"), 10, "found '0,030' as Time"),
    "no frame number": (lambda text: text.replace(b"\n4\t", b"\n\t"), 10, "as Frame#"),
    "a frame that is missing": (lambda text: text.replace(b"\n4\t", b"\n5\t"), 10, "frame 5 follows frame 3"),
    "a cell too many": (lambda text: text[:-1] + b"\t7\n", 12, "found '7' after 11 cells"),
}


@pytest.mark.parametrize(("damage", "line", "message"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_named_with_its_line(damage: Callable[[bytes], bytes], line: int, message: str) -> None:
    with pytest.raises(ReadError) as caught:
        parse_trc(damage(trc(places())), "a.trc")
    assert (caught.value.path, caught.value.line) == ("a.trc", line), caught.value
    assert message in caught.value.message


def test_a_given_rate_takes_the_place_of_one_that_is_missing() -> None:
    text = trc(places(), rate="")
    with pytest.raises(RateError):
        read_trc_header(text, "a.trc")
    assert parse_trc(text, "a.trc", rate=60.0).rate == 60


def test_a_dataset_stores_them_beside_skeletons_as_it_does_those_of_c3d_files(tmp_path: Path) -> None:
    motionprep.write_sample(tmp_path / "data", subjects=1, motions=1, frames=90, markers=True)
    (path,) = (tmp_path / "data").rglob("*.c3d")
    motionprep.build(tmp_path / "data", tmp_path / "c3d", recipe="cmu-markers", split="100")
    markers = motionprep.read_c3d(path)
    values = np.where(markers.visible[..., None], markers.positions, np.nan).reshape(markers.frames, -1)
    rows = [
        "\t".join([str(at + 1), str(at / 120), *("" if np.isnan(one) else repr(float(one)) for one in row)])
        for at, row in enumerate(values)
    ]
    names = "\t".join(f"{name}\t\t" for name in markers.names)
    axes = "\t".join(f"X{at}\tY{at}\tZ{at}" for at in range(1, len(markers.names) + 1))
    head = [
        "PathFileType\t4",
        "DataRate\tNumFrames\tNumMarkers\tUnits",
        f"120\t{markers.frames}\t{len(markers.names)}\tmm",
        f"Frame#\tTime\t{names}",
        f"\t\t{axes}",
    ]
    path.with_suffix(".trc").write_text("\n".join([*head, *rows]))

    path.unlink()
    motionprep.build(tmp_path / "data", tmp_path / "trc", recipe="cmu-markers", split="100")
    one, other = (motionprep.open(tmp_path / name)["train"] for name in ("c3d", "trc"))
    for key in one:
        for feature in one[key]:
            np.testing.assert_allclose(one[key][feature], other[key][feature], atol=1e-4, err_msg=feature)


def test_of_two_formats_of_one_take_c3d_is_read_and_it_is_noted(tmp_path: Path) -> None:
    for name in ("a_1.c3d", "a_1.trc", "b_1.trc"):
        (tmp_path / name).write_bytes(trc(places()))
    notes: list[str] = []
    assert [source.name for source in find([tmp_path], notes=notes)] == ["a_1.c3d", "b_1.trc"]
    assert any("1 takes are there in two formats" in note and "a_1.c3d and not a_1.trc" in note for note in notes)


def test_recorded_files_are_read_as_pandas_reads_them(real_data: Path) -> None:
    import pandas as pd

    for name, separator, frames, count in (("markers", ",", 93, 51), ("subject01_walk", "\t", 151, 41)):
        markers = read_trc(real_data / "trc" / f"{name}.trc")
        table = pd.read_csv(real_data / "trc" / f"{name}.trc", sep=separator, skiprows=5, header=None).dropna(how="all")
        expected = table.to_numpy()[:, 2 : 2 + 3 * count].reshape(frames, count, 3)
        assert markers.positions.shape == expected.shape
        np.testing.assert_allclose(markers.positions, expected, rtol=1e-15)
