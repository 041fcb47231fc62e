"""motionprep diff: what differs between two datasets."""

from __future__ import annotations

import sys

import click

from .options import json_option
from .paths import LocalPath

_MOST = 10


@click.command()
@click.argument("one", metavar="OUT1", type=LocalPath(exists=True))
@click.argument("other", metavar="OUT2", type=LocalPath(exists=True))
@json_option
def diff(one: str, other: str, as_json: bool) -> None:
    """Print what differs between the datasets OUT1 and OUT2: recipe, motions, numbers; exit with 1 if anything does."""
    from motionprep.dataset.diff import diff

    from .tables import print_json

    found = diff(one, other)
    if as_json:
        print_json(found)
        sys.exit(bool(found))
    for setting, (mine, its) in found.recipe.items():
        click.echo(f"recipe: {setting} is {_shown(mine)} in {one} and {_shown(its)} in {other}")
    for where, keys in ((one, found.missing), (other, found.added)):
        if keys:
            click.echo(
                f"motions: {len(keys):,} are in {where} alone: {_some([f'{key} ({split})' for split, key in keys])}"
            )
    features: dict[str, list[str]] = {}
    for change in found.numbers:
        how = f"by up to {change.largest:.3g}" if change.largest is not None else "in shape"
        features.setdefault(change.feature, []).append(f"{change.key} ({change.split}) {how}")
    for feature, texts in features.items():
        click.echo(f"numbers: {feature} differs in {len(texts):,} motions: {_some(texts)}")
    if not found:
        click.echo("the datasets are equal: recipe, motions and numbers")
    sys.exit(bool(found))


def _shown(value: object) -> str:
    return "not set" if value is None else str(value)


def _some(texts: list[str]) -> str:
    return ", ".join(texts[:_MOST]) + (", ..." if len(texts) > _MOST else "")
