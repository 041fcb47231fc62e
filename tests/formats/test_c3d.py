"""The C3D reader against ezc3d, against files built byte by byte, and against damage."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
from c3d_bytes import DEC, INTEL, MIPS, array, c3d, floats, record, walk
from hypothesis import given, settings
from hypothesis import strategies as st

from motionprep.errors import RateError, ReadError
from motionprep.formats.c3d import HEADER_BYTES, parse_c3d, read_c3d, read_c3d_header

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import ezc3d  # type: ignore[import-untyped]

DATA = Path(os.environ.get("MOTIONPREP_REAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
PROCESSORS = pytest.mark.parametrize("processor", [INTEL, DEC, MIPS], ids=["intel", "dec", "mips"])
SCALES = pytest.mark.parametrize("scale", [-0.1, 0.1], ids=["float32", "int16"])


def real(name):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is absent; MOTIONPREP_REAL_DATA names the folder that has {name}")
    return path


def by_ezc3d(path):
    """Return positions (F, M, 3) with 0 for the missing, visible (F, M), labels, rate and first frame."""
    file = ezc3d.c3d(str(path))
    points = file["data"]["points"][:3].transpose(2, 1, 0)
    visible = (file["data"]["meta_points"]["residuals"][0].T >= 0) & np.isfinite(points).all(axis=-1)
    group = file["parameters"]["POINT"]
    labels, number = list(group["LABELS"]["value"]), 2
    while f"LABELS{number}" in group:
        labels += group[f"LABELS{number}"]["value"]
        number += 1
    header = file["header"]["points"]
    labels = tuple(labels[: points.shape[1]])
    return np.where(visible[..., None], points, 0.0), visible, labels, header["frame_rate"], header["first_frame"] + 1


def assert_equals_ezc3d(path):
    markers = read_c3d(path, unlabelled=True)
    positions, visible, labels, rate, first = by_ezc3d(path)
    np.testing.assert_array_equal(markers.positions, positions)
    np.testing.assert_array_equal(markers.visible, visible)
    assert (markers.raw_names, markers.rate, markers.first_frame) == (labels, rate, first)


def names_of(labels, **options):
    return parse_c3d(c3d(walk(points=len(labels)), labels), "take.c3d", **options).names


@pytest.mark.parametrize(
    "name",
    [
        "cmu-c3d/01_01.c3d",
        "c3d-org/pc_int.c3d",
        "c3d-org/pc_real.c3d",
        "c3d-org/DEC_INT.C3D",
        "c3d-org/Dec_real.c3d",
    ],
)
def test_a_real_file_is_read_as_ezc3d_reads_it(name):
    assert_equals_ezc3d(real(name))


@pytest.mark.parametrize("kind", ["int", "real"])
def test_the_mips_samples_that_ezc3d_refuses_equal_their_intel_twins(kind):
    mips, intel = read_c3d(real(f"c3d-org/sgi_{kind}.c3d")), read_c3d(real(f"c3d-org/pc_{kind}.c3d"))
    np.testing.assert_array_equal(mips.positions, intel.positions)
    np.testing.assert_array_equal(mips.visible, intel.visible)
    assert (mips.names, mips.rate, mips.units) == (intel.names, intel.rate, intel.units)
    assert mips.notes == ("the length of LABELS has its bytes swapped",)


def test_the_sample_whose_frames_lie_over_its_parameters_is_refused():
    # ezc3d says "The format is not standard", but not before it has taken 12 GB and half a minute: not to be run here.
    path = real("c3d-org/bad_parameter_section.c3d")
    with pytest.raises(
        ReadError, match=r"bad_parameter_section\.c3d \(parameter section\): 'LABELS' of group 5 at byte 5564"
    ):
        read_c3d(path)


def test_the_cmu_file_keeps_its_own_first_frame_units_and_41_markers():
    markers = read_c3d(real("cmu-c3d/01_01.c3d"))
    assert (markers.first_frame, markers.units, markers.rate, markers.frames) == (40, "mm", 120.0, 2751)
    assert {"LFHD", "RFHD", "C7", "T10", "STRN"} < set(markers.names)
    assert not any(name.startswith("*") for name in markers.names)


@pytest.mark.slow
def test_the_cmu_file_is_read_15_times_as_fast_as_by_ezc3d():
    path = str(real("cmu-c3d/01_01.c3d"))

    def seconds(read, times):
        spent = []
        for _ in range(times):
            began = time.perf_counter()
            read(path)
            spent.append(time.perf_counter() - began)
        return min(spent)

    assert seconds(ezc3d.c3d, 5) > 15 * seconds(read_c3d, 20)


def test_a_file_that_ezc3d_wrote_is_read_as_ezc3d_reads_it(tmp_path):
    path = tmp_path / "take.c3d"
    write_by_ezc3d(path, 12, [f"walker:M{number}" for number in range(300)], analogs=3)
    assert_equals_ezc3d(path)
    assert read_c3d(path).names[298:] == ("M298", "M299")


def write_by_ezc3d(path, frames, labels, analogs=0):
    file = ezc3d.c3d()
    points = np.ones((4, len(labels), frames))
    points[:3] = np.random.default_rng(1).uniform(-1000, 1000, (3, len(labels), frames))
    points[:, 1, 3:5] = np.nan
    file["data"]["points"] = points
    group = file["parameters"]["POINT"]
    group["RATE"]["value"] = [100.0]
    group["LABELS"]["value"] = labels
    group["UNITS"]["value"] = ["mm"]
    if analogs:
        file["data"]["analogs"] = np.random.default_rng(2).uniform(-1, 1, (1, analogs, 4 * frames))
        file["parameters"]["ANALOG"]["RATE"]["value"] = [400.0]
        file["parameters"]["ANALOG"]["LABELS"]["value"] = [f"A{number}" for number in range(analogs)]
    file.write(str(path))
    return points[:3].transpose(2, 1, 0)


def test_a_vax_number_is_written_here_as_a_vax_has_it():
    assert floats([1.0, -1.0, 0.1], DEC) == bytes.fromhex("80400000 80c00000 cc3ecdcc")


@PROCESSORS
@SCALES
def test_every_byte_order_and_sample_type_gives_the_positions_that_were_written(processor, scale):
    positions = walk(20, 4)
    data = c3d(positions, ["A", "B", "C", "D"], processor=processor, scale=scale, analogs=(3, 4), missing=[(2, 1)])
    markers = parse_c3d(data, "take.c3d")
    positions[2, 1] = 0
    np.testing.assert_allclose(markers.positions, positions, atol=1e-4)
    assert np.argwhere(~markers.visible).tolist() == [[2, 1]]
    assert (markers.names, markers.rate, markers.units, markers.notes) == (("A", "B", "C", "D"), 100.0, "mm", ())


@pytest.mark.parametrize("processor", [INTEL, DEC], ids=["intel", "dec"])
@SCALES
def test_a_file_built_byte_by_byte_is_read_as_ezc3d_reads_it(tmp_path, processor, scale):
    path = tmp_path / "take.c3d"
    labels = [f"walker:M{number}" for number in range(30)]
    missing = [(0, 3), (1, 3), (39, 0)]
    path.write_bytes(c3d(walk(40, 30), labels, processor=processor, scale=scale, analogs=(3, 4), missing=missing))
    assert_equals_ezc3d(path)


@PROCESSORS
@SCALES
def test_a_residual_below_zero_is_not_visible_and_its_position_is_zero(processor, scale):
    data = c3d(walk(2, 2), ["A", "B"], processor=processor, scale=scale, missing=[(0, 0), (1, 1)])
    markers = parse_c3d(data, "take.c3d")
    assert markers.visible.tolist() == [[False, True], [True, False]]
    assert not markers.positions[~markers.visible].any()


@PROCESSORS
def test_a_position_that_is_not_finite_is_not_visible_and_noted(processor):
    data = bytearray(c3d(walk(2, 2), ["A", "B"], processor=processor))
    start = len(data) - 512
    data[start : start + 4] = {INTEL: b"\0\0\xa0\x7f", DEC: b"\xff\x7f\xff\xff", MIPS: b"\x7f\xa0\0\0"}[processor]
    markers = parse_c3d(bytes(data), "take.c3d")
    assert markers.visible.tolist() == [[False, True], [True, True]]
    assert markers.positions[0, 0].tolist() == [0, 0, 0]
    assert markers.notes == ("1 samples are not finite; they were read as not visible",)


def test_a_marker_seen_at_the_origin_stays_visible():
    assert parse_c3d(c3d(np.zeros((2, 1, 3)), ["A"]), "take.c3d").visible.all()


def test_the_sign_of_the_parameter_decides_the_sample_type_against_the_header():
    data = bytearray(c3d(walk(), ["A", "B", "C"]))
    data[12:16] = floats([0.1], INTEL)
    np.testing.assert_allclose(parse_c3d(bytes(data), "take.c3d").positions, walk(), atol=1e-4)


def test_the_header_scale_serves_where_the_parameter_is_missing():
    data = c3d(walk(), ["A", "B", "C"], scale=0.1, parameters={"POINT:SCALE": None})
    np.testing.assert_allclose(parse_c3d(data, "take.c3d").positions, walk(), atol=1e-4)


def test_prefixes_and_blanks_leave_the_names_but_not_the_raw_names():
    labels = ["walker:LFHD", "  RFHD  ", "a:b: C7", "T10\0\0\0"]
    markers = parse_c3d(c3d(walk(points=4), labels), "take.c3d")
    assert markers.names == ("LFHD", "RFHD", "C7", "T10")
    assert markers.raw_names == ("walker:LFHD", "  RFHD", "a:b: C7", "T10")


def test_a_prefix_without_a_name_is_the_name():
    assert names_of(["walker:", "B"]) == ("walker:", "B")


@pytest.mark.parametrize(
    ("labels", "encoding"),
    [(["Knée", "Épaule"], "Latin-1"), (["頭", "右手"], "Shift-JIS"), (["Knée", "Épaule"], "UTF-8")],
)
def test_labels_are_read_in_the_encoding_of_their_file_and_another_than_utf_8_is_noted(labels, encoding):
    data = c3d(walk(points=2), [label.encode(encoding) for label in labels])
    markers = parse_c3d(data, "take.c3d")
    assert markers.names == tuple(labels)
    noted = (f"labels are not UTF-8; they were read as {encoding}",) if encoding != "UTF-8" else ()
    assert markers.notes == noted


def test_a_label_ends_at_its_nul_whatever_stands_behind_it():
    assert names_of([b"LASI\0junk", b"RASI\0\xff\xfe\0x"]) == ("LASI", "RASI")


def test_unlabelled_points_are_left_out_unless_asked_for():
    data = c3d(walk(points=4), ["A", "*12", "walker:*3", "D"])
    markers = parse_c3d(data, "take.c3d")
    assert markers.names == ("A", "D")
    np.testing.assert_allclose(markers.positions, walk(points=4)[:, [0, 3]], atol=1e-4)
    assert parse_c3d(data, "take.c3d", unlabelled=True).names == ("A", "*12", "*3", "D")


def test_points_without_a_label_count_as_unlabelled():
    data = c3d(walk(points=4), ["A", "", "C"])
    markers = parse_c3d(data, "take.c3d", unlabelled=True)
    assert (markers.names, markers.raw_names) == (("A", "*2", "C", "*4"), ("A", "", "C", ""))
    assert markers.notes == ("2 points have no label; they were taken for unlabelled ones",)
    assert parse_c3d(data, "take.c3d").names == ("A", "C")


def test_labels_beyond_the_points_in_use_are_not_markers():
    assert parse_c3d(c3d(walk(points=2), ["A", "B", "C"]), "take.c3d").names == ("A", "B")


def test_duplicate_labels_are_numbered_around_names_that_are_taken_and_noted():
    markers = parse_c3d(c3d(walk(points=5), ["LFHD", "a:LFHD", "LFHD_2", "LFHD", "b:LFHD_2"]), "take.c3d")
    assert markers.names == ("LFHD", "LFHD_3", "LFHD_2", "LFHD_4", "LFHD_2_2")
    assert markers.notes == ("labels that stood twice: a:LFHD -> LFHD_3, LFHD -> LFHD_4, b:LFHD_2 -> LFHD_2_2",)


@PROCESSORS
def test_labels_go_on_in_labels2_and_labels3(processor):
    labels = [f"M{number}" for number in range(600)]
    more = {"POINT:LABELS2": labels[255:510], "POINT:LABELS3": labels[510:]}
    data = c3d(walk(2, 600), labels[:255], processor=processor, parameters=more)
    assert parse_c3d(data, "take.c3d").names == tuple(labels)


@PROCESSORS
@pytest.mark.parametrize(
    "parameters",
    [
        {"TRIAL:ACTUAL_START_FIELD": [1, 0], "TRIAL:ACTUAL_END_FIELD": [70_000 & 0xFFFF, 1]},
        {"POINT:LONG_FRAMES": 70_000.0},
        {"POINT:FRAMES": 70_000.0},
        {"POINT:FRAMES": 70_000 & 0xFFFF, "POINT:LONG_FRAMES": 70_000.0},
        {"POINT:FRAMES": None, "POINT:LONG_FRAMES": 70_000.0},
        {},
    ],
    ids=["trial", "long frames", "float frames", "wrapped frames", "no frames", "only the bytes"],
)
def test_more_than_65535_frames_are_all_read(processor, parameters):
    positions = np.arange(1, 70_001).reshape(-1, 1, 1) * [0.1, -0.2, 0.3] % 3000
    data = c3d(positions, ["A"], processor=processor, scale=0.1, parameters=parameters)
    markers = parse_c3d(data, "take.c3d")
    assert markers.frames == 70_000
    np.testing.assert_allclose(markers.positions, positions, atol=0.051)
    assert read_c3d_header(data, "take.c3d").frames == 70_000


def test_more_than_65535_frames_written_by_ezc3d_are_all_read(tmp_path):
    path = tmp_path / "take.c3d"
    written = write_by_ezc3d(path, 70_000, ["A", "B"])
    markers = read_c3d(path)
    np.testing.assert_allclose(markers.positions, np.nan_to_num(written), rtol=1e-6)
    assert markers.notes[0] == "the frame counters are full; 70,000 frames were counted in the file"


def test_frames_between_32768_and_65535_are_counted_without_a_sign():
    assert parse_c3d(c3d(np.ones((40_000, 1, 3)), ["A"], scale=0.1), "take.c3d").frames == 40_000


def test_a_trial_that_is_longer_than_its_file_is_not_believed():
    trial = {"TRIAL:ACTUAL_START_FIELD": [1, 0], "TRIAL:ACTUAL_END_FIELD": [0, 9]}
    assert parse_c3d(c3d(walk(), ["A", "B", "C"], parameters=trial), "take.c3d").frames == 5


def test_a_first_frame_above_65535_is_that_of_the_trial():
    trial = {"TRIAL:ACTUAL_START_FIELD": [70_001 & 0xFFFF, 1], "TRIAL:ACTUAL_END_FIELD": [70_005 & 0xFFFF, 1]}
    header = {"first": 70_001 & 0xFFFF, "last": 70_005 & 0xFFFF}
    data = c3d(walk(), ["A", "B", "C"], header=header, parameters=trial)
    assert parse_c3d(data, "take.c3d").first_frame == 70_001


def test_a_header_that_counts_its_frames_backwards_is_noted():
    data = c3d(walk(), ["A", "B", "C"], header={"first": 9, "last": 5})
    assert_reads(data, walk(), "frames 9 to 5", "5 frames were read")


def test_a_header_that_counts_its_frames_from_0_has_first_frame_1():
    data = c3d(walk(), ["A", "B", "C"], header={"first": 0, "last": 4})
    assert (parse_c3d(data, "take.c3d").first_frame, parse_c3d(data, "take.c3d").frames) == (1, 5)


def test_the_parameter_wins_over_a_header_that_counts_other_frames_and_it_is_noted(tmp_path):
    path = tmp_path / "take.c3d"
    path.write_bytes(c3d(walk(), ["A", "B", "C"], parameters={"POINT:FRAMES": 3}))
    assert_equals_ezc3d(path)
    (note,) = read_c3d(path).notes
    assert "5 frames" in note
    assert "3" in note


def test_the_header_rate_serves_where_the_parameter_is_zero_or_missing():
    for parameter in (0.0, None):
        data = c3d(walk(), ["A", "B", "C"], rate=60.0, parameters={"POINT:RATE": parameter})
        assert parse_c3d(data, "take.c3d").rate == 60.0


def test_missing_units_are_millimetres_and_noted():
    markers = parse_c3d(c3d(walk(), ["A", "B", "C"], parameters={"POINT:UNITS": None}), "take.c3d")
    assert (markers.units, markers.notes) == ("mm", ("POINT:UNITS is missing; positions were taken to be in mm",))


@SCALES
@pytest.mark.parametrize(
    ("header", "parameters"),
    [
        ({"analogs": 0}, {}),
        ({}, {"ANALOG:USED": 0}),
        ({}, {"ANALOG:RATE": 0.0}),
        ({}, {"ANALOG:RATE": 50_000.0}),
        ({}, {"ANALOG:USED": None, "ANALOG:RATE": None}),
    ],
    ids=["header without", "none used", "rate 0", "rate too high", "no group"],
)
def test_analog_samples_are_skipped_though_header_and_parameters_disagree(scale, header, parameters):
    data = c3d(walk(), ["A", "B", "C"], scale=scale, analogs=(6, 5), header=header, parameters=parameters)
    np.testing.assert_allclose(parse_c3d(data, "take.c3d").positions, walk(), atol=1e-4)


def test_an_analog_rate_left_over_from_channels_that_are_not_stored_does_no_harm():
    parameters = {"ANALOG:USED": 32, "ANALOG:RATE": 1000.0}
    markers = parse_c3d(c3d(walk(), ["A", "B", "C"], parameters=parameters), "take.c3d")
    np.testing.assert_allclose(markers.positions, walk(), atol=1e-4)
    (note,) = markers.notes
    assert "analog samples" in note
    assert "0 fit the file's length, not 320" in note


def test_points_of_different_scales_are_read_by_ezc3d(tmp_path):
    path = tmp_path / "take.c3d"
    scales = [0.1, 0.2, 0.5]
    path.write_bytes(
        c3d(walk(30), ["A", "*2", "C"], scale=scales, parameters={"POINT:SCALE": scales}, missing=[(3, 0)])
    )
    positions, visible, *_ = by_ezc3d(path)
    markers = read_c3d(path)
    assert markers.names == ("A", "C")
    np.testing.assert_array_equal(markers.positions, positions[:, [0, 2]])
    np.testing.assert_array_equal(markers.visible, visible[:, [0, 2]])


def test_points_that_are_all_floats_need_no_ezc3d_whatever_their_scales(monkeypatch):
    monkeypatch.setattr(subprocess, "run", None)
    data = c3d(walk(), ["A", "B", "C"], parameters={"POINT:SCALE": [-0.1, -0.2, -0.5]})
    np.testing.assert_allclose(parse_c3d(data, "take.c3d").positions, walk(), atol=1e-4)


def test_a_file_that_crashes_ezc3d_is_an_error():
    parameters = {"POINT:SCALE": [0.1, 0.2, 0.5], "POINT:USED": b"\x02\x01\x00"}
    data = c3d(walk(), ["A", "B", "C"], scale=[0.1, 0.2, 0.5], parameters=parameters)
    with pytest.raises(ReadError, match=r"take\.c3d \(point data\): scales differ by point, and ezc3d failed"):
        parse_c3d(data, "take.c3d")


def test_importing_the_reader_does_not_import_ezc3d():
    script = "import sys, motionprep.formats.c3d; sys.exit('ezc3d' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@PROCESSORS
def test_the_header_says_what_the_markers_will_be(processor):
    labels = ["walker:A", "*2", "walker:A", "D"]
    data = c3d(walk(points=4), labels, processor=processor, header={"first": 40, "last": 44})
    for unlabelled in (False, True):
        header = read_c3d_header(data, "take.c3d", unlabelled=unlabelled)
        markers = parse_c3d(data, "take.c3d", unlabelled=unlabelled)
        for field in ("names", "raw_names", "frames", "rate", "units", "first_frame", "notes"):
            assert getattr(header, field) == getattr(markers, field)


def test_the_header_needs_no_frames():
    data = c3d(walk(10_000, 20), [f"M{number}" for number in range(20)])
    assert len(data) > HEADER_BYTES
    whole = read_c3d_header(data, "take.c3d")
    assert whole.frames == 10_000
    assert read_c3d_header(data[:HEADER_BYTES], "take.c3d", len(data)) == whole
    assert read_c3d_header(data[:1024], "take.c3d", len(data)) == whole


def test_the_header_says_so_if_it_needs_the_frames_to_count_them():
    data = c3d(np.ones((70_000, 1, 3)), ["A"], scale=0.1)
    with pytest.raises(ReadError, match=r"\(point data\): the counters say 65,535 frames or more"):
        read_c3d_header(data[:HEADER_BYTES], "take.c3d", len(data))


@pytest.mark.parametrize(
    ("damage", "section", "message"),
    [
        (lambda data: b"", "header", "the file is empty"),
        (lambda data: data[:511], "header", "the file has 511 bytes"),
        (lambda data: b"HIERARCHY\nROOT Hips".ljust(2000), "header", "byte 2 is 0x49"),
        (lambda data: b"\1" + data[1:], "header", "the parameter section starts in block 1"),
        (lambda data: data[:16] + b"\2" + data[17:], "header", "frames start at byte 512, in the parameter section"),
        (lambda data: data[:514], "parameter section", "it starts at byte 512; the file has 514 bytes"),
        (lambda data: data[:515] + b"\7" + data[516:], "parameter section", "processor 7"),
        (lambda data: data[:600], "parameter section", "and the file ends at byte 600"),
        (lambda data: data[:526], "parameter section", "the file ends at byte 526; frames start at byte 1024"),
        (lambda data: data.replace(b"LABELS\x0a", b"LABELS\xff"), "parameter section", "'LABELS' of group 1"),
        (lambda data: data.replace(b"LABELS\x0a\0\xff", b"LABELS\x0a\0\x03"), "parameter section", "has type 3"),
        (lambda data: data[:-400], "point data", "5 frames of 48 bytes from byte 1,024 end at byte 1,264"),
    ],
)
def test_damage_is_named_with_its_file_and_section(tmp_path, damage, section, message):
    path = tmp_path / "take.c3d"
    path.write_bytes(damage(c3d(walk(), ["A", "B", "C"])))
    with pytest.raises(ReadError) as caught:
        read_c3d(path)
    assert (caught.value.path, caught.value.section) == (str(path), section)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("parameters", "header", "message"),
    [
        ({"POINT:USED": 1e9}, {"points": 0}, "POINT:USED is 1000000000"),
        ({"POINT:SCALE": 0.0}, {}, "POINT:SCALE has 0.0"),
        ({"POINT:SCALE": np.nan}, {}, "POINT:SCALE has nan"),
        ({"POINT:FRAMES": 0}, {"first": 9, "last": 3}, "frames 9 to 3"),
        ({"POINT:FRAMES": 60_000}, {"last": 60_000}, "60,000 frames of 48 bytes"),
        ({"POINT:FRAMES": 3e38}, {"last": 60_000}, "frames of 48 bytes"),
    ],
)
def test_a_count_that_cannot_be_is_an_error(parameters, header, message):
    with pytest.raises(ReadError, match=message):
        parse_c3d(c3d(walk(), ["A", "B", "C"], header=header, parameters=parameters), "take.c3d")


@pytest.mark.parametrize("rate", [0.0, 1e-39])
def test_a_rate_that_is_none_is_an_error(rate):
    with pytest.raises(ReadError, match=r"POINT:RATE and the header's rate are .*; expected a number from 1\.2e-38"):
        parse_c3d(c3d(walk(), ["A", "B", "C"], rate=rate), "take.c3d")


@pytest.mark.parametrize(("rate", "parameter"), [(0.0, 0.0), (-60.0, -60.0), (0.0, None)])
def test_a_given_rate_takes_the_place_of_one_that_is_wrong_or_missing(rate, parameter):
    data = c3d(walk(), ["A", "B", "C"], rate=rate, parameters={"POINT:RATE": parameter})
    with pytest.raises(RateError, match="a rate that `rates` gives for this motion overrides it"):
        read_c3d_header(data, "take.c3d")
    assert read_c3d_header(data, "take.c3d", rate=60.0).rate == 60
    markers = parse_c3d(data, "take.c3d", rate=60.0)
    assert markers.rate == 60
    np.testing.assert_array_equal(markers.positions, parse_c3d(c3d(walk(), ["A", "B", "C"]), "take.c3d").positions)


def test_every_beginning_of_a_file_without_its_last_frame_is_an_error():
    data = c3d(walk(), ["A", "B", "C"])
    end = len(data) - 512 + 5 * 48
    for length in range(end):
        with pytest.raises(ReadError):
            parse_c3d(data[:length], "take.c3d")
    assert parse_c3d(data[:end], "take.c3d") is not None


SEEDS = [
    c3d(
        walk(),
        ["walker:A", "*2", "A"],
        processor=processor,
        scale=scale,
        analogs=(2, 2),
        parameters={
            "POINT:LABELS2": ["B"],
            "POINT:LONG_FRAMES": 5.0,
            "TRIAL:ACTUAL_START_FIELD": [1, 0],
            "TRIAL:ACTUAL_END_FIELD": [5, 0],
        },
    )
    for processor in (INTEL, DEC, MIPS)
    for scale in (-0.1, 0.1)
]
PLACES = st.one_of(st.integers(0, 24), st.integers(512, 900), st.integers(0, 2**12))
BYTES = st.one_of(st.sampled_from([0, 1, 2, 127, 128, 255]), st.integers(0, 255))


@settings(max_examples=600, deadline=10_000, database=None)
@given(
    seed=st.sampled_from(SEEDS),
    edits=st.lists(st.tuples(PLACES, BYTES), max_size=12),
    length=st.one_of(st.none(), st.integers(0, 2**11)),
    unlabelled=st.booleans(),
)
def test_a_mutated_file_is_read_or_refused_within_its_own_size(seed, edits, length, unlabelled):
    changed = bytearray(seed)
    for place, byte in edits:
        changed[place % len(seed)] = byte
    data = bytes(changed[:length])
    tracemalloc.start()
    try:
        markers = parse_c3d(data, "take.c3d", unlabelled=unlabelled)
    except ReadError:
        pass
    else:
        assert np.isfinite(markers.positions).all()
        assert len(set(markers.names)) == len(markers.names)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 20 * len(data) + 200_000


# Counts that contradict each other


def assert_reads(data, positions, *words, **options):
    """Assert that a file is read as it was written, with a note that has these words."""
    markers = parse_c3d(data, "take.c3d", **options)
    np.testing.assert_allclose(markers.positions, positions, atol=1e-3)
    assert any(all(word in note for word in words) for note in markers.notes), markers.notes
    return markers


@PROCESSORS
@SCALES
def test_a_header_that_counts_channels_where_samples_belong_is_noted_and_the_length_decides(processor, scale):
    data = c3d(walk(20), ["A", "B", "C"], processor=processor, scale=scale, analogs=(6, 7), header={"analogs": 6})
    assert_reads(data, walk(20), "analog samples", "42 fit")


@PROCESSORS
@pytest.mark.parametrize("stored", [-0.1, 0.1], ids=["float32", "int16"])
def test_where_two_scales_differ_in_sign_the_length_decides_between_floats_and_integers(processor, stored):
    data = c3d(walk(40), ["A", "B", "C"], processor=processor, scale=stored, parameters={"POINT:SCALE": -stored})
    assert_reads(data, walk(40), "scale", "floats" if stored < 0 else "16-bit integers")


def test_two_scales_of_integers_that_differ_are_noted_with_both():
    data = c3d(walk(), ["A", "B", "C"], scale=0.1, parameters={"POINT:SCALE": 0.2})
    assert_reads(data, 2 * walk(), "0.1", "0.2")


@pytest.mark.parametrize("wrong", [{"POINT:FRAMES": 19}, {"POINT:FRAMES": 31}], ids=["fewer", "more"])
def test_the_count_of_frames_that_fits_the_length_is_taken_whichever_place_has_it(wrong):
    data = c3d(walk(20, 30), [f"M{number}" for number in range(30)], parameters=wrong)
    assert_reads(data, walk(20, 30), "20")


def test_a_file_one_frame_short_of_its_parameter_is_read_by_the_header_that_fits():
    data = c3d(walk(20, 30), [f"M{number}" for number in range(30)], parameters={"POINT:FRAMES": 21})
    assert_reads(data, walk(20, 30), "21 frames", "20")


def test_the_first_frame_is_where_the_length_says_if_header_and_parameter_differ():
    whole = c3d(walk(20), ["A", "B", "C"])
    start = int.from_bytes(whole[16:18], "little")
    later = c3d(walk(20), ["A", "B", "C"], parameters={"POINT:DATA_START": start}, header={"start": start + 1})
    earlier = c3d(walk(20), ["A", "B", "C"], parameters={"POINT:DATA_START": start}, header={"start": 2})
    assert_reads(later, walk(20), "first frame")
    assert_reads(earlier, walk(20), "first frame")


def test_what_the_length_does_not_decide_is_refused_with_both_readings():
    data = c3d(walk(20), ["A", "B", "C"], analogs=(6, 7), header={"analogs": 6}) + b"\1" * 5000
    with pytest.raises(ReadError, match=r"6 analog samples.*42 analog samples"):
        parse_c3d(data, "take.c3d")


@PROCESSORS
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"analogs": (2, 5), "header": {"analogs": 12}}, ("10 fit", "12")),
        ({"parameters": {"POINT:SCALE": 0.1}}, ("scale", "floats")),
        ({"parameters": {"POINT:USED": 4}}, ("3 were read", "4")),
        ({"parameters": {"POINT:FRAMES": 6}}, ("6 frames as well as 5", "both fit")),
    ],
    ids=["analog samples", "floats or integers", "points", "frames"],
)
def test_of_readings_that_all_fit_a_short_file_the_one_with_zeros_behind_it_is_taken(processor, options, words):
    data = c3d(walk(), ["A", "B", "C"], processor=processor, **options)
    assert_reads(data, walk(), *words)
    with pytest.raises(ReadError, match="bytes that decide are at hand"):
        read_c3d_header(data[:-600], "take.c3d", len(data))


def test_readings_of_a_short_file_are_refused_where_its_padding_is_no_zeros():
    data = c3d(walk(), ["A", "B", "C"], analogs=(2, 5), header={"analogs": 12})
    data = data.rstrip(b"\0").ljust(len(data), b"\7")
    with pytest.raises(ReadError, match=r"12 analog samples.*10 analog samples"):
        parse_c3d(data, "take.c3d")


def test_a_note_on_two_counts_of_frames_that_both_fit_says_so():
    (note,) = parse_c3d(c3d(walk(), ["A", "B", "C"], parameters={"POINT:FRAMES": 4}), "take.c3d").notes
    assert note == "the file says 5 frames as well as 4, and both fit its length; the latter was taken"


@SCALES
def test_a_rate_quotient_is_rounded(scale):
    data = c3d(walk(20), ["A", "B", "C"], scale=scale, rate=23.976, analogs=(3, 10), header={"analogs": 0})
    assert_reads(data, walk(20), "30 fit")


@PROCESSORS
def test_points_end_where_rotations_begin(processor):
    positions = np.arange(1, 70_001).reshape(-1, 1, 1) * [0.1, -0.2, 0.3] % 3000
    plain = c3d(positions, ["A"], processor=processor, scale=0.1, parameters={"ROTATION:DATA_START": 9999})
    behind = len(plain) // 512 + 1
    data = c3d(positions, ["A"], processor=processor, scale=0.1, parameters={"ROTATION:DATA_START": behind})
    rotations = np.full(40_000, 77, np.uint8).tobytes()
    markers = parse_c3d(data + rotations, "take.c3d")
    assert markers.frames == 70_000
    np.testing.assert_allclose(markers.positions, positions, atol=0.051)


def test_points_do_not_end_where_a_group_that_is_not_used_says_it_starts():
    plain = c3d(walk(400), ["A", "B", "C"])
    start = len(plain) // 512
    data = c3d(walk(400), ["A", "B", "C"], parameters={"ROTATION:DATA_START": start, "ROTATION:USED": 0})
    np.testing.assert_allclose(parse_c3d(data, "take.c3d").positions, walk(400), atol=1e-3)


@settings(max_examples=60)
@given(
    processor=st.sampled_from([INTEL, DEC, MIPS]),
    scale=st.sampled_from([-0.1, 0.1]),
    frames=st.integers(1, 60),
    points=st.integers(1, 12),
    analogs=st.tuples(st.integers(0, 8), st.integers(1, 12)),
    lie=st.sampled_from(
        ["analogs", "frames", "header frames", "points", "header points", "scale", "rate", "start", "nothing"]
    ),
    by=st.integers(-3, 40),
)
def test_a_contradiction_never_gives_other_numbers_unsaid(processor, scale, frames, points, analogs, lie, by):
    positions, labels = walk(frames, points), [f"M{number}" for number in range(points)]
    parameters = {
        "frames": {"POINT:FRAMES": max(1, frames + by)},
        "points": {"POINT:USED": max(1, points + by)},
        "scale": {"POINT:SCALE": -scale},
        "rate": {"ANALOG:RATE": 100.0 * max(0, by)},
    }.get(lie, {})
    header = {
        "analogs": {"analogs": max(0, analogs[0] * analogs[1] + by)},
        "header frames": {"last": max(1, frames + by)},
        "header points": {"points": max(1, points + by)},
        "start": {"start": 12 + by},
    }.get(lie, {})
    options = {"processor": processor, "scale": scale, "analogs": analogs}
    truth = parse_c3d(c3d(positions, labels, **options), "take.c3d")
    try:
        found = parse_c3d(c3d(positions, labels, **options, header=header, parameters=parameters), "take.c3d")
    except ReadError:
        return
    if found.notes == truth.notes:
        np.testing.assert_array_equal(found.positions, truth.positions)


# What is no marker


OUTPUTS = {
    "POINT:ANGLES": ["LKneeAngles"],
    "POINT:FORCES": ["LKneeForce"],
    "POINT:SCALARS2": ["Late"],
    "POINT:SCALARS": ["Score"],
    "POINT:MODELED_MARKERS": ["CentreOfMass"],
}


def test_outputs_of_a_model_are_left_out_and_noted_and_its_places_stay():
    labels = ["LASI", "LKneeAngles", "walker:LKneeForce", "Score", "Late", "CentreOfMass"]
    parameters = {**OUTPUTS, "POINT:FORCES": ["walker:LKneeForce"]}
    data = c3d(walk(points=6), labels, parameters=parameters)
    markers = parse_c3d(data, "take.c3d")
    assert markers.names == ("LASI", "CentreOfMass")
    assert any("1 angle, 1 force, 2 scalars" in note for note in markers.notes)
    everything = parse_c3d(data, "take.c3d", unlabelled=True)
    assert everything.kinds == ("marker", "angle", "force", "scalar", "scalar", "marker")


@pytest.mark.parametrize(
    "label",
    ["*12", "Unlabeled 1000", "Unlabeled:1001", "unlabelled_3", "U_12", "uname*7", "walker:*4", "New 0001", " "],
)
def test_a_point_that_nobody_named_is_left_out_under_each_program_s_name_for_it(label):
    assert names_of(["LASI", label, "Unlucky"]) == ("LASI", "Unlucky")


def test_points_of_a_file_without_labels_are_all_kept_under_numbers_and_it_is_said():
    for labels in ([""] * 3, None):
        data = c3d(walk(), labels or ["x"] * 3, parameters={} if labels else {"POINT:LABELS": None})
        markers = assert_reads(data, walk(), "no point has a label", "M001 to M003")
        assert markers.names == ("M001", "M002", "M003")


def test_a_residual_of_minus_zero_is_visible():
    for processor in (INTEL, MIPS):
        data = bytearray(c3d(walk(), ["A", "B", "C"], processor=processor))
        start = (int.from_bytes(data[16:18], "big" if processor == MIPS else "little") - 1) * 512
        data[start + 12 : start + 16] = struct.pack(">f" if processor == MIPS else "<f", -0.0)
        assert parse_c3d(bytes(data), "take.c3d").visible.all()


def test_a_file_of_analog_channels_alone_says_so_and_gives_no_false_advice():
    with pytest.raises(ReadError, match="6 analog channels and no points") as caught:
        parse_c3d(c3d(np.zeros((5, 0, 3)), ["x"], analogs=(6, 2), parameters={"POINT:LABELS": None}), "emg.c3d")
    assert "again" not in str(caught.value)


@PROCESSORS
def test_a_description_without_its_length_is_passed_by_the_record_s_own_pointer(processor):
    body = array(["LFHD", "RFHD", "LBHD"], processor)
    good = record("LABELS", 1, body + b"\0", processor)
    data = c3d(walk(), ["LFHD", "RFHD", "LBHD"], processor=processor)
    assert data.count(good) == 1
    cut = data.replace(good, record("LABELS", 1, body, processor))
    start = len(data) - (len(data) - data.index(good)) % 512
    block = data.index(good) // 512 * 512 + 512
    shifted = cut[: block - 1] + b"\0" + cut[block - 1 :]
    assert len(shifted) == len(data), start
    assert parse_c3d(shifted, "take.c3d").names == ("LFHD", "RFHD", "LBHD")


@pytest.mark.parametrize("lost", [512, 1000])
def test_of_a_cut_file_lenient_reading_keeps_whole_frames_and_counts_them(lost):
    data = c3d(walk(40, 6), list("ABCDEF"))[:-lost]
    with pytest.raises(ReadError, match="lenient reading keeps the"):
        parse_c3d(data, "take.c3d")
    markers = parse_c3d(data, "take.c3d", lenient=True)
    assert 0 < markers.frames < 40
    np.testing.assert_allclose(markers.positions, walk(40, 6)[: markers.frames], atol=1e-3)
    assert any("40 frames" in note and f"{markers.frames}" in note for note in markers.notes)


@pytest.mark.parametrize(("said", "meant"), [(119.88012, 120_000 / 1001), (29.97003, 30_000 / 1001), (100.0004, 100.0)])
def test_a_rate_near_a_whole_or_a_television_rate_is_that_rate(said, meant):
    assert parse_c3d(c3d(walk(), ["A", "B", "C"], rate=said), "take.c3d").rate == meant


def test_any_other_rate_stays_as_it_stands():
    assert parse_c3d(c3d(walk(), ["A", "B", "C"], rate=99.5), "take.c3d").rate == 99.5
