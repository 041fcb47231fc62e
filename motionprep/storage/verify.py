"""Read a dataset whole and say what is wrong with it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from motionprep.errors import DatasetError
from motionprep.files.progress import OnProgress, silent
from motionprep.storage import shard_reader, store


def verify(path: str | os.PathLike[str], on_progress: OnProgress = silent) -> list[str]:
    """Compare everything in a dataset with its checksums.

    Parameters
    ----------
    path
        The dataset.
    on_progress
        Called after each shard with how many are done, and how many there are.

    Returns
    -------
    list of str
        A sentence for each thing that is missing or damaged; the next build makes it again.

    Raises
    ------
    DatasetError
        If there is no dataset, or it is of a newer format.
    """
    out = Path(path)
    if not (out / store.DATASET).is_file():
        raise DatasetError(store.missing(out))
    dataset = store.load(out)
    if dataset is None:
        return [f"{out / store.DATASET}: is damaged; build again to mend it"]
    problems = []
    for word in store.named_in(dataset):
        try:
            store.read_named(out, dataset, word)
        except DatasetError as error:
            problems.append(str(error))
    if not problems and not store.named_are_whole(out, dataset):
        problems.append(f"{out / store.MANIFEST}: is not what {dataset['manifest']} is; build again to mend it")
    bad = []
    for done, key in enumerate(dataset["shards"], start=1):
        try:
            shard_reader.check(out / store.SHARDS, key)
        except DatasetError as error:
            problems.append(str(error))
            bad.append(key)
        on_progress(done, len(dataset["shards"]))
    # What is damaged is not to be trusted though its time be the same, and what is whole is, though its time be new.
    signatures = store.sign(out, (key for key in dataset["shards"] if key not in bad))
    if signatures != store.load_signatures(out):
        with suppress(OSError):  # of a dataset that this user cannot build anyway
            store.save_signatures(out, signatures)
    return problems
