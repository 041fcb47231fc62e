from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import accumulate, combinations, groupby

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from motionprep.errors import RecipeError
from motionprep.recipe.recipe import Choice, Split, recipe_from_json
from motionprep.recipe.splits import Part, assign, deal, grouped, lacking

CMU_69 = [f"69_{number:02}" for number in range(1, 76)]


def of(sizes: list[int]) -> tuple[list[str], list[str]]:
    """Return keys and subjects of motions, so many of each subject."""
    keys = [
        (f"{subject}_{motion}", str(subject)) for subject, size in enumerate(sizes, 1) for motion in range(1, size + 1)
    ]
    return [key for key, _ in keys], [subject for _, subject in keys]


def sides(split: Split, keys: list[str], subjects: list[str] | None = None) -> dict[str, list[str]]:
    """Return the keys of each side."""
    found: dict[str, list[str]] = {}
    for part in assign(split, keys, subjects or [key.partition("_")[0] for key in keys]):
        found.setdefault(part.split, []).append(keys[part.motion])
    return found


def sizes(split: Split, counts: list[int]) -> list[int]:
    """Return how many motions each side has of subjects with so many."""
    keys, subjects = of(counts)
    return [len(found) for found in sides(split, keys, subjects).values()]


class TestPercent:
    def test_the_first_2293_of_2548_motions_train_and_the_others_test(self) -> None:
        keys = [f"{number}_01" for number in range(1, 2549)]

        assert sides(Split(percent="90/10"), keys) == {"train": keys[:2293], "test": keys[2293:]}

    @settings(deadline=None, max_examples=60)
    @given(st.integers(2, 3000), st.integers(1, 99))
    def test_the_first_floor_of_its_share_train(self, count: int, percent: int) -> None:
        train = percent * count // 100
        assume(train)
        keys = [f"{number}_01" for number in range(count)]

        assert sides(Split(percent=f"{percent}/{100 - percent}"), keys)["train"] == keys[:train]

    @settings(deadline=None, max_examples=60)
    @given(st.integers(10, 3000))
    def test_three_splits_end_at_the_floors_of_cumulative_shares(self, count: int) -> None:
        keys = [f"{number}_01" for number in range(count)]
        first, second = 8 * count // 10, 9 * count // 10

        assert sides(Split(percent="80/10/10"), keys) == {
            "train": keys[:first],
            "val": keys[first:second],
            "test": keys[second:],
        }

    def test_parts_of_a_percent_count(self) -> None:
        assert sizes(Split(percent="99.5/0.5"), [1] * 1000) == [995, 5]

    def test_without_percent_or_lists_everything_trains(self) -> None:
        assert assign(Split(), ["1_01", "1_02"], ["1", "1"]) == [Part(0, "train"), Part(1, "train")]

    def test_an_empty_split_is_an_error_that_says_why(self) -> None:
        with pytest.raises(RecipeError) as error:
            assign(Split(percent="80/10/10"), *of([3, 2]))

        assert str(error.value) == (
            "split: 'val' is empty: 5 motions of 2 subjects are too few for '80/10/10' by motion, order natural; "
            "give more, or all to train with percent = '100'"
        )


class TestBySubject:
    split = Split(percent="90/10", by="subject")

    @settings(deadline=None, max_examples=100)
    @given(
        st.lists(st.integers(1, 30), min_size=3, max_size=12),
        st.sampled_from(["90/10", "50/50", "80/10/10", "10/10/80"]),
    )
    def test_no_split_is_empty_and_none_could_come_nearer_to_its_share(self, counts: list[int], percent: str) -> None:
        ends = list(accumulate(Fraction(part) * sum(counts) / 100 for part in percent.split("/")))
        before = [0, *accumulate(counts)]

        def miss(cuts: tuple[int, ...]) -> Fraction:
            return sum((abs(before[cut] - end) for cut, end in zip(cuts, ends, strict=False)), Fraction(0))

        best = min(miss(cuts) for cuts in combinations(range(1, len(counts)), len(ends) - 1))
        found = sizes(Split(percent=percent, by="subject"), counts)

        assert sum(abs(reached - end) for reached, end in zip(accumulate(found), ends, strict=True)) == best

    @settings(deadline=None, max_examples=60)
    @given(st.lists(st.integers(1, 30), min_size=2, max_size=20), st.sampled_from(["natural", "hash"]))
    def test_no_subject_is_on_two_splits(self, counts: list[int], order: str) -> None:
        split = recipe_from_json({"split": {"percent": "60/40", "by": "subject", "order": order}}).split
        keys, subjects = of(counts)
        try:
            parts = assign(split, keys, subjects)
        except RecipeError:
            assume(False)

        assert all(
            len({part.split for part in same}) == 1
            for _, same in groupby(parts, key=lambda part: subjects[part.motion])
        )

    @pytest.mark.parametrize(
        ("percent", "counts", "expected"),
        [
            ("90/10", [5, 5], [5, 5]),
            ("90/10", [1, 1], [1, 1]),
            ("10/90", [5, 5], [5, 5]),
            ("10/90", [1, 1], [1, 1]),
            ("80/20", [7] * 5, [28, 7]),
            ("80/20", [1] * 5, [4, 1]),
            ("80/10/10", [9] * 3, [9, 9, 9]),
            ("80/10/10", [30, 30, 30, 2, 2], [60, 30, 4]),
            ("90/10", [1, 1, 98], [2, 98]),
            ("90/10", [98, 1, 1], [98, 2]),
        ],
    )
    def test_few_subjects_fill_every_split(self, percent: str, counts: list[int], expected: list[int]) -> None:
        assert sizes(Split(percent=percent, by="subject"), counts) == expected

    def test_fewer_subjects_than_splits_are_an_error(self) -> None:
        with pytest.raises(RecipeError, match="'test' is empty: 9 motions of 1 subjects are too few"):
            assign(self.split, *of([9]))

    def test_a_subject_whose_motions_do_not_stand_together_stays_whole(self) -> None:
        keys, subjects = ["1_01", "2_01", "3_01", "1_02"], ["1", "2", "3", "1"]

        assert sides(Split(percent="50/50", by="subject"), keys, subjects) == {
            "train": ["1_01", "1_02"],
            "test": ["2_01", "3_01"],
        }


class TestByHash:
    split = Split(percent="80/10/10", order="hash")

    def test_a_name_alone_decides_its_split_for_good(self) -> None:
        # Another rule would put motions that were trained on among those to be tested.
        names = {"69_01": "train", "01_02": "val", "143_21": "test", "69_03": "train", "69_04": "test"}
        keys = [*CMU_69, *names]

        found = {key: side for side, its in sides(self.split, keys).items() for key in its}

        assert {key: found[key] for key in names} == names

    @settings(deadline=None, max_examples=40)
    @given(st.sets(st.integers(0, 10**6), min_size=1), st.sets(st.integers(0, 10**6), min_size=60, max_size=80))
    def test_no_motion_changes_sides_when_others_are_added(self, few: set[int], more: set[int]) -> None:
        base = [f"base_{number}" for number in range(60)]
        one = [*base, *(f"1_{number}" for number in sorted(few))]
        many = [*base, *(f"1_{number}" for number in sorted(few | more))]

        before = {key: side for side, keys in sides(self.split, one).items() for key in keys}
        after = {key: side for side, keys in sides(self.split, many).items() for key in keys}

        assert {key: after[key] for key in one} == before

    def test_the_percentages_are_met_on_average(self) -> None:
        train, val, test = (len(keys) for keys in sides(self.split, [f"1_{k}" for k in range(10_000)]).values())

        assert (round(train, -3), round(val, -3), round(test, -3)) == (8000, 1000, 1000)

    def test_by_subject_the_subjects_name_decides(self) -> None:
        split = Split(percent="50/50", by="subject", order="hash")
        subjects = [str(number) for number in range(20)]
        alone = sides(Split(percent="50/50", order="hash"), subjects)

        whole = sides(split, [f"{subject}_01" for subject in subjects], subjects)

        assert whole == {side: [f"{subject}_01" for subject in names] for side, names in alone.items()}


@settings(deadline=None, max_examples=80)
@given(
    st.lists(st.integers(1, 12), min_size=3, max_size=15),
    st.sampled_from(["90/10", "34/33/33", "1/99"]),
    st.sampled_from(["motion", "subject"]),
    st.sampled_from(["natural", "hash"]),
)
def test_every_motion_is_on_exactly_one_split_and_in_order(
    counts: list[int], percent: str, by: str, order: str
) -> None:
    split = recipe_from_json({"split": {"percent": percent, "by": by, "order": order}}).split
    try:
        parts = assign(split, *of(counts))
    except RecipeError as error:
        assume("is empty" not in str(error))
        raise

    assert [part.motion for part in parts] == list(range(sum(counts)))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 12), min_size=3, max_size=15), st.sampled_from(["motion", "subject"]))
def test_in_natural_order_the_splits_follow_each_other(counts: list[int], by: str) -> None:
    split = recipe_from_json({"split": {"percent": "40/30/30", "by": by}}).split
    try:
        found = [part.split for part in assign(split, *of(counts))]
    except RecipeError:
        assume(False)

    assert [side for side, _ in groupby(found)] == ["train", "val", "test"]


def shares(split: Split, labels: list[str], subjects: list[str] | None = None) -> dict[str, Counter[str]]:
    """Return how many motions of each label each side has."""
    found: dict[str, Counter[str]] = {side: Counter() for side in split.names()}
    keys = [f"1_{number}" for number in range(len(labels))]
    for part in assign(split, keys, subjects or keys, labels):
        found[part.split][labels[part.motion]] += 1
    return found


PERCENT = st.sampled_from(["80/20", "90/10", "80/10/10", "34/33/33"])
LABELS = st.lists(st.sampled_from(["", "walk", "run", "jump"]), min_size=20, max_size=120)


class TestStratified:
    @given(LABELS, PERCENT, st.sampled_from(["natural", "hash"]))
    def test_each_cut_through_a_label_is_within_one_motion_of_its_place(
        self, labels: list[str], percent: str, order: str
    ) -> None:
        split = recipe_from_json({"split": {"percent": percent, "stratify": True, "order": order}}).split
        found = shares(split, labels)
        ends = list(accumulate(split.shares().values()))

        for label, count in Counter(labels).items():
            cuts = accumulate(found[side][label] for side in split.names())
            assert all(abs(cut - end * count) < 1 for cut, end in zip(cuts, ends, strict=True))

    @given(LABELS, PERCENT)
    def test_the_splits_are_as_large_as_without_labels(self, labels: list[str], percent: str) -> None:
        keys = [f"1_{number}" for number in range(len(labels))]
        plain = Counter(part.split for part in assign(Split(percent=percent), keys, keys))

        dealt = Counter(part.split for part in assign(Split(percent=percent, stratify=True), keys, keys, labels))

        assert dealt == plain

    @given(LABELS, PERCENT, st.sampled_from(["motion", "subject"]))
    def test_every_motion_is_on_one_split_and_in_order(self, labels: list[str], percent: str, by: str) -> None:
        split = recipe_from_json({"split": {"percent": percent, "stratify": True, "by": by}}).split
        keys = [f"1_{number}" for number in range(len(labels))]

        parts = assign(split, keys, keys, labels)

        assert [part.motion for part in parts] == list(range(len(labels)))

    def test_the_first_motions_of_each_label_train(self) -> None:
        labels = ["walk", "walk", "run", "walk", "run", "run", "walk", "run"]

        parts = assign(Split(percent="75/25", stratify=True), list("abcdefgh"), list("abcdefgh"), labels)

        assert [part.motion for part in parts if part.split == "test"] == [6, 7]

    def test_by_hash_the_motions_of_a_label_are_dealt_in_the_order_of_their_hashes(self) -> None:
        keys = [f"1_{number}" for number in range(100)]
        split = recipe_from_json({"split": {"percent": "50/50", "order": "hash", "stratify": True}}).split
        # What a hash alone puts into train are those whose hashes are small.
        alone = {
            part.motion for part in assign(Split(percent="30/70", order="hash"), keys, keys) if part.split == "train"
        }

        train = {part.motion for part in assign(split, keys, keys, [""] * 100) if part.split == "train"}

        assert alone < train

    def test_labels_of_a_motion_each_are_dealt_as_one_would_be(self) -> None:
        found = shares(Split(percent="80/20", stratify=True), [f"label {number:02}" for number in range(50)])

        assert (found["train"].total(), found["test"].total()) == (40, 10)

    def test_labels_that_are_not_on_every_split_are_reported_with_their_number(self) -> None:
        split = Split(percent="80/10/10", stratify=True)
        labels = [*["walk"] * 30, *["run"] * 2, "jump", "", *["turn"] * 40]

        parts = assign(split, [str(number) for number in range(len(labels))], labels, labels)

        assert lacking(split, parts, labels) == {"": 1, "jump": 1, "run": 2}


class TestStratifiedBySubject:
    split = Split(percent="80/20", by="subject", stratify=True)

    @given(
        st.lists(st.lists(st.sampled_from(["", "walk", "run"]), min_size=1, max_size=9), min_size=3, max_size=12),
        PERCENT,
        st.sampled_from(["natural", "hash"]),
    )
    def test_no_subject_is_on_two_splits_and_none_is_empty(
        self, of_subjects: list[list[str]], percent: str, order: str
    ) -> None:
        split = recipe_from_json(
            {"split": {"percent": percent, "by": "subject", "stratify": True, "order": order}}
        ).split
        keys, subjects = of([len(labels) for labels in of_subjects])
        found: dict[str, set[str]] = {}
        for part in assign(split, keys, subjects, [label for labels in of_subjects for label in labels]):
            found.setdefault(part.split, set()).add(subjects[part.motion])

        assert sorted(name for side in found.values() for name in side) == sorted(set(subjects))
        assert set(found) == set(split.names())

    def test_subjects_that_all_do_the_same_meet_the_percentages(self) -> None:
        _, subjects = of([6] * 10)

        found = shares(self.split, ["walk", "walk", "walk", "run", "run", "jump"] * 10, subjects)

        assert found["test"] == {"walk": 6, "run": 4, "jump": 2}

    def test_subjects_that_do_one_thing_each_are_dealt_thing_by_thing(self) -> None:
        _, subjects = of([4] * 20)
        labels = [label for label in ("walk", "run", "jump", "turn") for _ in range(20)]

        found = shares(self.split, labels, subjects)

        assert found["test"] == {"walk": 4, "run": 4, "jump": 4, "turn": 4}

    def test_fewer_subjects_than_splits_are_an_error(self) -> None:
        with pytest.raises(RecipeError, match="'test' is empty: 9 motions of 1 subjects are too few"):
            assign(self.split, *of([9]), ["walk"] * 9)


MOTIONS = st.lists(st.tuples(st.integers(0, 5000), st.sampled_from(["", "walk", "run", "jump"])), min_size=1)


class TestDeal:
    @given(MOTIONS, st.integers(1, 6))
    def test_every_motion_is_in_one_part(self, motions: list[tuple[int, str]], parts: int) -> None:
        frames, labels = zip(*motions, strict=True)

        assert set(deal(frames, labels, parts)) <= set(range(1, parts + 1))
        assert len(deal(frames, labels, parts)) == len(motions)

    @given(MOTIONS, st.integers(2, 6))
    def test_sizes_differ_by_no_more_than_the_longest_motion(self, motions: list[tuple[int, str]], parts: int) -> None:
        frames, labels = zip(*motions, strict=True)
        sizes = [0] * parts
        for part, count in zip(deal(frames, labels, parts), frames, strict=True):
            sizes[part - 1] += count

        assert max(sizes) - min(sizes) <= max(frames)

    @given(MOTIONS, st.integers(2, 6))
    def test_a_label_differs_by_no_more_than_one_motion_or_its_longest(
        self, motions: list[tuple[int, str]], parts: int
    ) -> None:
        frames, labels = zip(*motions, strict=True)
        dealt = deal(frames, labels, parts)
        for label in set(labels):
            of_label = [at for at, other in enumerate(labels) if other == label]
            each = [[frames[at] for at in of_label if dealt[at] == part] for part in range(1, parts + 1)]

            assert max(map(len, each)) - min(map(len, each)) <= 1
            assert max(map(sum, each)) - min(map(sum, each)) <= max(frames[at] for at in of_label)

    def test_what_is_uneven_is_made_up_for_by_what_follows(self) -> None:
        frames = [1000, 1, *[100] * 22]

        dealt = deal(frames, ["long", "long", *["short"] * 22], 2)

        assert sorted(Counter(dealt).values()) == [12, 12]
        assert dealt[:2] == [1, 2]

    def test_parts_of_a_long_list_are_all_but_equal(self) -> None:
        frames = [100 + 37 * number % 400 for number in range(400)]

        dealt = deal(frames, [f"label {number % 12}" for number in range(400)], 4)

        sizes = [sum(count for count, part in zip(frames, dealt, strict=True) if part == one) for one in range(1, 5)]
        assert max(sizes) - min(sizes) < 0.002 * sum(frames)


class TestLists:
    def test_keys(self) -> None:
        split = Split(train=("69_02", "69_01"), test=("69_75",))

        assert sides(split, CMU_69) == {"train": ["69_01", "69_02"], "test": ["69_75"]}

    def test_ranges_of_keys_in_natural_order(self) -> None:
        keys = ["2_2", "2_9", "2_10", "10_1", "11_1"]

        assert sides(Split(train=("2_9..10_1",)), keys) == {"train": ["2_9", "2_10", "10_1"]}

    def test_patterns(self) -> None:
        assert sides(Split(test=("69_7?", "01_*")), ["01_01", *CMU_69])["test"] == ["01_01", *CMU_69[69:]]

    def test_a_key_that_looks_like_a_pattern_names_itself(self) -> None:
        assert sides(Split(train=("a[1]",), test=("a1",)), ["a1", "a[1]"]) == {"train": ["a[1]"], "test": ["a1"]}

    def test_a_key_with_two_dots_names_itself(self) -> None:
        assert sides(Split(train=("a..b",)), ["a", "a..b", "b"]) == {"train": ["a..b"]}

    def test_subjects(self) -> None:
        assert sides(Split(train=(Choice(subject="6"),)), ["6_01", "6_02", "66_01"]) == {"train": ["6_01", "6_02"]}

    def test_ordinals_count_from_1_and_take_both_ends(self) -> None:
        split = Split(train=(Choice(ordinals="1-3"),), test=(Choice(ordinals="5-5"),))

        assert sides(split, list("abcde")) == {"train": ["a", "b", "c"], "test": ["e"]}

    def test_frames(self) -> None:
        split = Split(train=(Choice(motions="b", frames="1-400"),), test=(Choice(motions="b", frames="401-469"),))

        assert assign(split, ["a", "b"], ["1", "1"]) == [Part(1, "train", (1, 400)), Part(1, "test", (401, 469))]

    def test_motions_that_no_list_names_are_on_no_split(self) -> None:
        assert [part.motion for part in assign(Split(val=("b",)), ["a", "b", "c"], ["1", "1", "1"])] == [1]

    def test_parts_come_by_motion_and_then_by_frame(self) -> None:
        split = Split(
            train=(Choice(motions="b", frames="9-10"), Choice(motions="b", frames="1-2")),
            test=(Choice(motions="b", frames="3-8"), "a"),
        )

        assert assign(split, ["a", "b"], ["1", "1"]) == [
            Part(0, "test"),
            Part(1, "train", (1, 2)),
            Part(1, "test", (3, 8)),
            Part(1, "train", (9, 10)),
        ]

    @pytest.mark.parametrize(
        ("split", "message"),
        [
            (
                Split(train=("69_01..69_03",), test=("69_03",)),
                "split: motion '69_03' is in two splits, test and train",
            ),
            (
                Split(train=("69_01", Choice(motions="69_01", frames="1-2"))),
                "split: motion '69_01' is twice in train",
            ),
            (
                Split(
                    train=(Choice(motions="69_01", frames="1-400"),), test=(Choice(motions="69_01", frames="400-469"),)
                ),
                "split: frames 1-400 of '69_01' in train overlap frames 400-469 in test",
            ),
            (
                Split(train=(Choice(motions="69_01", frames="1-400"),), val=(Choice(motions="69_01", frames="20-30"),)),
                "split: frames 1-400 of '69_01' in train overlap frames 20-30 in val",
            ),
            (
                Split(test=("70_01",)),
                "split: test names motion '70_01'; there is none among the 75 motions found; did you mean '69_01'?",
            ),
            (Split(test=("70_*",)), "split: test names motion '70_*'; there is none among the 75 motions found"),
            (
                Split(test=(Choice(subject="70"),)),
                "split: test names subject '70'; there is none among the 75 motions found",
            ),
            (
                Split(val=("69_74..69_76",)),
                "split: val names the range '69_74..69_76'; there is no motion '69_76'; did you mean '69_75'?",
            ),
            (Split(val=("69_74..69_03",)), "split: val names the range '69_74..69_03'; it runs backwards"),
            (Split(val=(Choice(ordinals="70-76"),)), "split: val names ordinals 70-76; there are 75 motions"),
        ],
    )
    def test_what_cannot_be_is_an_error_that_names_it(self, split: Split, message: str) -> None:
        with pytest.raises(RecipeError) as error:
            assign(split, CMU_69, ["69"] * 75)

        assert str(error.value) == message

    @settings(deadline=None, max_examples=60)
    @given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), min_size=2, max_size=5))
    def test_frame_ranges_are_refused_exactly_when_two_share_a_frame(self, ends: list[tuple[int, int]]) -> None:
        ranges = [(min(pair), max(pair)) for pair in ends]
        choices = [Choice(motions="a", frames=f"{first}-{last}") for first, last in ranges]
        taken = Counter(frame for first, last in ranges for frame in range(first, last + 1))
        try:
            assign(Split(train=tuple(choices[::2]), test=tuple(choices[1::2])), ["a"], ["1"])
            refused = False
        except RecipeError:
            refused = True

        assert refused == (max(taken.values()) > 1)


class TestExperiments:
    """Splits of published experiments on subject 69, as lists."""

    def test_one_motion_cut_in_two(self) -> None:
        split = recipe_from_json(
            {
                "split": {
                    "train": [{"motions": "69_01", "frames": "1-400"}],
                    "test": [{"motions": "69_01", "frames": "401-469"}],
                }
            }
        ).split

        assert assign(split, CMU_69, ["69"] * 75) == [Part(0, "train", (1, 400)), Part(0, "test", (401, 469))]

    @pytest.mark.parametrize("more", [[], ["69_01"], ["69_01", "69_03"]])
    def test_a_motion_cut_in_two_with_whole_ones_beside_it(self, more: list[str]) -> None:
        first = {"motions": "69_02", "frames": "1-300"}
        split = recipe_from_json(
            {"split": {"train": [first, *more], "test": [{"motions": "69_02", "frames": "301-343"}]}}
        ).split
        whole = [Part(CMU_69.index(key), "train") for key in more]

        assert assign(split, CMU_69, ["69"] * 75) == sorted(
            [*whole, Part(1, "train", (1, 300)), Part(1, "test", (301, 343))],
            key=lambda part: (part.motion, part.frames or (0, 0)),
        )

    def test_all_but_the_first_motion_train(self) -> None:
        split = Split(train=("69_02..69_75",), test=("69_01",))

        assert sides(split, CMU_69) == {"test": CMU_69[:1], "train": CMU_69[1:]}

    def test_all_but_three_motions_train(self) -> None:
        split = Split(train=("69_03..69_74",), test=("69_01", "69_02", "69_75"))

        assert sides(split, CMU_69) == {"test": ["69_01", "69_02", "69_75"], "train": CMU_69[2:74]}


class TestDuplicates:
    KEYS = ("1_1", "1_2", "2_1", "2_2", "3_1", "4_1")
    SUBJECTS = ("1", "1", "2", "2", "3", "4")

    def grouped(self, by: str, *shared: set[str]) -> list[str]:
        split = Split(percent="50/50", by=by)
        return grouped(split, self.KEYS, self.SUBJECTS, shared)

    def assigned(self, split: Split, groups: list[str]) -> list[Part]:
        """Return the parts of splits; none if a split would be empty, by a hash or as all motions are one group."""
        try:
            return assign(split, self.KEYS, self.SUBJECTS, ["walk"] * len(self.KEYS), None, groups)
        except RecipeError:
            return []

    def test_each_motion_is_by_itself_where_none_shares_frames(self) -> None:
        assert self.grouped("duplicates") == list(self.KEYS)

    def test_motions_that_share_frames_have_the_name_of_the_first(self) -> None:
        assert self.grouped("duplicates", {"2_1", "1_2"}, {"4_1", "3_1", "gone"}, {"4_1", "2_1"}) == [
            *("1_1", "1_2", "1_2", "2_2", "1_2", "1_2")
        ]

    def test_subjects_who_share_frames_have_the_name_of_the_first(self) -> None:
        assert self.grouped("subject,duplicates", {"2_1", "3_1"}) == ["1", "1", "2", "2", "2", "4"]

    def test_frames_that_are_shared_change_nothing_about_other_rules(self) -> None:
        assert self.grouped("subject", {"2_1", "3_1"}) == list(self.SUBJECTS)

    @given(
        st.lists(st.sets(st.sampled_from(KEYS), min_size=2), max_size=4),
        st.sampled_from(["duplicates", "subject,duplicates"]),
        st.sampled_from(["natural", "hash"]),
        st.booleans(),
    )
    def test_no_two_motions_that_share_frames_are_on_two_splits(
        self, shared: list[set[str]], by: str, order: str, stratify: bool
    ) -> None:
        split = Split(percent="50/50", by=by, order=order, stratify=stratify)
        groups = grouped(split, self.KEYS, self.SUBJECTS, shared)
        parts = self.assigned(split, groups)
        assume(parts)
        on = {self.KEYS[part.motion]: part.split for part in parts}

        assert set(on) == set(self.KEYS)
        for group in shared:
            assert len({on[key] for key in group}) == 1
        if "subject" in by:
            assert all(on[f"{subject}_1"] == on[f"{subject}_2"] for subject in "12")

    def test_one_group_is_too_few_for_two_splits(self) -> None:
        split = Split(percent="50/50", by="duplicates")
        groups = grouped(split, self.KEYS, self.SUBJECTS, [set(self.KEYS)])

        with pytest.raises(RecipeError, match="6 motions of 1 groups are too few for '50/50' by duplicates"):
            assign(split, self.KEYS, self.SUBJECTS, groups=groups)
