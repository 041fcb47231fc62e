"""Changed arrays and changed TOML beside them: read, or refused with a documented error."""

from __future__ import annotations

import io
import zipfile
from random import Random

import numpy as np
from fuzzing import EXTREMES, ROUNDS, changed_text, hunt, splice

from motionprep.formats.arrays import parse_arrays
from motionprep.formats.arrays_metadata import ArrayMetadata, describe

ABOUT = ArrayMetadata(names=("a", "b", "c"), rate=20.0)
TOML = 'names = ["a", "b", "c"]\nrate = 20\nunits = "m"\nparents = [-1, 0, 1]\nsubject = "s1"\n'
DTYPES = ("<f4", ">f4", "<f8", ">f8", "<f2", "<i4", "<i8", "<u1", "|b1", "<c8", "<U4", "|O", "|S3", "<M8[s]", "<f16")


def npy(random: Random) -> bytes:
    shape = random.choice(
        ((6, 3, 3), (6, 3, 2), (2, 5, 3, 3), (6, 9), (6,), (), (0, 3, 3), (6, 4, 3), (1, 3, 3), (3, 3))
    )
    kind = random.choice(DTYPES[:5] if random.random() < 0.7 else DTYPES[:9])
    values = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(kind)
    if random.random() < 0.1 and values.dtype.kind == "f" and values.size:
        values.flat[0] = random.choice((np.nan, np.inf, -np.inf, 0.0))
    file = io.BytesIO()
    np.lib.format.write_array(file, values if random.random() < 0.8 else np.asfortranarray(values))
    return file.getvalue()


def _header(random: Random, data: bytes) -> bytes:
    """Change the text of the header, and as a rule its length with it."""
    start, length = 10, int.from_bytes(data[8:10], "little")
    text = data[start : start + length].decode("latin-1")
    changes = (
        lambda: text.replace("'descr'", random.choice(("'fortran_order'", "descr", "'descr", "''", "b'descr'"))),
        lambda: text.replace(
            "(6", "(" + random.choice((*EXTREMES, "6+0", "True", "[6]", "10**9", "2**62", "-6", "6.0"))
        ),
        lambda: text.replace("False", random.choice(("True", "0", "None", "[]", "False or True", "__import__('os')"))),
        lambda: text.replace("<f4", random.choice(DTYPES)).replace("<f8", random.choice(DTYPES)),
        lambda: (
            random.choice(("[", "(", "{", "-", "not ", "'a'\n", "\\", '"""', "0o", "\x0c", "1if 1else "))
            * random.choice((1, 50, 3_000))
            + text
        ),
        lambda: text[: random.randrange(len(text) + 1)],
        lambda: changed_text(random, (text,)).decode("utf-8", "replace").encode("latin-1", "replace").decode("latin-1"),
    )
    new = random.choice(changes)().encode("latin-1", "replace")[:60_000]
    size = len(new) if random.random() < 0.8 else random.choice((0, 1, 65535, length))
    return data[:8] + min(size, 65535).to_bytes(2, "little") + new + data[start + length :]


def _byte(random: Random, data: bytes) -> bytes:
    place = random.randrange(min(len(data), 140))
    return data[:place] + bytes([random.choice((0, 1, 2, 3, 255, random.randrange(256)))]) + data[place + 1 :]


def changed(random: Random) -> bytes:
    data = npy(random)
    for _ in range(random.choice((0, 1, 1, 2))):
        match random.randrange(6):
            case 0 | 1:
                data = _header(random, data) if len(data) > 10 else data
            case 2 if data:
                data = _byte(random, data)
            case 3:
                data = data[: random.choice((0, 1, 6, 8, 10, 64, 128, max(0, len(data) - 1)))]
            case 4:
                data += bytes(random.choice((1, 8, 4096)))
            case _:
                data = splice(random, data, npy(random))
    return data


def changed_archive(random: Random) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", random.choice((0, 8, 12, 14))) as archive:
        for name in random.sample(
            ("positions.npy", "joints.npy", "extra.npy", "a.txt", "../x.npy"), random.choice((0, 1, 1, 2))
        ):
            archive.writestr(name, changed(random) if random.random() < 0.5 else npy(random))
    data = bytearray(file.getvalue())
    for _ in range(random.choice((0, 1, 1, 3))):
        if data:
            data[random.randrange(len(data))] = random.choice((0, 1, 255, random.randrange(256)))
    return bytes(data[: random.choice((len(data), len(data), len(data) // 2, 22))])


def read(data: bytes) -> None:
    clips = parse_arrays(data, "take.npy", ABOUT)
    shape = clips.values.shape
    motion = clips.motion(range(shape[0]), range(shape[1]), 20.0)
    assert np.isfinite(motion.channels).all()


def is_plain(data: bytes, _: None) -> None:
    """What is read as it is said is also what NumPy reads."""
    clips = parse_arrays(data, "take.npy", ABOUT)
    values = np.load(io.BytesIO(data), allow_pickle=False)
    np.testing.assert_array_equal(clips.values.ravel(), values.ravel())


@ROUNDS
def test_a_changed_npy_file_is_refused_or_read_as_numpy_reads_it(rounds):
    done, refused = hunt(rounds * 5, changed, read, is_plain)
    assert min(done, refused) > rounds / 3


@ROUNDS
def test_a_changed_npz_file_is_refused_or_read(rounds):
    done, refused = hunt(rounds * 4, changed_archive, read)
    assert min(done, refused) > rounds / 30


@ROUNDS
def test_a_changed_toml_beside_arrays_is_refused_or_names_joints_and_rate(rounds):
    def check(_, metadata):
        assert metadata.joints
        assert np.isfinite(metadata.rate)
        assert metadata.rate > 0

    def describe_one(data):
        return describe((("arrays.toml", data),), None)[0]

    done, refused = hunt(rounds * 4, lambda random: changed_text(random, (TOML,)), describe_one, check)
    assert min(done, refused) > rounds / 10
