"""A recipe: everything that decides a dataset but the data, checked when it is made."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec

from motionprep.errors import RecipeError
from motionprep.files.reading import parse_json, parse_toml, read_text, shown
from motionprep.formats.arrays_metadata import ArrayMetadata
from motionprep.motion import hashing
from motionprep.motion.feature_kinds import KINDS, SIX_BY
from motionprep.motion.rates import is_rate
from motionprep.naming import shipped
from motionprep.naming.canonical import Joint
from motionprep.naming.fields import parse_field
from motionprep.naming.nearest import did_you_mean
from motionprep.recipe.corpus import Corpus
from motionprep.recipe.selection import Selection
from motionprep.stages import STAGES, Features, Stage
from motionprep.stages.base import Augment
from motionprep.stages.downsample import Downsample
from motionprep.stages.features import BARE, DEFAULT, KNOWN, MADE_BY, MARKERS, MASKS
from motionprep.stages.normalize import Normalize
from motionprep.stages.represent import Represent

#: Of a split by percentages, by how many there are.
SPLITS = {1: ("train",), 2: ("train", "test"), 3: ("train", "val", "test")}
FORMAT = 2
_BOTH = {"motion", "markers"}
#: Features that are masks, or hold one.
_NOT_NORMALIZED = (*MASKS, "markers_seen")

_MSGSPEC_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$?\.?(?P<where>[^`]*)`)?$", re.DOTALL)


class Choice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One entry of a split's list: which motions, and which of their frames.

    Parameters
    ----------
    motions
        A key (``69_01``), a range of keys in natural order (``69_03..69_74``) or a pattern (``69_*``).
    subject
        All motions of a subject.
    ordinals
        A range of ordinals, ``1-2293``, counted from 1 in natural order.
    frames
        A range of the files' frames, ``1-400``, counted from 1, both ends taken; all if empty.
    """

    motions: str = ""
    subject: str = ""
    ordinals: str = ""
    frames: str = ""

    def __post_init__(self) -> None:
        if sum(bool(field) for field in (self.motions, self.subject, self.ordinals)) != 1:
            raise ValueError("give one of motions, subject and ordinals")
        for field in ("ordinals", "frames"):
            if value := getattr(self, field):
                span(value, field)


def span(text: str, field: str) -> tuple[int, int]:
    """Return the ends of a range such as ``1-400``, both taken and counted from 1.

    Raises
    ------
    ValueError
        If it is no such range.
    """
    match = re.fullmatch(r"(\d{1,15})-(\d{1,15})", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError(f"{field} is {text!r}; expected a range such as '1-400', counted from 1")
    return int(match[1]), int(match[2])


Entry = str | Choice
#: First and last frame of a file, counted from 1, both taken, and what they are labelled.
LabelRange = tuple[int, int, str]
#: Of a whole motion, or of ranges of its frames.
Label = str | tuple[LabelRange, ...]


class Split(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which motions train, validate and test.

    Parameters
    ----------
    percent
        ``90/10`` (train/test) or ``80/10/10`` (train/val/test).
    by
        ``"motion"``, or what goes whole to one split: ``"subject"``; ``"duplicates"``, motions that share frames; or
        ``"subject,duplicates"``, subjects together with those who share frames with them. The splits then come as near
        to the percentages as whole groups can.
    order
        ``"natural"``: the first motions train. ``"hash"``: each motion's (or subject's) own name decides, so that it
        never changes splits when data is added; the percentages are then met on average.
    stratify
        Deal the motions of each label by the percentages, and those without a label as well. Train and test then have
        their share of a label to within one motion; by subject, as nearly as whole subjects can. ``order`` only says
        which motions of a label come first; by subject, which of equal subjects do.
    parts
        Into how many parts of equal size and the same labels train is dealt, to be read one by one; 1: none.
    train, val, test
        Explicit lists in place of percentages: keys, ranges, patterns or tables (:class:`Choice`).
    """

    percent: str = ""
    by: Literal["motion", "subject", "duplicates", "subject,duplicates"] = "motion"
    order: Literal["natural", "hash"] = "natural"
    stratify: bool = False
    parts: int = 1
    train: tuple[Entry, ...] = ()
    val: tuple[Entry, ...] = ()
    test: tuple[Entry, ...] = ()

    def __post_init__(self) -> None:
        for split in SPLITS[3]:
            if "" in getattr(self, split):
                raise ValueError(f"{split} holds an empty key")
        lists = self.lists()
        if self.percent and lists:
            raise ValueError(f"give percent or lists, not both (there is a list for {', '.join(lists)})")
        if self.percent:
            self.shares()
        elif self.by != "motion" or self.order != "natural" or self.stratify:
            raise ValueError("by, order and stratify go with percent")
        if self.parts < 1:
            raise ValueError(f"parts is {self.parts}; it must be at least 1")
        if self.parts > 1 and "train" not in self.names():
            raise ValueError(f"parts is {self.parts}, but there is no train to be dealt into parts")

    def lists(self) -> dict[str, tuple[Choice, ...]]:
        """Return the explicit lists, each entry as a :class:`Choice`."""
        return {
            split: tuple(
                entry if isinstance(entry, Choice) else Choice(motions=entry) for entry in getattr(self, split)
            )
            for split in SPLITS[3]
            if getattr(self, split)
        }

    def shares(self) -> dict[str, Fraction]:
        """Return each split's share of one, from ``percent``; all to train if that is empty.

        Raises
        ------
        ValueError
            If these are not two or three numbers above zero that add up to 100.
        """
        if not self.percent:
            return {"train": Fraction(1)}
        parts = self.percent.split("/")
        if len(parts) not in SPLITS or not all(re.fullmatch(r"\d{1,3}(\.\d{1,9})?", part) for part in parts):
            raise ValueError(
                f"percent is {self.percent!r}; expected two or three numbers such as '90/10' or '80/10/10', or '100'"
            )
        numbers = [Fraction(part) for part in parts]
        if sum(numbers) != 100:
            raise ValueError(f"percent is {self.percent!r}, which adds up to {float(sum(numbers)):g}; expected 100")
        if not all(numbers):
            raise ValueError(f"percent is {self.percent!r}; each split needs more than 0")
        return dict(zip(SPLITS[len(numbers)], (number / 100 for number in numbers), strict=True))

    def names(self) -> tuple[str, ...]:
        """Return the names of the splits, in order."""
        return tuple(self.lists()) or tuple(self.shares())


class Reading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How files are found and read.

    Parameters
    ----------
    key_pattern
        A regular expression with groups ``subject`` and ``motion``, searched for in a file's path below the data folder
        without its suffix. Empty: ``69_01.bvh`` is motion ``69_01`` of subject ``69``.
    positions
        Whether a position channel takes the place of its joint's ``OFFSET`` or adds to it.
    lenient
        Keep the rows that are there where ``Frames:`` says another number, and leave out lines of words after the last
        row, with a note in the manifest.
    rates
        Frames a second of takes whose files say it wrong or not at all, by key; of both files, where a take has two.
    labels
        By key a label, or labels of ranges of the file's frames, ``[[1, 120, "walk"], [121, 300, "turn"]]``, counted
        from 1, both ends taken; from ``label_pattern`` where a key is not in it, or, if that is empty as well, from the
        text index beside the data.
    label_pattern
        A regular expression with a group ``label``, searched for where ``key_pattern`` is.
    arrays
        What ``.npy`` and ``.npz`` files hold where nothing beside them says it; such files are passed over if None.
    body_model
        The file of a body model of SMPL, SMPL-H or SMPL-X, from which AMASS's motions get bone lengths.
    """

    key_pattern: str = ""
    positions: Literal["replace", "add"] = "replace"
    lenient: bool = False
    rates: dict[str, float] = {}
    labels: dict[str, Label] = {}
    label_pattern: str = ""
    arrays: ArrayMetadata | None = None
    body_model: str = ""

    def __post_init__(self) -> None:
        for key, rate in self.rates.items():
            if not is_rate(rate):
                raise ValueError(f"rates has {rate:g} for {key!r}; expected a number above 0 that float32 can hold")
        for key, label in self.labels.items():
            if not isinstance(label, str):
                _check_ranges(key, label)
        for field, needed in (("key_pattern", {"subject", "motion"}), ("label_pattern", {"label"})):
            if not (pattern := getattr(self, field)):
                continue
            try:
                groups = re.compile(pattern).groupindex
            except re.error as error:
                raise ValueError(f"{field} {pattern!r} is no regular expression: {error}") from None
            if missing := needed - set(groups):
                raise ValueError(f"{field} {pattern!r} has no group {', '.join(sorted(missing))}")


def _check_ranges(key: str, ranges: Sequence[LabelRange]) -> None:
    if not ranges:
        raise ValueError(f'labels has no range for {key!r}; expected such as [[1, 120, "walk"]]')
    for start, stop, label in ranges:
        if not 1 <= start <= stop:
            raise ValueError(f"labels has frames {start}-{stop} of {key!r}; expected such as 1-120, counted from 1")
        if not label:
            raise ValueError(f"labels has an empty label for frames {start}-{stop} of {key!r}")
    for one, other in pairwise(sorted(ranges)):
        if other[0] <= one[1]:
            raise ValueError(
                f"labels has frames {other[0]}-{other[1]} of {key!r} ({other[2]}), which overlap frames "
                f"{one[0]}-{one[1]} ({one[2]})"
            )


class Task(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is to be learnt from what: the windows that are read, exported and scored unless asked for otherwise.

    Parameters
    ----------
    inputs, targets
        Fields of features, such as ``positions[*-Hips]``.
    length, stride, step
        Frames in a window, from the beginning of a window to that of the next, and every how many frames one is taken.
    label
        Whether a window's class is to be learnt; then there need be no targets.
    """

    inputs: tuple[str, ...]
    targets: tuple[str, ...] = ()
    length: Annotated[int, msgspec.Meta(ge=1)] = 1
    stride: Annotated[int, msgspec.Meta(ge=1)] = 1
    step: Annotated[int, msgspec.Meta(ge=1)] = 1
    label: bool = False

    def __post_init__(self) -> None:
        if not self.inputs:
            raise ValueError("inputs is empty; name at least one field")
        if not self.targets and not self.label:
            raise ValueError("targets is empty; name at least one field, or say label = true")
        for feature in self.features():
            if feature not in KNOWN:
                raise ValueError(f"there is no feature {feature!r}{did_you_mean(feature, KNOWN)}")

    def features(self) -> tuple[str, ...]:
        """Return the features that its fields are of."""
        return tuple(dict.fromkeys(parse_field(text).feature for text in (*self.inputs, *self.targets)))


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """Ordered stages, a split, and how files are read.

    Parameters
    ----------
    description
        For people; decides nothing.
    seed
        Of random stages, from 0 to 2**63 - 1.
    reading, selection, split, stages
        How files are read, which motions are used, which split each goes to, and what is made of them. The last stage
        of a split's is ``features``; it is added where it is not given.
    task
        What is to be learnt; decides no array.
    corpus
        The published corpus that it is for; decides no array.

    Raises
    ------
    RecipeError
        If the parts do not go together.
    """

    description: str = ""
    seed: int = 0
    reading: Reading = Reading()
    selection: Selection = Selection()
    split: Split = Split()
    stages: tuple[Stage, ...] = ()
    task: Task | None = None
    corpus: Corpus | None = None

    def __post_init__(self) -> None:
        for number, stage in enumerate(self.stages, start=1):
            for split in stage.splits:
                self._check_split(split, f"stage {number} ({stage.name})")
        for split in self.split.names():
            last = 0
            for number, stage in enumerate(self.stages, start=1):
                if last and stage.works_on(split):
                    raise RecipeError(
                        f"stage {number} ({stage.name}) comes after stage {last} (features) in split {split!r}; "
                        "features are last and given once"
                    )
                if isinstance(stage, Features) and stage.works_on(split):
                    last = number
            self._check_order(split)
            # What is stored where a recipe does not say is decided by the data.
            if any(isinstance(stage, Features) for stage in self.stages):
                self._check_task(split)

        lines = {by: (name, split) for split in self.split.names() for name, by in self.six_by(split).items()}
        if len(lines) > 1:
            (name, split), (other, its) = (lines[by] for by in SIX_BY)
            raise RecipeError(
                f"{name} of split {split!r} are two columns of matrices and {other} of split {its!r} two rows; in one "
                "dataset all are the same: set the same by = 'columns' or 'rows' on features and represent"
            )

    @property
    def asks_for_findings(self) -> bool:
        """Whether what the checks find in the sources decides the dataset."""
        return bool(self.selection.drop_if) or "duplicates" in self.split.by

    def stages_for(self, split: str) -> tuple[Stage, ...]:
        """Return the stages of a split in order, ``features`` last."""
        stages = tuple(stage for stage in self.stages if stage.works_on(split))
        return stages if stages and isinstance(stages[-1], Features) else (*stages, Features())

    def six_by(self, split: str) -> dict[str, str]:
        """Return whether the features that a split stores as two lines of matrices are ``"columns"`` or ``"rows"``."""
        stages = self.stages_for(split)
        found: dict[str, str] = {}
        for stage in stages:
            if isinstance(stage, Represent) and stage.rotations == "6d":
                found |= dict.fromkeys(("rotations", *stage.makes), stage.by)
            if isinstance(stage, Features):
                found |= {array: stage.by for array in stage.arrays if KINDS[array].form == "6d"}
        stored = [array for stage in stages if isinstance(stage, Features) for array in stage.arrays]
        return {name: by for name, by in found.items() if name in stored}

    def needs(self, split: str) -> frozenset[str]:
        """Return which modality of a take a split needs, of ``"motion"`` and ``"markers"``."""
        return _needs(self.stages_for(split))

    @property
    def asks_for(self) -> frozenset[str]:
        """Which modality of a take its stages cannot work without, and its task is learnt from and of."""
        made = [array for stage in self.stages for array in stage.makes]
        # A stage that normalizes an array has no use for takes without it.
        named = [array for stage in self.stages if isinstance(stage, Normalize) for array in stage.arrays]
        learnt = self.task.features() if self.task else ()
        return _needs(self.stages) | {KNOWN[array] for array in (*made, *named, *learnt)}

    def copies(self, split: str) -> int:
        """Return how many copies of each motion a split gets."""
        asked = (stage.copies for stage in self.stages_for(split) if isinstance(stage, Augment))
        return 1 if split == "test" else max(asked, default=1)

    @property
    def normalize(self) -> Normalize | None:
        """Its stage ``normalize``, if it has one."""
        return next((stage for stage in self.stages if isinstance(stage, Normalize)), None)

    @property
    def stored_normalized(self) -> bool:
        """Whether normalized numbers are stored."""
        return self.normalize is not None and self.normalize.stored

    def normalizes(self, feature: str) -> bool:
        """Return whether a feature is handed out normalized, be it on reading or as it is stored."""
        if self.normalize is None or feature not in KNOWN or feature in _NOT_NORMALIZED:
            return False
        return not self.normalize.arrays or feature in self.normalize.arrays

    def storing(self, modalities: Set[str], *, bare: bool = False) -> Recipe:
        """Return the recipe for data with these modalities, where it does not say what to store.

        What a stage makes is stored as well. Where some motions are arrays, all are stored as what arrays are:
        positions, and no rotations.

        Raises
        ------
        RecipeError
            If the task is on features that are not stored then.
        """
        if any(isinstance(stage, Features) for stage in self.stages):
            return self
        whole = self._whole(modalities, bare=bare)
        for split in whole.split.names():
            whole._check_task(split)
        return whole

    def _whole(self, modalities: Set[str], *, bare: bool) -> Recipe:
        """Return the recipe with what is stored where it does not say so."""
        usual = (
            *(BARE if bare else DEFAULT if "motion" in modalities else ()),
            *(MARKERS if "markers" in modalities else ()),
        )
        arrays = {
            split: tuple(dict.fromkeys((*usual, *(name for stage in self.stages_for(split) for name in stage.makes))))
            for split in self.split.names()
        }
        if set(arrays.values()) == {DEFAULT}:
            return self
        if len(set(arrays.values())) == 1:
            return self.with_stages([Features(arrays=next(iter(arrays.values())))])
        return self.with_stages([Features(arrays=some, splits=(split,)) for split, some in arrays.items()])

    def _check_order(self, split: str) -> None:
        stages = self.stages_for(split)
        names = [stage.name for stage in stages]
        if "align" in names[1:]:
            raise RecipeError(
                f"align comes after {names[0]} in split {split!r}; it is first and given once, since other stages take "
                "skeleton and markers as one"
            )
        # What is stored where a recipe does not say is decided by the data.
        explicit = any(isinstance(stage, Features) for stage in self.stages)
        if explicit and "align" not in names and self.needs(split) == _BOTH:
            raise RecipeError(
                f"split {split!r} stores or needs skeleton and markers, which no stage brings together; put align first"
            )
        for number, stage in enumerate(stages):
            _check_place(stage, stages[:number], split)
        self._check_markers(split, stages)
        if names.count("normalize") > 1:
            raise RecipeError(f"normalize is given twice in split {split!r}; name all arrays in one")
        stored = [array for stage in stages if isinstance(stage, Features) for array in stage.arrays]
        for stage in stages:
            if explicit and stage.makes and not {*stage.makes, *stage.makes_also} & {*stored}:
                raise RecipeError(
                    f"{stage.name} makes {' and '.join(stage.makes)}, none of which split {split!r} stores; add some "
                    "to the arrays of its features"
                )
        for array in (array for stage in stages if isinstance(stage, Normalize) for array in stage.arrays):
            numbers = [name for name in (stored if explicit else KNOWN) if name not in _NOT_NORMALIZED]
            if array not in numbers:
                which = f"of the arrays that split {split!r} stores" if explicit else "that can be stored"
                raise RecipeError(f"normalize: {array!r} is no array of numbers {which}{did_you_mean(array, numbers)}")
        for array in stored:
            if array in MADE_BY and MADE_BY[array] not in names:
                raise RecipeError(
                    f"{array} is stored in split {split!r}, but no stage {MADE_BY[array]} is there to make it"
                )

    def _check_task(self, split: str) -> None:
        stored = [array for stage in self.stages_for(split) if isinstance(stage, Features) for array in stage.arrays]
        for feature in self.task.features() if self.task else ():
            if feature not in stored:
                maker = f" and a stage {MADE_BY[feature]} to make it" if feature in MADE_BY else ""
                raise RecipeError(
                    f"task: {feature} is no feature that split {split!r} stores; it stores {', '.join(stored)}: learn "
                    f"from these, or add {feature} to the arrays of its features{maker}"
                )

    def _check_markers(self, split: str, stages: Sequence[Stage]) -> None:
        """Refuse a stage that names markers which a stage before it leaves out, where names decide it."""
        alone = self.needs(split) == {"markers"}
        markers: tuple[str, ...] = ()
        for stage in stages:
            if markers and (lacking := stage.lacks(markers, alone=alone)):
                raise RecipeError(
                    f"{stage.name} cannot work on the markers that select_markers leaves in split {split!r}: "
                    f"{lacking}; select what it needs as well, or put {stage.name} before"
                )
            markers = stage.markers_after(markers)

    def with_stages(self, stages: Sequence[Stage]) -> Recipe:
        """Return a recipe in which these stages replace those of their names on the splits that they work on.

        Stages that are new to the recipe come where :data:`motionprep.stages.STAGES` has them. If skeleton and markers
        are then stored side by side and no stage says how they are brought together, ``align`` finds it out.
        """
        order = list(STAGES)
        kept = list(self.stages)
        for name in order:
            new = [stage for stage in stages if stage.name == name]
            if not new:
                continue
            old = [number for number, stage in enumerate(kept) if stage.name == name]
            later = (number for number, stage in enumerate(kept) if order.index(stage.name) > order.index(name))
            at = old[0] if old else next(later, len(kept))
            rest = [self._without(stage, new) if stage.name == name else stage for stage in kept[at:]]
            kept = kept[:at] + new + [stage for stage in rest if stage is not None]
        if any(isinstance(stage, Features) for stage in kept) and not any(stage.name == "align" for stage in kept):
            splits = self.split.names()
            pairs = [split for split in splits if _needs(stage for stage in kept if stage.works_on(split)) == _BOTH]
            if pairs:
                kept.insert(0, make_stage("align", splits=pairs if len(pairs) < len(splits) else []))
        return msgspec.structs.replace(self, stages=tuple(kept))

    def with_settings(self, name: str, splits: Sequence[str], **settings: Any) -> Recipe:
        """Return a recipe in which a stage has other settings on some splits; its other settings stay as they are.

        Parameters
        ----------
        name
            Of the stage; it is added where a split has none.
        splits
            Names of splits.
        **settings
            Fields of the stage.

        Raises
        ------
        RecipeError
            If the stage has no such field, or a setting cannot be.
        """
        on: dict[int, list[str]] = {}
        for split in splits:
            self._check_split(split, name)
            old = (number for number, stage in enumerate(self.stages) if stage.name == name and stage.works_on(split))
            on.setdefault(next(old, -1), []).append(split)
        new = []
        for number, some in on.items():
            before = self.stages[number].settings() if number >= 0 else {}
            everywhere = len(some) == len(self.split.names())
            new.append(make_stage(name, **{**before, **settings, "splits": [] if everywhere else some}))
        return self.with_stages(new)

    def _check_split(self, split: str, place: str) -> None:
        if split not in self.split.names():
            raise RecipeError(f"{place}: splits: there is no split {split!r}{did_you_mean(split, self.split.names())}")

    def _without(self, stage: Stage, others: Sequence[Stage]) -> Stage | None:
        """Return a stage for those of its splits that no other one works on; None if none is left."""
        its = [split for split in self.split.names() if stage.works_on(split)]
        left = tuple(split for split in its if not any(other.works_on(split) for other in others))
        if len(left) == len(its):
            return stage
        return msgspec.structs.replace(stage, splits=left) if left else None

    def to_json(self) -> dict[str, Any]:
        """Return the whole recipe as plain values, defaults left out; :func:`recipe_from_json` takes it back."""
        return {
            "description": self.description,
            "seed": self.seed,
            "reading": msgspec.to_builtins(self.reading, order="deterministic"),
            **({} if self.selection == Selection() else {"selection": msgspec.to_builtins(self.selection)}),
            "split": msgspec.to_builtins(self.split),
            "stages": [{"stage": stage.name, **stage.settings()} for stage in self.stages],
            **({"task": msgspec.to_builtins(self.task)} if self.task else {}),
            **({"corpus": msgspec.to_builtins(self.corpus)} if self.corpus else {}),
        }

    def identity(self) -> str:
        """Return a key of all that decides the arrays and their order: everything but description and corpus."""
        value = self.to_json()
        del value["description"]
        value.pop("corpus", None)
        value["stages"] = [[stage.identity(), list(stage.splits)] for stage in self.stages]
        return hashing.key([FORMAT, value])


def _check_place(stage: Stage, earlier: Sequence[Stage], split: str) -> None:
    """Refuse a stage that comes too late."""
    smooths = isinstance(stage, Downsample) and stage.lowpass
    if (stage.alters or smooths) and (maker := next((one.name for one in earlier if one.derives), "")):
        raise RecipeError(
            f"{stage.name} comes after {maker} in split {split!r}, whose arrays it would not change; put it before"
        )
    if stage.picks and (maker := next((one.name for one in earlier if one.leads_on), "")):
        raise RecipeError(
            f"{stage.name} comes after {maker} in split {split!r}, whose numbers lead from each frame to the next; put "
            "it before"
        )
    if (stage.in_world or smooths) and "local_frame" in [one.name for one in earlier]:
        raise RecipeError(
            f"{stage.name} comes after local_frame in split {split!r}; it works on takes in the world: put it before"
        )
    if stage.fixes_joints and (maker := next((one.name for one in earlier if one.exchanges), "")):
        raise RecipeError(
            f"{stage.name} makes other joints after {maker} has exchanged left and right in split {split!r}, "
            "so that these could not be known when features are brought back; put it before"
        )


def recipe_from_json(value: Mapping[str, Any], name: str = "recipe") -> Recipe:
    """Check plain values, as TOML or JSON give them, and make a recipe of them.

    Parameters
    ----------
    value
        A table with ``description``, ``seed``, ``reading``, ``selection``, ``split``, ``stages``, ``task`` and
        ``corpus``.
    name
        Stands in errors.

    Raises
    ------
    RecipeError
        If anything in it is unknown, of a wrong type or impossible; it names the file, the stage and the field.
    """
    try:
        # What cannot be written into a dataset is no recipe; Python's strings and lists hold more than JSON.
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise RecipeError(f"{name}: has a text that is no Unicode, with half of a character") from None
    except (RecursionError, ValueError):
        raise RecipeError(f"{name}: brackets are nested too deep, or a number has thousands of digits") from None
    known = ("description", "seed", "reading", "selection", "split", "stages", "task", "corpus")
    for field in value:
        if field not in known:
            raise RecipeError(f"{name}: there is no {field!r}{did_you_mean(field, known)}")
    stages = value.get("stages", [])
    if not isinstance(stages, Sequence) or isinstance(stages, str):
        raise RecipeError(f"{name}: stages is {stages!r}; expected a list of tables, [[stages]]")
    split = value.get("split", {})
    for known_split in SPLITS[3]:
        # Afterwards it looks like a split that is not there.
        if isinstance(split, Mapping) and split.get(known_split) in ([], ()):
            raise RecipeError(
                f"{name}: split: {known_split} is an empty list; name the motions that it is to have, or leave it out"
            )
    if isinstance(split, Mapping) and isinstance(split.get("percent"), int | float):
        raise RecipeError(
            f"{name}: split: percent is the number {split['percent']}; expected the share of each split as a text, "
            "such as '90/10' for train and test, '80/10/10' for train, val and test, or '100' for train alone"
        )
    made = tuple(_stage(stage, f"{name}: stage {number}") for number, stage in enumerate(stages, start=1))
    try:
        return Recipe(
            description=_convert(value.get("description", ""), str, f"{name}: description"),
            seed=_convert(value.get("seed", 0), Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)], f"{name}: seed"),
            reading=_convert(value.get("reading", {}), Reading, f"{name}: reading"),
            selection=_convert(value.get("selection", {}), Selection, f"{name}: selection"),
            split=_convert(split, Split, f"{name}: split"),
            stages=made,
            task=_convert(value["task"], Task, f"{name}: task") if "task" in value else None,
            corpus=_convert(value["corpus"], Corpus, f"{name}: corpus") if "corpus" in value else None,
        )
    except RecipeError as error:
        text = str(error)
        raise RecipeError(text if text.startswith(name) else f"{name}: {text}") from None


def recipe_of_dataset(facts: Mapping[str, Any], name: str) -> Recipe:
    """Return the recipe that a ``dataset.json`` holds; format 1 had another name for a setting of ``normalize``.

    Raises
    ------
    RecipeError
        If it is not a good one.
    """
    recipe = facts["recipe"]
    if facts.get("motionprep") == 1:
        stages = [
            {"stored" if word == "baked" else word: value for word, value in stage.items()}
            for stage in recipe.get("stages", ())
        ]
        recipe = {**recipe, "stages": stages}
    return recipe_from_json(recipe, name)


def load_recipe(source: str | os.PathLike[str]) -> Recipe:
    """Return a recipe by its shipped name, from a TOML file, or from the ``dataset.json`` of a dataset.

    Raises
    ------
    RecipeError
        If there is none, or it is not a good one.
    """
    text = None if isinstance(source, os.PathLike) else shipped.recipe_text(source)
    name = os.fspath(source)
    if text is None:
        path = Path(name)
        if not path.is_file():
            near = "" if isinstance(source, os.PathLike) else did_you_mean(name, shipped.recipe_names())
            raise RecipeError(f"{name}: no such recipe file{' or shipped recipe' if near else ''}{near}")
        try:
            text = read_text(path).decode()
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(f"{name}: cannot be read: {error}") from None
    try:
        value = parse_json(text) if name.endswith(".json") else {"recipe": parse_toml(text)}
    except ValueError as error:
        raise RecipeError(f"{name}: {error}") from None
    if not isinstance(value, Mapping) or not isinstance(value.get("recipe"), Mapping):
        raise RecipeError(f"{name}: has no recipe; expected a TOML file or the dataset.json of a dataset")
    return recipe_of_dataset({**value, "recipe": _beside(value["recipe"], Path(name).parent)}, name)


def _beside(recipe: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Return the recipe with the tables that its stages name in the folder of its own file."""
    stages = recipe.get("stages")
    if not isinstance(stages, list):
        return recipe
    placed = [
        {**stage, "table": str(folder / stage["table"])}
        if isinstance(stage, Mapping) and isinstance(stage.get("table"), str) and stage["table"]
        else stage
        for stage in stages
    ]
    return {**recipe, "stages": placed}


def _needs(stages: Iterable[Stage]) -> frozenset[str]:
    return frozenset(
        modality for stage in stages for modality in (stage.modalities if isinstance(stage, Features) else stage.needs)
    )


def make_stage(name: str, **settings: Any) -> Stage:
    """Return a stage by name.

    Raises
    ------
    RecipeError
        If there is none of that name, or a setting is wrong.
    """
    return _stage({"stage": name, **settings}, name)


def _stage(value: Any, place: str) -> Stage:
    if not isinstance(value, Mapping) or not isinstance(value.get("stage"), str):
        quoted = shown(value) if isinstance(value, str) else shown(repr(value))[1:-1]
        raise RecipeError(f'{place}: found {quoted}; expected a table with a stage, such as stage = "trim"')
    name = value["stage"]
    if name not in STAGES:
        raise RecipeError(f"{place}: there is no stage {name!r}{did_you_mean(name, STAGES)}")
    settings = {field: setting for field, setting in value.items() if field != "stage"}
    made: Stage = _convert(settings, STAGES[name], f"{place} ({name})" if place != name else name)
    return made


def _convert(value: Any, kind: Any, place: str) -> Any:
    fields = getattr(kind, "__struct_encode_fields__", ())
    if fields and isinstance(value, Mapping):
        for field in value:
            if field not in fields:
                raise RecipeError(f"{place}: there is no {field!r}{did_you_mean(field, fields)}")
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        match = _MSGSPEC_PLACE.match(str(error))
        what, where = (match["what"], match["where"]) if match else (str(error), None)
        raise RecipeError(f"{place}: {where + ': ' if where else ''}{_plainly(what, kind, where)}") from None


def _plainly(what: str, kind: Any, field: str | None) -> str:
    """Say what msgspec found in the words of TOML, and what would be right."""
    if what.startswith("Object contains unknown field"):
        table = {Split: Choice, Reading: ArrayMetadata}.get(kind, Joint)
        return f"there is no {what.rsplit(maxsplit=1)[-1]}; there are {', '.join(table.__struct_encode_fields__)}"
    if what.startswith("Object missing required field"):
        return f"{what.rsplit(maxsplit=1)[-1]} is missing"
    if what.startswith("Invalid enum value") and field:
        kind, field = (ArrayMetadata, field.removeprefix("arrays.")) if field.startswith("arrays.") else (kind, field)
        # An empty word stands for a field that is not given.
        what += f"; expected {' or '.join(repr(word) for word in get_args(get_type_hints(kind)[field]) if word)}"
    if what.startswith("Expected"):
        what = what.replace("object", "table").replace("array", "list")
    return what[:1].lower() + what[1:]
