"""What a build would do, decided before the first frame is touched, without NumPy."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

import msgspec

from motionprep.building import assign
from motionprep.building.assign import ShardMember
from motionprep.building.choose import Chosen, choose
from motionprep.building.planned import Plan, PlannedMotion, Shard, key_of, none_built
from motionprep.errors import DatasetError, RecipeError, SourceError
from motionprep.formats import MODALITIES
from motionprep.naming.subjects import subject_of
from motionprep.recipe import labels, splits
from motionprep.recipe.recipe import Label, Recipe
from motionprep.sources import humanml3d
from motionprep.sources.find import find
from motionprep.sources.fingerprints import SourceCache, SourceHeader, hash_files, read_headers
from motionprep.sources.indexes import labels_beside
from motionprep.sources.pairing import pair
from motionprep.sources.source import Source, TakeFiles
from motionprep.stages import Features
from motionprep.stages.base import Dropped, Stage, pick_frames
from motionprep.storage import shard_files, shard_reader, store

_WORDS = {"motion": "skeleton", "markers": "markers"}
_MANY = {"motion": "skeletons", "markers": "markers"}


@dataclass(frozen=True)
class FoundData:
    """All that a plan knows of the data without reading a motion.

    Parameters
    ----------
    sources
        The files, in natural order.
    labels, splits
        What files beside the data say, by key: text indexes, captions, and lists of splits.
    notes
        What is worth knowing about the files.
    """

    sources: Sequence[Source]
    labels: Mapping[str, Label]
    splits: Mapping[str, str]
    notes: Sequence[str]


def find_data(
    data: Sequence[str | os.PathLike[str]], recipe: Recipe, markers: Sequence[str | os.PathLike[str]] = ()
) -> FoundData:
    """Find the data for a plan.

    Parameters
    ----------
    data, recipe, markers
        As for :func:`make_plan`.

    Raises
    ------
    SourceError
        If there are none, or they cannot be.
    """
    notes: list[str] = []
    reading = recipe.reading
    sources = find(data, reading.key_pattern, markers, reading.arrays, notes)
    arrays = [source.key for source in sources if source.metadata]
    beside: dict[str, Label] = {}
    if not (reading.labels or reading.label_pattern):
        beside |= labels_beside(data, notes)
        beside |= humanml3d.captions_beside(data, arrays, notes) if arrays else {}
    return FoundData(sources, beside, humanml3d.splits_beside(data, notes) if arrays else {}, notes)


def make_plan(
    data: Sequence[str | os.PathLike[str]],
    out: Path | None,
    recipe: Recipe,
    *,
    found: FoundData | None = None,
    markers: Sequence[str | os.PathLike[str]] = (),
    verify_sources: bool = False,
    workers: int = 1,
    digests: bool = False,
    check: bool = False,
    on_check: Callable[[int, int], None] = lambda _done, _total: None,
) -> Plan:
    """Put the data on splits, and see which shards it needs.

    Parameters
    ----------
    data
        Folders, files and zip archives.
    out
        The dataset, which need not exist yet; None for a plan of all shards anew.
    recipe
        What to make; where it does not say what to store, the data decides.
    found
        What :func:`find_data` has found, if that is known.
    markers
        Folders, files and archives to take markers from; those in ``data`` count as well.
    verify_sources
        Hash all files again, whatever the cache says.
    workers
        How many files are hashed at once.
    digests
        Hash what is not known, so that every shard has its key, and look into shards that are not known to be whole.
    check
        Check the sources, unless it is known what the checks find.
    on_check
        Called after each take that is checked with the number of takes that are done, and of all.

    Raises
    ------
    SourceError, RecipeError, DatasetError
        If the data, the recipe or the dataset cannot be.
    """
    dataset = known = store.examine(out) if out else None
    root = store.root(out, stored_normalized=recipe.stored_normalized) if out else None
    if (
        out
        and dataset is not None
        and not (
            store.named_are_whole(out, dataset)
            and (root == out or are_whole(out, dataset["shards"], verify_contents=digests))
        )
    ):
        dataset = None
    cache = SourceCache(out / store.CACHE / "sources.json" if out else None)
    found = found or find_data(data, recipe, markers)
    odd = list(found.notes)
    broken = [source for source in found.sources if not source.modality]
    sources = [source for source in found.sources if source.modality]
    if not sources:
        raise none_built([source.wrong for source in broken])
    modalities, notes = _halves(recipe, sources, cache, asked=bool(markers))
    recipe = recipe.storing(modalities, bare=any(source.metadata for source in sources))
    needs = {split: recipe.needs(split) for split in recipe.split.names()}
    needed = frozenset().union(*needs.values())
    if markers and "markers" not in needed:
        raise RecipeError("markers are given, but the recipe stores none; add them to the arrays of its features")
    takes = pair(sources, needed, odd)
    if not takes:
        wanted = " and ".join(
            f"{_WORDS[modality]} ({' or '.join(suffix for suffix, its in MODALITIES.items() if its == modality)})"
            for modality in dict.fromkeys(MODALITIES.values())
            if modality in needed
        )
        where = ", ".join(os.fspath(path) for path in (*data, *markers))
        raise SourceError(f"{where}: the recipe needs {wanted}, and no such file is there")
    if all(take_files.metadata for take_files in takes):
        _refuse_rotations(recipe)
    files = [source for take_files in takes for source in take_files.sources]
    if verify_sources or digests:
        headers = hash_files(files, cache, workers, again=verify_sources)
    else:
        headers = read_headers(files, cache)
    keys, names = zip(*((one.key, one.sources[0].name) for one in takes), strict=True)
    named = labels.assign(recipe.reading, keys, names, found.labels)
    explicit = labels.unlabelled(recipe.reading, keys, named)
    seen = dict(zip(files, headers, strict=True))
    errors = ["".join(seen[source].error for source in one.sources) for one in takes]
    chosen = choose(recipe, needs, takes, seen, check=check, out=out, cache=cache, workers=workers, on_check=on_check)
    if len(chosen.left_out) == len(takes):
        raise none_built([*chosen.left_out.values()], chosen.doubts)
    parts, lacking = _assign(recipe, needs, takes, named, errors, chosen, found.splits)
    rows = _dealt(recipe, _rows(recipe, needs, takes, parts, named, chosen))
    aside = _aside(sources, takes, needed, cache)
    rows += [*aside, *map(_broken, broken)]
    if recipe.task and recipe.task.label:
        with_label = {row.split for row in rows if row.label and not row.reason}
        lacking += labels.lacking({split: split in with_label for split in recipe.split.names()})
    made = _shards(recipe, rows, root, verify_contents=digests)
    missing, empty = _missing(recipe, keys, rows)
    doubts = (
        *labels.strangers(recipe.reading, keys),
        *chosen.doubts,
        *_guessed(recipe, takes, errors),
        *_said_of(aside),
        *empty,
    )
    notes = (*odd, *notes, *explicit, *lacking, *missing)
    return Plan(recipe, tuple(rows), tuple(made), dataset, cache, notes, doubts, known, chosen.findings, chosen.results)


def _missing(recipe: Recipe, keys: Sequence[str], rows: Sequence[PlannedMotion]) -> tuple[list[str], list[str]]:
    """Return what of the recipe's corpus is missing, and which splits have nothing of it."""
    if recipe.corpus is None:
        return [], []
    there = {row.split for row in rows}
    empty = [
        f"split {name!r} is empty: nothing of {recipe.corpus.name} that is here goes to it"
        for name in recipe.split.names()
        if name not in there
    ]
    return [sentence for sentence in [recipe.corpus.missing(keys)] if sentence], empty


def _guessed(recipe: Recipe, takes: Sequence[TakeFiles], errors: Sequence[str]) -> list[str]:
    """Return that a split depends on subjects that are guessed from names, if it does."""
    if "subject" not in recipe.split.by or recipe.reading.key_pattern:
        return []
    guesses = [
        one
        for one, error in zip(takes, errors, strict=True)
        if not error
        and not (one.metadata and (one.metadata.subject or splits.split_named(one.key, recipe.split.names())))
        and not subject_of(one.sources[0].name.rpartition(".")[0]).pattern
    ]
    if not guesses:
        return []
    subjects = {one.subject for one in guesses}
    each = ", each with one motion" if len(subjects) == len(guesses) and len(guesses) > 1 else ""
    return [
        f"the split is by subject, and {len(subjects):,} subjects are guessed from names{each}, for instance "
        f"{guesses[0].subject!r} of {guesses[0].key!r}; if that is not who moves, one person may be in several splits: "
        "say the subject by a key pattern"
    ]


def _aside(
    sources: Sequence[Source], takes: Sequence[TakeFiles], needed: Set[str], cache: SourceCache
) -> list[PlannedMotion]:
    """Return the rows of takes that have no file of a modality that is needed: no take may vanish."""
    used = {take.key.casefold() for take in takes}
    left = [source for source in sources if source.modality not in needed and source.key.casefold() not in used]
    lacking = _lacks(needed)
    return [
        _unused(source, source.subject, _unread([header])[0], header.error or lacking, failed=bool(header.error))
        for source, header in zip(left, read_headers(left, cache), strict=True)
    ]


def _said_of(aside: Sequence[PlannedMotion]) -> list[str]:
    """Return that takes are left out for want of a modality, if some are."""
    lacking = [row for row in aside if not row.failed]
    if not lacking:
        return []
    return [
        f"takes that are left out because they have {lacking[0].reason}: {len(lacking):,}, for instance "
        f"{lacking[0].take_files.sources[0].name}"
    ]


def _broken(source: Source) -> PlannedMotion:
    """Return the row of what could not be looked into: it is no motion, so it has no number and is on no split."""
    return _unused(source, "", SourceHeader("", 0, 0.0, "", source.wrong), source.wrong, failed=True)


def _unused(source: Source, subject: str, header: SourceHeader, reason: str, *, failed: bool) -> PlannedMotion:
    """Return the row of a file that is on no split and has no number."""
    files = TakeFiles(source.key, subject, (source,))
    return PlannedMotion(files, (header,), 0, "", None, None, "", reason, failed=failed)


def _halves(
    recipe: Recipe, found: Sequence[Source], cache: SourceCache, *, asked: bool
) -> tuple[set[str], tuple[str, ...]]:
    """Return the modalities to store where the recipe does not say it, and a note if one is left aside.

    What stages and task ask for counts, and where they ask for nothing, what most takes have: a few markers beside
    many skeletons, or the other way round, are no reason to drop takes that have one modality. Where both are there,
    files that cannot be read do not count.
    """
    if not asked and len({source.modality for source in found}) > 1:
        good = [one for one, seen in zip(found, read_headers(found, cache), strict=True) if not seen.error]
        found = good or found
    keys = {modality: {source.key for source in found if source.modality == modality} for modality in _WORDS}
    there = {modality for modality in keys if keys[modality]}
    whole, paired = set.union(*keys.values()), set.intersection(*keys.values())
    explicit = any(isinstance(stage, Features) for stage in recipe.stages)
    if asked or explicit:
        return there, ()
    if recipe.task is not None and recipe.asks_for < there:
        # Files of the other kind beside must not change which frames a model learns from.
        (left,) = there - recipe.asks_for
        learnt = " and ".join(_MANY[modality] for modality in recipe.asks_for)
        return {*recipe.asks_for}, (
            f"the task is learnt from {learnt} alone, so the {_MANY[left]} of {len(keys[left]):,} takes are left aside",
        )
    if not recipe.asks_for <= there:
        return {*recipe.asks_for}, ()
    if len(there) < len(keys) or 2 * len(paired) >= len(whole):
        return there, ()
    kept = {*recipe.asks_for} or {max(keys, key=lambda modality: len(keys[modality]))}
    if kept == there:
        return there, ()
    aside = next(iter(there - kept))
    return kept, (
        f"only {len(paired):,} of {len(whole):,} takes have skeleton and markers, so the {_MANY[aside]} of "
        f"{len(keys[aside]):,} are left aside; give `markers`, or name `features` of both, to have takes with both "
        "alone",
    )


def _refuse_rotations(recipe: Recipe) -> None:
    for split in recipe.split.names():
        for stage in recipe.stages_for(split):
            if stage.of_rotations:
                raise RecipeError(
                    f"split {split!r} asks for {' and '.join(stage.of_rotations)}, and arrays of positions have no "
                    "rotations; leave that out, and store positions, root_position or what velocity makes"
                )


def _assign(
    recipe: Recipe,
    needs: Mapping[str, frozenset[str]],
    takes: Sequence[TakeFiles],
    named: Sequence[Label],
    errors: Sequence[str],
    used: Chosen,
    listed: Mapping[str, str],
) -> tuple[list[splits.Part], list[str]]:
    """Put takes on splits, and say of which labels there are too few for every split.

    Percentages are of those takes that are used and have what every split needs, if all splits need the same.
    """
    dealt, needed = list(range(len(takes))), frozenset.union(*needs.values())
    if not recipe.split.lists():
        dealt = [at for at in dealt if at not in used.left_out]
    if recipe.split.percent and len(set(needs.values())) == 1:
        dealt = [at for at in dealt if needed <= {source.modality for source in takes[at].sources}]
    given: dict[int, str] = {}
    if recipe.split.percent:
        # Somebody who made arrays has said by their names what they are for, and what is no motion is dealt nowhere.
        arrays = [at for at in dealt if takes[at].metadata is not None]
        dealt = [at for at in dealt if at not in arrays or not errors[at]]
        names = recipe.split.names()
        words = {at: listed.get(takes[at].key, takes[at].key) for at in arrays if at in dealt}
        given = {at: split for at, word in words.items() if (split := splits.split_named(word, names))}
    chosen = [takes[at] for at in dealt]
    classes = [labels.main(named[at]) for at in dealt]
    keys, subjects = [one.key for one in chosen], [one.subject for one in chosen]
    shared: Sequence[frozenset[str]] = ()
    if used.findings:
        from motionprep.quality import leaks

        shared = leaks.groups(used.findings.findings)
    try:
        parts = splits.assign(
            recipe.split,
            keys,
            subjects,
            classes,
            {dealt.index(at): split for at, split in given.items()},
            splits.grouped(recipe.split, keys, subjects, shared),
            partly=recipe.corpus is not None,
        )
    except RecipeError as error:
        if len(dealt) == len(takes):
            raise
        modalities = [{source.modality for source in one.sources} for one in takes]
        short = {
            modality: sum(modality not in there for there in modalities) for modality in _WORDS if modality in needed
        }
        reasons = [f"{count:,} have no {_WORDS[modality]}" for modality, count in short.items() if count]
        lost = " and ".join([*reasons, *([f"{len(used.left_out):,} are left out"] if used.left_out else [])])
        raise RecipeError(f"{error}; of {len(takes):,} takes that were found, {lost}") from None
    said = labels.too_few(splits.lacking(recipe.split, parts, classes)) if recipe.split.stratify else []
    if given:
        first = min(given)
        who = "lists beside them" if listed else "their names"
        said.append(
            f"{len(given):,} arrays are in the split that {who} say, for instance {takes[first].key} in {given[first]}"
        )
    return used.parts([replace(part, motion=dealt[part.motion]) for part in parts]), said


def _dealt(recipe: Recipe, rows: list[PlannedMotion]) -> list[PlannedMotion]:
    """Deal the motions of train into the recipe's parts; all ranges and copies of a motion go to one."""
    if recipe.split.parts == 1:
        return rows
    frames: dict[int, int] = {}
    classes: dict[int, str] = {}
    for row in rows:
        if row.split == "train" and not row.reason:
            frames[row.ordinal] = frames.get(row.ordinal, 0) + row.expected
            classes[row.ordinal] = labels.main(row.label)
    if len(frames) < recipe.split.parts:
        raise RecipeError(f"split: parts is {recipe.split.parts}, but train has {len(frames)} motions")
    numbers = splits.deal(list(frames.values()), list(classes.values()), recipe.split.parts)
    part_of = dict(zip(frames, numbers, strict=True))
    return [
        msgspec.structs.replace(row, part=part_of[row.ordinal]) if row.split == "train" and not row.reason else row
        for row in rows
    ]


def _rows(
    recipe: Recipe,
    needs: Mapping[str, frozenset[str]],
    takes: Sequence[TakeFiles],
    parts: Sequence[splits.Part],
    named: Sequence[Label],
    used: Chosen,
) -> list[PlannedMotion]:
    of_motion: dict[int, list[splits.Part]] = {}
    for part in parts:
        of_motion.setdefault(part.motion, []).append(part)
    rates = recipe.reading.rates
    stages = {split: recipe.stages_for(split) for split in needs}
    copies = {split: recipe.copies(split) for split in needs}
    rows: list[PlannedMotion] = []
    for index, take_files in enumerate(takes):
        whole = tuple(used.headers[source] for source in take_files.sources)
        rate, label = rates.get(take_files.key), named[index]
        # A header that says too little is let pass where the recipe is lenient; its label is looked at when it is read.
        if not (whole[0].error or recipe.reading.lenient):
            labels.check(take_files.key, label, whole[0].frames)
        modalities = {source.modality for source in take_files.sources}
        for part in of_motion.get(index, ()):
            missing = needs[part.split] - modalities
            wanted, seen = _only(needs[part.split], take_files, whole)
            wrong = (header.error or (header.rate_error if rate is None else "") for header in seen)
            error = next(filter(None, wrong), "")
            reason = error or _lacks(missing) or (_unfit(stages[part.split], seen[0]) if wanted.metadata else "")
            if reason:
                row = PlannedMotion(
                    wanted, _unread(seen), index + 1, part.split, part.frames, rate, label, reason, bool(error)
                )
                rows.append(row)
                continue
            expected, foreseen = _expected(stages[part.split], seen[0], rate or seen[0].rate, part.frames)
            if beyond := assign.beyond(part.frames, seen[0].frames):
                foreseen = f"{wanted.sources[0].name}: {beyond}"
            if recipe.reading.lenient:
                beyond = foreseen = ""
            what = (wanted, seen, index + 1, part.split, part.frames, rate, label, "", bool(beyond), expected)
            rows += [PlannedMotion(*what, copy, foreseen=foreseen) for copy in range(copies[part.split])]
        if index not in of_motion:
            missing = frozenset.intersection(*needs.values()) - modalities
            # An array that holds no motion is dealt nowhere for that reason alone.
            left_out = used.left_out.get(index, "")
            unfit = whole[0].error if take_files.metadata and recipe.split.percent and not left_out else ""
            rows.append(
                PlannedMotion(
                    take_files,
                    _unread(whole),
                    index + 1,
                    "",
                    None,
                    rate,
                    label,
                    left_out or unfit or _lacks(missing) or "in no split",
                    bool(unfit),
                )
            )
    return rows


def _only(
    needed: Set[str], take_files: TakeFiles, headers: tuple[SourceHeader, ...]
) -> tuple[TakeFiles, tuple[SourceHeader, ...]]:
    """Leave out the files of modalities that a split has no need of: nothing of it may hang on them."""
    kept = [at for at, source in enumerate(take_files.sources) if source.modality in needed]
    if len(kept) in (0, len(headers)):
        return take_files, headers
    fewer = msgspec.structs.replace(take_files, sources=tuple(take_files.sources[at] for at in kept))
    return fewer, tuple(headers[at] for at in kept)


def _lacks(missing: Set[str]) -> str:
    return " and ".join(f"no {_WORDS[modality]}" for modality in sorted(missing))


def _unfit(stages: Sequence[Stage], header: SourceHeader) -> str:
    """Return why arrays cannot go through stages; empty if they can."""
    first = ""
    for stage in stages:
        if stage.of_rotations:
            return f"{', '.join(stage.of_rotations)}: no rotations"
        if header.clip and stage.mixes_frames:
            return f"{stage.name}: would mix the frames of one clip with those of the next"
        if header.clip and stage.picks and first:
            return f"{stage.name}: comes after {first}; frames of clips are chosen first"
        if not stage.picks:
            first = first or stage.name
    return ""


def _unread(headers: Sequence[SourceHeader]) -> tuple[SourceHeader, ...]:
    """Leave out the digests of what is not built: they would hang on what an earlier run happened to read."""
    return tuple(msgspec.structs.replace(header, sha256="") for header in headers)


def _expected(
    stages: Sequence[Stage], header: SourceHeader, rate: float, frames: tuple[int, int] | None
) -> tuple[int, str]:
    """Return how many frames are left of a file, and why none is, where nothing before that stage needs the frames."""
    first, last = frames or (1, header.frames)
    count = max(min(last, header.frames) - first + 1, 0)
    given, before, clips = (header.clip, 0, count // header.clip) if header.clip else (count, first - 1, 1)
    chosen = pick_frames(stages, given, rate, before=before)
    if not isinstance(chosen, Dropped):
        return clips * len(chosen), ""
    leading = list(takewhile(lambda stage: stage.picks, stages))
    certain = pick_frames(leading, given, rate, before=before)
    return 0, certain.reason if isinstance(certain, Dropped) else ""


def _shards(recipe: Recipe, rows: Sequence[PlannedMotion], root: Path | None, *, verify_contents: bool) -> list[Shard]:
    """Cut each split's motions into shards; motions of other skeletons or markers go into other shards."""
    known = store.load_signatures(root) if root else {}
    there = shard_files.keys(root / store.SHARDS) if root else set()
    made = []
    for split in recipe.split.names():
        stages = recipe.stages_for(split)
        fixed = {
            "motion": any(stage.fixes_joints for stage in stages),
            "markers": any(stage.fixes_markers for stage in stages),
        }
        runs: dict[tuple[str, ...], list[ShardMember]] = {}
        for number, row in enumerate(rows):
            if row.split == split and not row.reason:
                one = row.take_files
                member = ShardMember(number, one.key, one.size, row.frames, row.rate, row.copy, one.metadata)
                structure = tuple(
                    "" if fixed[source.modality] else header.structure
                    for source, header in zip(row.take_files.sources, row.headers, strict=True)
                )
                runs.setdefault(structure, []).append(member)
        for run in runs.values():
            for members in assign.cut(run):
                digests = [rows[member.row].digests for member in members]
                key = key_of(recipe, split, members, digests) if all(map(all, digests)) else None
                present = (
                    root is not None
                    and key in there
                    and _is_whole(root / store.SHARDS, key or "", known, verify_contents=verify_contents)
                )
                made.append(Shard(split, members, key, sum(rows[member.row].expected for member in members), present))
    return made


def are_whole(root: Path, keys: Iterable[str], *, verify_contents: bool = False) -> bool:
    """Return whether shards are all known to be there and whole; look into others if ``verify_contents``."""
    known = store.load_signatures(root)
    return all(_is_whole(root / store.SHARDS, key, known, verify_contents=verify_contents) for key in keys)


def _is_whole(folder: Path, key: str, known: dict[str, str], *, verify_contents: bool) -> bool:
    try:
        if known.get(key) == shard_files.measure(folder, key)[1]:
            return True
        if verify_contents:
            shard_reader.check(folder, key)
    except (DatasetError, FileNotFoundError):
        return False
    return verify_contents
