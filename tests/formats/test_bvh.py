"""The BVH reader and writer: each oddity found in the wild, each kind of damage with its place, and recorded takes."""

from __future__ import annotations

import itertools
import time
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from motionprep.errors import MotionPrepWarning, RateError, ReadError
from motionprep.formats.bvh import parse_bvh, parse_bvh_header, read_bvh, read_bvh_header, write_bvh
from motionprep.motion.motion import Motion
from motionprep.motion.rates import GIVEN_RATE
from motionprep.motion.skeleton import EndSite, Skeleton

SMALL = """\
HIERARCHY
ROOT Hips
{
	OFFSET 0 0 0
	CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
	JOINT Chest
	{
		OFFSET 0 5 0
		CHANNELS 3 Zrotation Xrotation Yrotation
		End Site
		{
			OFFSET 0 2 0
		}
	}
}
MOTION
Frames: 2
Frame Time: 0.1
1 2 3 0 0 0 90 0 0
4 5 6 0 0 0 0 0 0
"""
SMALL_MOTION = Motion(
    Skeleton(
        joints=("Hips", "Chest"),
        parents=(-1, 0),
        offsets=((0.0, 0.0, 0.0), (0.0, 5.0, 0.0)),
        end_sites=(EndSite(1, (0.0, 2.0, 0.0)),),
        channels=(
            ("Xposition", "Yposition", "Zposition", "Zrotation", "Xrotation", "Yrotation"),
            ("Zrotation", "Xrotation", "Yrotation"),
        ),
    ),
    np.array([[1, 2, 3, 0, 0, 0, 90, 0, 0], [4, 5, 6, 0, 0, 0, 0, 0, 0]], dtype=np.float64),
    10.0,
)
RECORDED = [
    "cmu-bvh/01_01",
    "cmu-bvh/12_01",
    "cmu-bvh/131_01",
    "cmu-bvh/131_02",
    "cmu-bvh/131_03",
    "other-bvh/cmu-daz_05_20",
    "other-bvh/hdm-8walk",
]
AXES = {"X": 0, "Y": 1, "Z": 2}


def changed(old, new, text=SMALL):
    assert text.count(old) == 1
    return text.replace(old, new)


def parsed(text, **options):
    return parse_bvh(text if isinstance(text, bytes) else text.encode(), "walk.bvh", **options)


def refusal(text, **options):
    with pytest.raises(ReadError) as caught:
        parsed(text, **options)
    return caught.value


def noted(text, **options):
    notes = []
    parsed(text, notes=notes, **options)
    return notes


def one_joint(channels, row, offset="0 0 0"):
    """Return a file of one joint with an End Site at (0, 1, 0) and one frame."""
    count = len(channels.split())
    return (
        f"HIERARCHY\nROOT Hips\n{{\nOFFSET {offset}\nCHANNELS {count} {channels}\nEnd Site\n{{\nOFFSET 0 1 0\n}}\n}}\n"
        f"MOTION\nFrames: 1\nFrame Time: 0.1\n{row}\n"
    )


def many_rows(count, **changes):
    """Return a file of one joint with one channel, whose frame k is k."""
    text = one_joint("Xrotation", "\n".join(str(k) for k in range(count)))
    return changed("Frames: 1\n", f"Frames: {changes.get('says', count)}\n", text)


def test_a_file_gives_its_skeleton_its_channels_and_its_rate():
    assert parsed(SMALL) == SMALL_MOTION


# Position channels


SIX_CHANNELS = """\
HIERARCHY
ROOT joint_Root
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Yrotation Xrotation Zrotation
  JOINT Spine
  {
    OFFSET 15.7357 0 0
    CHANNELS 6 Xposition Yposition Zposition Yrotation Xrotation Zrotation
    End Site
    {
      OFFSET 1 0 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.0333333
10 0 0 0 0 90 15.7357 0 0 0 0 0
10 0 0 0 0 90 20 1 0 0 0 0
"""


def test_a_position_channel_on_every_joint_replaces_the_offset():
    positions = parsed(SIX_CHANNELS).positions()
    # The root's quarter turn about z takes x to y and y to -x.
    expected = [[[10, 0, 0], [10, 15.7357, 0], [10, 16.7357, 0]], [[10, 0, 0], [9, 20, 0], [9, 21, 0]]]
    np.testing.assert_allclose(positions, expected, atol=1e-12)


def test_a_position_channel_adds_to_the_offset_on_request():
    positions = parsed(SIX_CHANNELS, positions="add").positions()
    expected = [[[10, 0, 0], [10, 31.4714, 0], [10, 32.4714, 0]], [[10, 0, 0], [9, 35.7357, 0], [9, 36.7357, 0]]]
    np.testing.assert_allclose(positions, expected, atol=1e-12)


def test_a_way_to_read_positions_that_is_neither_is_refused():
    with pytest.raises(ValueError, match=r"positions is 'both'; it is 'replace' or 'add'"):
        parsed(SMALL, positions="both")


def test_the_position_channels_of_the_root_replace_its_offset():
    motion = parsed(one_joint("Xposition Yposition Zposition", "1 2 3", offset="100 200 300"))
    np.testing.assert_array_equal(motion.root_position(), [[1, 2, 3]])


def test_an_axis_without_a_position_channel_keeps_its_offset():
    motion = parsed(one_joint("Yposition", "2", offset="100 200 300"))
    np.testing.assert_array_equal(motion.root_position(), [[100, 2, 300]])


def test_positions_may_come_in_any_order():
    motion = parsed(one_joint("Zposition Xposition Yposition", "3 1 2"))
    np.testing.assert_array_equal(motion.root_position(), [[1, 2, 3]])


def test_positions_may_come_after_rotations():
    motion = parsed(one_joint("Zrotation Xposition Yposition Zposition", "90 1 2 3"))
    np.testing.assert_allclose(motion.positions(), [[[1, 2, 3], [0, 2, 3]]], atol=1e-14)


# Rotation channels


@pytest.mark.parametrize(
    "axes",
    ["".join(order) for count in (1, 2, 3) for order in itertools.permutations("XYZ", count)],
)
def test_rotations_compose_in_the_order_of_the_channels(axes):
    angles = [30.0, -50.0, 100.0][: len(axes)]
    motion = parsed(one_joint(" ".join(f"{axis}rotation" for axis in axes), " ".join(map(str, angles))))
    expected = Rotation.from_euler(axes, angles if len(angles) > 1 else angles[0], degrees=True).as_matrix()
    np.testing.assert_allclose(motion.rotations()[0, 0], expected, atol=1e-14)


@pytest.mark.parametrize("axes", ["XXY", "XYX", "ZYZ", "YYY", "XYZX"])
def test_an_axis_that_is_repeated_turns_again(axes):
    angles = [30.0, -50.0, 100.0, 70.0][: len(axes)]
    motion = parsed(one_joint(" ".join(f"{axis}rotation" for axis in axes), " ".join(map(str, angles))))
    expected = np.eye(3)
    for axis, angle in zip(axes, angles, strict=True):
        expected = expected @ Rotation.from_euler(axis, angle, degrees=True).as_matrix()
    np.testing.assert_allclose(motion.rotations()[0, 0], expected, atol=1e-14)


# How the text may be written


SPELLINGS = {
    "a byte order mark": "\ufeff" + SMALL,
    "lines that end in CR": SMALL.replace("\n", "\r"),
    "lines that end in CRLF": SMALL.replace("\n", "\r\n"),
    "lines that end in CR CRLF": SMALL.replace("\n", "\r\r\n"),
    "CRLF in the hierarchy and LF in the rows": SMALL[: SMALL.index("1 2 3")].replace("\n", "\r\n")
    + SMALL[SMALL.index("1 2 3") :],
    "LF in the hierarchy and CR in the rows": SMALL[: SMALL.index("1 2 3")]
    + SMALL[SMALL.index("1 2 3") :].replace("\n", "\r"),
    "tabs between numbers": SMALL.replace(" ", "\t").replace("End\tSite", "End Site").replace("Frame\t", "Frame "),
    "trailing blanks": SMALL.replace("\n", " \t \n"),
    "trailing blanks before CRLF": SMALL.replace("\n", " \t \r\n"),
    "blanks before a row": SMALL.replace("\n4 5", "\n \t4 5"),
    "blank lines everywhere": SMALL.replace("\n", "\n\n \n"),
    "blank lines before anything": "\n \n" + SMALL,
    "blank lines at the end": SMALL + "\n \n\t\n",
    "a joint and its brace on one line": SMALL.replace("Hips\n{", "Hips {").replace("Chest\n\t{", "Chest{"),
    "an End Site and its brace on one line": changed("End Site\n\t\t{", "End Site {"),
    "the hierarchy on one line": " ".join(SMALL[: SMALL.index("MOTION")].split())
    + "\n"
    + SMALL[SMALL.index("MOTION") :],
    "braces without blanks": changed("}\n\t}\n}", "}}}"),
    "lower-case keywords": SMALL.lower().replace("hips", "Hips").replace("chest", "Chest"),
    "upper-case keywords": SMALL.upper().replace("HIPS", "Hips").replace("CHEST", "Chest"),
    "an End Site with a name": changed("End Site\n", "End Site Chest end\n"),
    "exponents": changed("1 2 3 0", "10e-1 .2E1 +3.0e+00 -0e5"),
    "decimals without digits on one side": changed("1 2 3 0", "1. 2.0 3 .0"),
    "an exponent in an offset": changed("OFFSET 0 5 0", "OFFSET 0 5e0 0"),
    "no newline at the end": SMALL.removesuffix("\n"),
    "no blank after Frames:": changed("Frames: 2", "Frames:2"),
    "a blank before the colon": SMALL.replace("Frames:", "Frames :").replace("Time:", "Time :"),
    "a colon that touches only the number": changed("Frames: 2", "Frames :2"),
    "a frame time without a leading zero": changed("0.1", ".1"),
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_spelling_found_in_the_wild_reads_the_same(text):
    assert parsed(text) == SMALL_MOTION


@given(st.lists(st.sampled_from(["\n", "\r", "\r\n"]), min_size=20, max_size=20))
def test_any_mixture_of_line_ends_reads_the_same(ends):
    assert parsed("".join(line + end for line, end in zip(SMALL.splitlines(), ends, strict=True))) == SMALL_MOTION


def test_an_upper_case_suffix_reads_the_same(tmp_path):
    (tmp_path / "WALK.BVH").write_text(SMALL)
    assert read_bvh(tmp_path / "WALK.BVH") == SMALL_MOTION


@pytest.mark.parametrize("name", ["mixamorig:Hips", "Bip01 Spine", "Bip01  L  Hand", "a.b-c", "腰", "Site"])
def test_a_name_may_hold_marks_and_blanks(name):
    assert parsed(changed("JOINT Chest", f"JOINT {name} ")).skeleton.joints == ("Hips", name)


@pytest.mark.parametrize("words", ["End Site-7", "End site", "END SITE", "End Site_Head", "End Site7", "End Site Head"])
def test_an_end_site_may_be_numbered_or_named(words):
    assert parsed(changed("End Site", words)) == SMALL_MOTION


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("name", ["Chest", "Brust-K\xf6rper", "\u80f8"])
def test_a_file_of_wide_characters_reads_the_same(tmp_path, encoding, name):
    text = changed("Chest", name)
    for mark in ("", "\ufeff"):
        data = (mark + text.replace("\n", "\r\n")).encode(encoding)
        assert parsed(data) == parsed(text)
        (tmp_path / "wide.bvh").write_bytes(data)
        assert read_bvh(tmp_path / "wide.bvh") == parsed(text)
        assert read_bvh_header(tmp_path / "wide.bvh").frames == 2


def test_an_axis_that_is_repeated_at_once_is_noted_and_one_that_comes_again_is_not():
    again = changed("CHANNELS 3 Zrotation Xrotation Yrotation", "CHANNELS 3 Zrotation Xrotation Zrotation")
    twice = changed("CHANNELS 3 Zrotation Xrotation Yrotation", "CHANNELS 3 Zrotation Zrotation Yrotation")
    assert noted(again) == []
    assert noted(twice) == ["joints that turn twice in a row about one axis: 1, such as 'Chest'"]


@pytest.mark.parametrize(
    ("encoding", "names", "said"),
    [
        ("latin-1", ("K\xf6rper", "K\xfcrper"), "Latin-1"),
        ("latin-1", ("\xc9paule", "Fu\xdfkn\xf6chel"), "Latin-1"),
        ("cp932", ("\u30bb\u30f3\u30bf\u30fc", "\u4e0a\u534a\u8eab"), "Shift-JIS"),
        ("cp932", ("\u5de6\u8db3", "\u8868"), "Shift-JIS"),
    ],
)
def test_names_that_are_not_utf_8_are_read_in_their_likely_encoding_and_noted(encoding, names, said):
    text = changed("Chest", names[1], changed("Hips", names[0]))
    assert parsed(text.encode(encoding)).skeleton.joints == names
    assert noted(text.encode(encoding)) == [f"names are not UTF-8; they were read as {said}"]
    assert noted(text) == []


@given(st.binary(min_size=1, max_size=6), st.binary(min_size=1, max_size=6))
def test_distinct_bytes_are_distinct_names(one, other):
    strange = b"\r\n\t {}\0\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0"
    first, second = (name.translate(None, strange) + b"x" for name in (one, other))
    text = SMALL.encode().replace(b"Hips", b"a" + first).replace(b"Chest", b"a" + second)
    found = outcome(text)
    if first != second and isinstance(found, ReadError):
        assert "stands twice" not in found.message


def test_an_end_site_may_stand_beside_a_joint():
    text = changed("\tJOINT Chest", "\tEnd Site\n{ OFFSET 1 0 0 }\n\tJOINT Chest")
    assert parsed(text).skeleton.end_sites == (EndSite(0, (1.0, 0.0, 0.0)), EndSite(1, (0.0, 2.0, 0.0)))


# Frames: and the rows that are there


def test_more_rows_than_frames_says_is_an_error_that_names_both():
    error = refusal(many_rows(12, says=10))
    assert (error.line, error.column) == (24, 1)
    assert error.message == "Frames: says 10, the file has 12; lenient reading keeps the rows that are there"


def test_fewer_rows_than_frames_says_is_an_error_that_names_both():
    error = refusal(many_rows(10, says=12))
    assert (error.line, error.column) == (24, 1)
    assert error.message == "Frames: says 12, the file has 10; lenient reading keeps the rows that are there"


def test_far_more_frames_than_the_file_has_bytes_for_takes_no_memory():
    assert "says 999,999,999,999,999, the file has 10;" in str(refusal(many_rows(10, says=999_999_999_999_999)))


def test_no_rows_at_all_is_an_error_even_when_lenient():
    error = refusal(SMALL[: SMALL.index("1 2 3")], lenient=True)
    assert str(error) == "walk.bvh:19:1: Frames: says 2, the file has 0; expected a row a frame"


@pytest.mark.parametrize("says", [1, 9, 11, 14, 10**12])
def test_lenient_reading_keeps_the_rows_that_are_there(says):
    motion = parsed(many_rows(10, says=says), lenient=True)
    np.testing.assert_array_equal(motion.channels[:, 0], range(10))


@pytest.mark.parametrize("says", [9, 11])
def test_lenient_reading_warns_and_names_file_and_both_counts(tmp_path, says):
    path = tmp_path / "cut.bvh"
    path.write_text(many_rows(10, says=says))
    with pytest.warns(MotionPrepWarning, match=rf"cut\.bvh: Frames: says {says}, the file has 10"):
        read_bvh(path, lenient=True)


def test_lenient_reading_of_a_whole_file_warns_of_nothing(tmp_path):
    path = tmp_path / "whole.bvh"
    path.write_text(SMALL)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_bvh(path, lenient=True) == SMALL_MOTION


@pytest.mark.parametrize(
    ("end", "count"), [("\x1a", 1), ("\x1a" * 128, 128), ("\0" * 64, 64), ("\n\0\0\x1a\r\n", 3), ("\0" * 5000, 5000)]
)
@pytest.mark.parametrize("lenient", [False, True])
def test_marks_of_the_end_of_a_text_are_left_out_and_counted(end, count, lenient):
    for text in (SMALL, SMALL.rstrip()):
        assert parsed(text + end, lenient=lenient) == SMALL_MOTION
        assert noted(text + end, lenient=lenient) == [f"bytes 0x1A or 0x00 after the last row were left out: {count:,}"]


@pytest.mark.parametrize("says", [1, 2, 3])
def test_a_word_after_the_last_row_is_refused_by_name_and_line(says):
    error = refusal(changed("Frames: 2", f"Frames: {says}") + "END\n\n")
    assert (error.line, error.column) == (21, 1)
    if says <= 2:
        assert error.message.startswith("found 'END' after the last row; expected the end of the file")
    else:
        assert error.message.startswith("found 'END' after the last row")


@pytest.mark.parametrize("tail", ["END\n", "END", "\n\nEND OF FILE\n", "END\x1a", "# 12 frames", "END\n\0\0\0"])
def test_lenient_reading_leaves_out_words_after_the_last_row_and_counts_their_lines(tail):
    assert parsed(SMALL + tail, lenient=True) == SMALL_MOTION
    word = tail.split()[0].rstrip("\x1a")
    assert noted(SMALL + tail, lenient=True)[-1] == (
        f"lines of words after the last row were left out: 1, the first with {word!r}"
    )


def test_lenient_reading_counts_the_rows_before_words_after_the_last_row():
    text = changed("Frames: 2", "Frames: 3") + "END\nOF FILE\n"
    assert parsed(text, lenient=True) == SMALL_MOTION
    assert noted(text, lenient=True) == [
        "lines of words after the last row were left out: 2, the first with 'END'",
        "Frames: says 3, the file has 2",
    ]


def test_a_damaged_row_is_no_line_of_words():
    error = refusal(changed(ROW, "4x 5 6 0 0 0 0 0 0"), lenient=True)
    assert "frame 2 has '4x'" in error.message
    error = refusal(changed(ROW, "x 5 6 0 0 0 0 0 0"), lenient=True)
    assert "frame 2 has 'x'" in error.message
    error = refusal(changed(ROW, "nan nan nan nan nan nan nan nan nan"), lenient=True)
    assert "frame 2 has 'nan'" in error.message


def test_blank_lines_are_not_counted_as_rows():
    text = many_rows(10, says=5).replace("\n7\n", "\n\n \t \n7\n") + "\n  \n\t\n"
    assert refusal(text).message.startswith("Frames: says 5, the file has 10;")


def test_lenient_reading_finds_damage_in_rows_beyond_what_frames_says():
    error = refusal(many_rows(10, says=5).replace("\n8\n", "\n8 8\n"), lenient=True)
    assert (error.line, error.column) == (22, 3)


# A choice of frames


@given(st.slices(9).filter(lambda chosen: chosen.step is None or chosen.step > 0))
def test_a_slice_of_frames_is_what_the_same_slice_of_a_list_is(chosen):
    motion = parsed(many_rows(9), pick=lambda count, _rate: range(count)[chosen])
    assert motion.channels[:, 0].tolist() == list(range(9))[chosen]


def test_a_slice_reads_frames_of_a_file(tmp_path):
    path = tmp_path / "count.bvh"
    path.write_text(many_rows(9))
    assert read_bvh(path, frames=slice(1, None, 3)).channels[:, 0].tolist() == [1, 4, 7]


def test_the_step_of_a_slice_divides_the_rate(tmp_path):
    path = tmp_path / "count.bvh"
    path.write_text(many_rows(9))
    assert read_bvh(path, frames=slice(None, None, 4)).rate == 2.5


def test_a_slice_that_runs_backwards_is_refused(tmp_path):
    path = tmp_path / "count.bvh"
    path.write_text(many_rows(9))
    with pytest.raises(ValueError, match="frames has step -1; it must be above zero"):
        read_bvh(path, frames=slice(None, None, -1))


def test_rows_that_a_slice_skips_are_not_read():
    text = many_rows(9).replace("\n1\n", "\nnot a number\n")
    assert parsed(text, pick=lambda count, _rate: range(0, count, 2)).channels[:, 0].tolist() == [0, 2, 4, 6, 8]


def test_rows_that_a_slice_skips_are_counted():
    error = refusal(many_rows(8, says=9), pick=lambda _count, _rate: range(2))
    assert error.message.startswith("Frames: says 9, the file has 8")


def test_skipped_rows_that_are_short_are_counted_as_rows():
    text = changed("1 2 3 0 0 0 90 0 0\n4 5 6 0 0 0 0 0 0\n", "1 2 3 0 0 0 90 0 0\n" + "1\n" * 30)
    motion = parsed(changed("Frames: 2", "Frames: 31", text), pick=lambda _count, _rate: range(1))
    np.testing.assert_array_equal(motion.channels, SMALL_MOTION.channels[:1])


def test_an_error_in_a_picked_row_names_the_frame_of_the_file():
    text = many_rows(9).replace("\n6\n", "\nsix\n")
    assert refusal(text, pick=lambda count, _rate: range(0, count, 3)).message.startswith("frame 7 has 'six'")


@pytest.mark.parametrize("says", [9, 11, 10**6])
def test_a_choice_of_frames_gets_the_number_of_rows_in_the_end(says):
    counts = []

    def pick(count, _rate):
        counts.append(count)
        return range(count)

    parsed(many_rows(10, says=says), pick=pick, lenient=True)
    assert counts[-1] == 10


def test_a_choice_of_frames_never_gets_more_rows_than_there_could_be():
    counts = []

    def pick(count, _rate):
        counts.append(count)
        return range(count)

    parsed(many_rows(10, says=10**6).replace("\n9\n", f"\n9{' ' * 100}\n"), pick=pick, lenient=True)
    assert max(counts) == 10


def test_a_rate_given_by_the_caller_takes_the_place_of_the_files():
    assert parsed(SMALL, rate=60.0).rate == 60


# The rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        (".0083333", 120),
        ("0.008333", 120),
        ("0.0333333", 30),
        ("0.0416667", 24),
        ("0.01667", 60),
        ("0.1", 10),
        ("1", 1),
        ("1.0009", 1 / 1.0009),
        ("0.0101", 99),
        ("0.0167", 60),
        ("0.0333667", 30000 / 1001),
        ("0.4", 2.5),
        ("2", 0.5),
        ("1e-3", 1000),
    ],
)
def test_a_frame_time_is_the_rate_that_its_digits_mean(text, rate):
    assert parsed(changed("0.1", text)).rate == rate


@pytest.mark.parametrize("text", ["0.0", "-0.1", "1e-320", "120", "16.667", "fast", "0,1", "", "0.1 0.2"])
def test_a_frame_time_that_cannot_be_right_is_an_error_of_its_own(text):
    with pytest.raises(RateError, match="a rate that `rates` gives for this motion overrides it"):
        parsed(changed("0.1", text))
    with pytest.raises(RateError):
        parse_bvh_header(changed("0.1", text).encode(), "walk.bvh")


@pytest.mark.parametrize("line", ["Frame Time: 0.0\n", "Frame Time: -1\n", "Frame Time:\n", "Frame Time: 0,1\n", ""])
def test_a_given_rate_takes_the_place_of_a_frame_time_that_is_wrong_or_missing(tmp_path, line):
    text = changed("Frame Time: 0.1\n", line)
    assert parsed(text, rate=60.0) == Motion(SMALL_MOTION.skeleton, SMALL_MOTION.channels, 60.0)
    (tmp_path / "walk.bvh").write_text(text)
    assert read_bvh(tmp_path / "walk.bvh", rate=60.0).rate == 60
    header = read_bvh_header(tmp_path / "walk.bvh", rate=60.0)
    assert (header.frames, header.rate) == (2, 60)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("0.0004", "Frame Time is 0.0004 s, 2500 frames a second"),
        ("2", "Frame Time is 2 s, 0.5 frames a second"),
    ],
)
def test_a_frame_time_that_no_motion_has_is_noted(text, note):
    assert noted(changed("0.1", text)) == [note]


@pytest.mark.parametrize("text", ["0.0005", "1", "0.0083333"])
def test_a_frame_time_that_motions_have_is_not_noted(text):
    assert noted(changed("0.1", text)) == []


def test_a_rate_in_place_of_a_frame_time_is_refused_and_said():
    assert str(refusal(changed("0.1", "120"))) == (
        "walk.bvh:18:13: found a frame time of 120 s; expected seconds a frame: is it 120 frames a second "
        "(0.00833333), or milliseconds (0.12)?; a rate that `rates` gives for this motion overrides it"
    )


@given(st.floats(0.126, 5000, allow_nan=False))
def test_any_rate_is_read_as_it_was_written(tmp_path_factory, rate):
    path = tmp_path_factory.getbasetemp() / "rate.bvh"
    write_bvh(Motion(SMALL_MOTION.skeleton, SMALL_MOTION.channels, rate), path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MotionPrepWarning)
        assert read_bvh(path).rate == pytest.approx(rate, rel=1e-15)


@pytest.mark.parametrize("rate", [1 / 0.0083, 1 / 0.033, 60.0024, 120.0001, 24000 / 1001, 30000 / 1001])
def test_a_rate_near_one_that_few_digits_would_mean_is_read_as_it_was_written(tmp_path, rate):
    write_bvh(Motion(SMALL_MOTION.skeleton, SMALL_MOTION.channels, rate), tmp_path / "rate.bvh")
    assert read_bvh(tmp_path / "rate.bvh").rate == rate


# Damage


ROW = "4 5 6 0 0 0 0 0 0"
EXPECTED_IN_JOINT = "expected OFFSET, CHANNELS, JOINT, End Site or '}'"
KNOWN_CHANNELS = "expected one of Xposition, Yposition, Zposition, Xrotation, Yrotation, Zrotation"
DAMAGE = {
    "a short row": (ROW, "4 5 6 0 0 0 0 0", 20, 16, "frame 2 ends after 8 numbers; expected 9"),
    "a short row that ends in blanks": (ROW, "4 5 6 \t ", 20, 9, "frame 2 ends after 3 numbers; expected 9"),
    "a long row": (
        ROW,
        ROW + " 7.5 8",
        20,
        19,
        "frame 2 goes on after 9 numbers with '7.5'; expected the end of the line",
    ),
    "a decimal comma in an offset": (
        "0 5 0",
        "0 5,5 0",
        8,
        12,
        "found '5,5' (a decimal comma? BVH has decimal points); expected an offset of three numbers",
    ),
    "NaN in an offset": ("0 5 0", "0 nan 0", 8, 12, "found 'nan'; expected an offset of three numbers"),
    "1e999 in an offset": ("0 5 0", "0 1e999 0", 8, 12, "found '1e999'; expected an offset of three numbers"),
    "a digit of another script": ("0 5 0", "0 \u0665 0", 8, 12, "found '\u0665'; expected an offset of three numbers"),
    "an offset of two numbers": ("0 5 0", "0 5", 9, 3, "found 'CHANNELS'; OFFSET has 3 numbers, found 2"),
    "an offset of six numbers": ("0 5 0", "0 5 0 90 0 0", 8, 16, "OFFSET has 3 numbers, found 6"),
    "a tip of four numbers": ("0 2 0", "0 2 0 1", 12, 17, "OFFSET has 3 numbers, found 4"),
    "a second OFFSET": (
        "OFFSET 0 5 0",
        "OFFSET 0 5 0\n\t\tOFFSET 0 6 0",
        9,
        3,
        "joint 'Chest' has a second OFFSET, the first in line 8; expected one",
    ),
    "a second line of CHANNELS": (
        "CHANNELS 3 Zrotation",
        "CHANNELS 0\n\t\tCHANNELS 3 Zrotation",
        10,
        3,
        "joint 'Chest' has a second CHANNELS, the first in line 9; expected one",
    ),
    "a position channel twice": (
        "6 Xposition Yposition",
        "6 Xposition Xposition",
        5,
        23,
        "Xposition stands twice in this joint; expected each position channel once",
    ),
    "an End Site without OFFSET": ("\t\t\tOFFSET 0 2 0\n", "", 12, 3, "found '}'; expected OFFSET"),
    "another word after End": ("End Site", "End Effector", 10, 7, "found 'Effector'; expected Site"),
    "no channel at all": (
        SMALL,
        one_joint("", ""),
        11,
        1,
        "no joint has a channel; expected CHANNELS with the numbers of a frame (this is a rest pose)",
    ),
    "a Git LFS pointer": (
        SMALL,
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n",
        1,
        1,
        "this is a Git LFS pointer in place of the file; fetch the file: git lfs pull",
    ),
    "a missing brace at the end": ("}\n}\n", "}\n", 15, 1, f"found 'MOTION'; {EXPECTED_IN_JOINT}"),
    "a missing brace at the start": ("Hips\n{", "Hips", 3, 2, "found 'OFFSET'; expected {"),
    "an End Site without its brace": ("Site\n\t\t{\n", "Site\n", 11, 4, "found 'OFFSET'; expected {"),
    "an End Site that goes on": ("0 2 0\n", "0 2 0\n\t\t\tCHANNELS 0\n", 13, 4, "found 'CHANNELS'; expected }"),
    "a brace too many": ("MOTION", "}\nMOTION", 16, 1, "found '}'; expected MOTION"),
    "no MOTION": ("MOTION\n", "", 16, 1, "found 'Frames:'; expected MOTION"),
    "nothing after the hierarchy": (SMALL[SMALL.index("MOTION") :], "", 16, 1, "the file ends; expected MOTION"),
    "an end within a joint": (
        SMALL[SMALL.index("\t}\n}") :],
        "",
        14,
        1,
        "the file ends; expected '}' to close joint 'Chest'",
    ),
    "no Frames:": ("Frames: 2\n", "", 17, 1, "found 'Frame'; expected Frames:"),
    "0 frames": ("Frames: 2", "Frames: 0", 17, 9, "found 0 frames; expected at least one"),
    "a negative number of frames": ("Frames: 2", "Frames: -2", 17, 9, "found '-2'; expected a number of frames"),
    "half a frame": ("Frames: 2", "Frames: 2.5", 17, 9, "found '2.5'; expected a number of frames"),
    "Frames without a colon": ("Frames: 2", "Frames 2", 17, 8, "found '2'; expected ':'"),
    "no Frame Time": ("Frame Time: 0.1\n", "", 18, 1, f"found '1'; expected Frame Time:; {GIVEN_RATE}"),
    "a zero Frame Time": ("0.1", "0.0", 18, 13, f"found a frame time of 0; expected a time above zero; {GIVEN_RATE}"),
    "a negative Frame Time": (
        "0.1",
        "-0.1",
        18,
        13,
        f"found a frame time of -0.1; expected a time above zero; {GIVEN_RATE}",
    ),
    "a Frame Time whose rate is infinite": (
        "0.1",
        "1e-320",
        18,
        13,
        f"found a frame time of 9.99989e-321; expected a time whose rate float32 can hold; {GIVEN_RATE}",
    ),
    "a Frame Time of which two frames last for ever": (
        "0.1",
        "1e308",
        18,
        13,
        f"found a frame time of 1e+308; expected a time whose rate float32 can hold; {GIVEN_RATE}",
    ),
    "a Frame Time that is no number": (
        "0.1",
        "fast",
        18,
        13,
        f"found 'fast'; expected a frame time in seconds; {GIVEN_RATE}",
    ),
    "a Frame Time with a decimal comma": (
        "0.1",
        "0,1",
        18,
        13,
        "found '0,1' (a decimal comma? BVH has decimal points); expected a frame time in seconds; " + GIVEN_RATE,
    ),
    "an empty Frame Time": ("0.1", "", 18, 12, f"found nothing; expected a frame time in seconds; {GIVEN_RATE}"),
    "two Frame Times": ("0.1", "0.1 0.2", 18, 17, f"found '0.2'; expected the end of the line; {GIVEN_RATE}"),
    "two ROOTs": (
        "MOTION",
        "ROOT Two\n{\n}\nMOTION",
        16,
        1,
        "found a second ROOT; expected MOTION (a file holds one skeleton)",
    ),
    "a joint twice": (
        "JOINT Chest",
        "JOINT Hips",
        6,
        8,
        "joint 'Hips' stands twice, first in line 2; expected a name of its own",
    ),
    "a joint without a name": ("JOINT Chest", "JOINT", 6, 7, "found nothing; expected the joint's name"),
    "a joint without OFFSET": (
        "\t\tOFFSET 0 5 0\n",
        "",
        13,
        2,
        "joint 'Chest' has no OFFSET; expected one before its '}'",
    ),
    "a joint without CHANNELS": (
        "\t\tCHANNELS 3 Zrotation Xrotation Yrotation\n",
        "",
        13,
        2,
        "joint 'Chest' has no CHANNELS; expected them before its '}'",
    ),
    "a channel that nobody knows": (
        "3 Zrotation",
        "3 Wrotation",
        9,
        14,
        f"found 'Wrotation' as channel 1 of 3; {KNOWN_CHANNELS}",
    ),
    "fewer channels than counted": (
        "3 Zrotation",
        "4 Zrotation",
        9,
        12,
        "CHANNELS says 4, found 3 names",
    ),
    "more channels than counted": ("3 Zrotation", "2 Zrotation", 9, 12, "CHANNELS says 2, found 3 names"),
    "a number of channels that is a word": (
        "3 Zrotation",
        "three Zrotation",
        9,
        12,
        "found 'three'; expected the number of channels",
    ),
    "a keyword that nobody knows": ("JOINT Chest", "BONE Chest", 6, 2, f"found 'BONE'; {EXPECTED_IN_JOINT}"),
    "no ROOT": ("ROOT Hips", "JOINT Hips", 2, 1, "found 'JOINT'; expected ROOT"),
    "another format": (SMALL, "glTF\x02\0\0\0", 1, 1, "found 'glTF\\x02\\x00\\x00\\x00'; expected HIERARCHY"),
    "an empty file": (SMALL, "", 1, 1, "the file is empty; expected HIERARCHY"),
    "a file of blanks": (SMALL, " \n", 2, 1, "the file ends; expected HIERARCHY"),
}


@pytest.mark.parametrize(("old", "new", "line", "column", "message"), DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_refused_with_file_line_column_and_what_was_expected(old, new, line, column, message):
    assert str(refusal(changed(old, new))) == f"walk.bvh:{line}:{column}: {message}"


@pytest.mark.parametrize(
    "word",
    [
        "six",
        "6x",
        "6-7",
        "1_0",
        "0x1",
        "NaN",
        "-nan(ind)",
        "-1.#IND",
        "Inf",
        "-Infinity",
        "1e999",
        "-1e999",
        "1e",
        ".",
        "6;",
    ],
)
def test_a_word_that_is_no_finite_number_is_refused_and_nothing_stands_in_its_place(word):
    message = f"frame 2 has {word!r} in Hips_Zrotation, column 4 of 9; expected a finite number"
    assert str(refusal(changed(ROW, f"4 5 6 {word} 0 0 0 0 0"))) == f"walk.bvh:20:7: {message}"


@pytest.mark.parametrize("word", ["6,25", "-6,25", "6,"])
def test_a_decimal_comma_is_refused(word):
    error = refusal(changed(ROW, f"4 5 6 0 0 0 {word} 0 0"))
    assert (error.line, error.column) == (20, 13)
    assert error.message.startswith(f"frame 2 has {word!r}")


def test_a_refused_decimal_comma_is_explained():
    assert "'6,25' (a decimal comma? BVH has decimal points) in" in str(refusal(changed(ROW, "4 5 6,25 0 0 0 0 0 0")))


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_the_place_of_damage_does_not_depend_on_how_lines_end(end):
    error = refusal(changed(ROW, "4 5 six 0 0 0 0 0 0").replace("\n", end))
    assert (error.line, error.column) == (20, 5)


def test_the_place_of_damage_counts_blank_lines():
    error = refusal(changed(ROW, "\n\n 4 5 six 0 0 0 0 0 0"))
    assert (error.line, error.column) == (22, 6)


def test_of_two_damaged_numbers_the_first_is_named():
    error = refusal(changed("1 2 3", "1 1e999 3").replace(ROW, "word"))
    assert (error.line, error.column) == (19, 3)


def test_a_refusal_names_the_file_as_the_caller_did(tmp_path):
    path = tmp_path / "broken.bvh"
    path.write_text(changed("0.1", "0"))
    with pytest.raises(ReadError) as caught:
        read_bvh(path)
    assert caught.value.path == str(path)


# Size


def chain(depth):
    opened = "".join(
        f"{'JOINT' if k else 'ROOT'} j{k}\n{{\nOFFSET 0 {int(k > 0)} 0\nCHANNELS 1 Zrotation\n" for k in range(depth)
    )
    tail = "End Site\n{\nOFFSET 0 1 0\n}\n" + "}\n" * depth
    return f"HIERARCHY\n{opened}{tail}MOTION\nFrames: 1\nFrame Time: 0.1\n{'0 ' * depth}\n"


def test_a_chain_of_a_thousand_joints_is_read():
    np.testing.assert_array_equal(parsed(chain(1000)).positions()[0, -1], [0, 1000, 0])


def test_a_chain_of_a_thousand_joints_is_written(tmp_path):
    motion = parsed(chain(1000))
    write_bvh(motion, tmp_path / "deep.bvh")
    assert read_bvh(tmp_path / "deep.bvh") == motion


def test_a_million_frames_are_read():
    head = changed("Frames: 1\n", "Frames: 1000000\n", one_joint("Xrotation", "")).encode()
    motion = parsed(head + b"1.5\n-2e1\n" * 500_000)
    np.testing.assert_array_equal(motion.channels[:, 0], np.tile([1.5, -20], 500_000))


def sparse(path, head=b""):
    """Make a file of two billion bytes that takes no room on the disk."""
    with path.open("wb") as file:
        file.write(head)
        file.truncate(2_000_000_000)
    return path


def cost(call):
    """Return seconds and the most memory in bytes that a call takes."""
    tracemalloc.start()
    try:
        start = time.perf_counter()
        call()
        return time.perf_counter() - start, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("head", [b"", b"PK\x03\x04", b"HIER", b" " * 10_000], ids=["zeros", "zip", "cut", "blanks"])
def test_a_huge_file_that_is_not_bvh_is_refused_after_its_first_bytes(tmp_path, head):
    path = sparse(tmp_path / "huge.bvh", head)

    def call():
        with pytest.raises(ReadError, match=r"huge\.bvh:1:\d+: .{,200}expected HIERARCHY"):
            read_bvh(path)

    seconds, memory = cost(call)
    assert seconds < 1
    assert memory < 1 << 20


def test_the_header_of_a_huge_file_is_read_from_its_first_bytes(tmp_path):
    path = sparse(tmp_path / "huge.bvh", SMALL.encode())
    seconds, memory = cost(lambda: read_bvh_header(path))
    assert seconds < 1
    assert memory < 1 << 20


# The header alone


def test_a_header_reports_skeleton_frames_rate_and_where_the_rows_begin(tmp_path):
    path = tmp_path / "walk.bvh"
    path.write_text("\ufeff" + SMALL, encoding="utf-8")
    header = read_bvh_header(path)
    assert (header.skeleton, header.frames, header.rate) == (SMALL_MOTION.skeleton, 2, 10)
    assert SMALL[header.size :].startswith("1 2 3")


def test_a_header_may_be_longer_than_one_read(tmp_path):
    path = tmp_path / "deep.bvh"
    path.write_text(chain(1000))
    assert len(read_bvh_header(path).skeleton.joints) == 1000


@pytest.mark.parametrize("inside", range(len("Frame Time: 0.025\r\n") + 1))
def test_a_header_does_not_depend_on_where_a_read_ends(tmp_path, inside):
    text = changed("0.1", "0.025").replace("\n", "\r\n")
    blanks = (1 << 14) - text.index("Frame Time") - inside
    path = tmp_path / "long.bvh"
    path.write_bytes(changed("MOTION", " " * blanks + "MOTION", text).encode())
    assert read_bvh_header(path) == parse_bvh_header(path.read_bytes(), "long.bvh")


def test_damage_in_a_header_is_named_by_file_line_and_column(tmp_path):
    path = tmp_path / "broken.bvh"
    path.write_text(changed("JOINT Chest", "BONE Chest"))
    with pytest.raises(ReadError) as caught:
        read_bvh_header(path)
    assert (caught.value.path, caught.value.line, caught.value.column) == (str(path), 6, 2)


# Recorded takes


@pytest.mark.parametrize("name", ["01_01", "12_01", "131_01"])
def test_positions_of_a_recorded_take_are_those_of_another_library(real_data, name):
    motion = read_bvh(real_data / "cmu-bvh" / f"{name}.bvh")
    with np.load(real_data / "golden" / f"{name}.positions.npz") as golden:
        nodes = [*golden["joints"], *(f"{joint}_Nub" for joint in golden["end_sites"])]
        expected = np.concatenate([golden["joint_positions"], golden["end_site_positions"]], axis=1)
        frames = golden["frame"]
    found = motion.positions()[frames][:, [motion.skeleton.nodes.index(node) for node in nodes]]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", RECORDED)
def test_channels_of_a_recorded_take_are_float_bit_for_bit(real_data, name):
    path = real_data / f"{name}.bvh"
    rows = path.read_text().partition("Frame Time:")[2].splitlines()[1:]
    expected = np.array([[float(word) for word in row.split()] for row in rows if row.strip()])
    np.testing.assert_array_equal(read_bvh(path).channels.view(np.int64), expected.view(np.int64))


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_take_is_read_as_it_was_written(real_data, tmp_path, name):
    motion = read_bvh(real_data / f"{name}.bvh")
    write_bvh(motion, tmp_path / "copy.bvh")
    assert read_bvh(tmp_path / "copy.bvh") == motion


# Writing


@settings(max_examples=150)
@given(data=st.data())
def test_any_motion_is_read_as_it_was_written(motions, tmp_path_factory, data):
    motion = data.draw(motions)
    path = tmp_path_factory.getbasetemp() / "any.bvh"
    write_bvh(motion, path)
    with warnings.catch_warnings():
        # A joint may turn twice about one axis, which is noted.
        warnings.simplefilter("ignore", MotionPrepWarning)
        assert read_bvh(path) == motion


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_every_finite_number_is_read_as_it_was_written(tmp_path_factory, values):
    skeleton = Skeleton(("Hips",), (-1,), ((0.0, 0.0, 0.0),), (), (("Xrotation",),))
    path = tmp_path_factory.getbasetemp() / "numbers.bvh"
    write_bvh(Motion(skeleton, np.array(values)[:, None], 30.0), path)
    assert read_bvh(path).channels[:, 0].tolist() == values


def test_end_sites_before_between_and_after_joints_are_written_where_they_stood(tmp_path):
    skeleton = Skeleton(
        joints=("Hips", "Left", "Right"),
        parents=(-1, 0, 0),
        offsets=((0.0, 0.0, 0.0),) * 3,
        end_sites=tuple(EndSite(joint, (float(k), 0.0, 0.0)) for k, joint in enumerate([0, 1, 0, 0, 2, 0])),
        channels=(("Xrotation",),) * 3,
    )
    write_bvh(Motion(skeleton, np.zeros((1, 3)), 30.0), tmp_path / "tips.bvh")
    assert read_bvh(tmp_path / "tips.bvh").skeleton == skeleton


def test_joints_that_do_not_stand_depth_first_are_written_with_their_own_channels(tmp_path):
    skeleton = Skeleton(
        joints=("Hips", "Left", "Right", "LeftFoot"),
        parents=(-1, 0, 0, 1),
        offsets=((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (2.0, 0.0, 0.0), (3.0, 0.0, 0.0)),
        end_sites=(EndSite(2, (5.0, 0.0, 0.0)), EndSite(3, (4.0, 0.0, 0.0))),
        channels=(("Xrotation",), ("Yrotation",), ("Zrotation",), ("Xrotation",)),
    )
    motion = Motion(skeleton, np.array([[10.0, 20.0, 30.0, 40.0]]), 30.0)
    write_bvh(motion, tmp_path / "order.bvh")
    found = read_bvh(tmp_path / "order.bvh")
    assert found.skeleton.joints == ("Hips", "Left", "LeftFoot", "Right")
    np.testing.assert_array_equal(found.positions(), motion.positions()[:, [0, 1, 3, 2, 5, 4]])


def test_offsets_that_are_numpy_floats_are_written_as_numbers(tmp_path):
    offset = tuple(np.array([1.0, 2.0, 3.0]))
    skeleton = Skeleton(("Hips",), (-1,), (offset,), (EndSite(0, offset),), (("Xrotation",),))
    write_bvh(Motion(skeleton, np.zeros((1, 1)), 30.0), tmp_path / "offsets.bvh")
    assert read_bvh(tmp_path / "offsets.bvh").skeleton == skeleton


@pytest.mark.parametrize("name", ["a{", "}b", "a\nb", "a\rb", " a", "a\t"])
def test_a_name_that_bvh_cannot_say_is_not_written(tmp_path, name):
    skeleton = Skeleton((name,), (-1,), ((0.0, 0.0, 0.0),), (), (("Xrotation",),))
    with pytest.raises(ValueError, match="cannot be written as BVH"):
        write_bvh(Motion(skeleton, np.zeros((1, 1)), 30.0), tmp_path / "name.bvh")


def test_bare_points_are_not_written(tmp_path):
    channels = (("Xposition", "Yposition", "Zposition"),) * 2
    skeleton = Skeleton(("a", "b"), (-1, -1), ((0.0, 0.0, 0.0),) * 2, (), channels)
    with pytest.raises(ValueError, match="bare points cannot be written as BVH; expected joints that hang from one"):
        write_bvh(Motion(skeleton, np.zeros((1, 6)), 30.0), tmp_path / "points.bvh")


def test_an_error_while_writing_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "take.bvh"
    path.write_text("the old file")
    unwritable = Skeleton(("\ud800",), (-1,), ((0.0, 0.0, 0.0),), (), (("Xrotation",),))
    with pytest.raises(UnicodeEncodeError):
        write_bvh(Motion(unwritable, np.zeros((1, 1)), 30.0), path)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"take.bvh": "the old file"}


def test_a_disk_that_fails_at_the_last_step_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "take.bvh"
    path.write_text("the old file")

    def full(_self, _target):
        raise OSError("no space left")

    monkeypatch.setattr(type(path), "replace", full)
    with pytest.raises(OSError, match="no space left"):
        write_bvh(SMALL_MOTION, path)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"take.bvh": "the old file"}


# Fuzz


PLACES = st.integers(0, len(SMALL))
MUTATIONS = st.one_of(
    st.tuples(st.just("flip"), PLACES, st.integers(0, 255)),
    st.tuples(st.just("delete"), PLACES, st.integers(1, 40)),
    st.tuples(
        st.just("insert"), PLACES, st.binary(min_size=1, max_size=6) | st.sampled_from([b"\r", b"\n", b"{", b"}"])
    ),
    st.tuples(st.just("duplicate"), PLACES, st.integers(1, 60)),
    st.tuples(st.just("truncate"), PLACES, st.none()),
)


def mutated(data, mutations):
    for kind, at, what in mutations:
        if kind == "flip":
            data = data[:at] + bytes([what]) + data[at + 1 :]
        elif kind == "delete":
            data = data[:at] + data[at + what :]
        elif kind == "insert":
            data = data[:at] + what + data[at:]
        elif kind == "duplicate":
            data = data[: at + what] + data[at:]
        else:
            data = data[:at]
    return data


def outcome(data, **options):
    try:
        return parsed(data, **options)
    except ReadError as error:
        return error


@settings(max_examples=500)
@given(st.lists(MUTATIONS, min_size=1, max_size=4), st.booleans(), st.sampled_from([None, 1, 2]))
def test_a_mutated_file_is_a_motion_or_a_read_error(mutations, lenient, step):
    pick = None if step is None else lambda count, _rate: range(0, count, step)
    found = outcome(mutated(SMALL.encode(), mutations), lenient=lenient, pick=pick)
    assert isinstance(found, Motion | ReadError)


@settings(max_examples=300)
@given(st.lists(MUTATIONS, min_size=1, max_size=4))
def test_the_place_of_an_error_in_a_mutated_file_is_in_the_file(mutations):
    data = mutated(SMALL.encode(), mutations)
    found = outcome(data)
    if isinstance(found, ReadError):
        lines = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        assert 1 <= found.column <= len(lines[found.line - 1].decode(errors="replace")) + 1


@settings(max_examples=300)
@given(st.binary(max_size=200) | st.text("0123456789.eE+- \t\r\n,x", max_size=200).map(str.encode), st.booleans())
def test_any_bytes_after_a_header_are_a_motion_or_a_read_error(tail, lenient):
    head = SMALL[: SMALL.index("1 2 3")].encode()
    assert isinstance(outcome(head + tail, lenient=lenient), Motion | ReadError)


@given(st.binary(max_size=100))
def test_any_bytes_at_all_are_a_motion_or_a_read_error(data):
    assert isinstance(outcome(data), Motion | ReadError)
