"""The recipes and tables that ship with motionprep, found by name in ``manifests/``."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


def _shelf() -> Traversable:
    # A run with nothing to do is spared this import.
    from importlib import resources

    return resources.files("motionprep_manifests")


def recipe_names() -> list[str]:
    """Return the names of the recipes that ship."""
    return sorted(file.name.removesuffix(".toml") for file in _shelf().iterdir() if file.name.endswith(".toml"))


def recipe_text(name: str) -> str | None:
    """Return the text of a shipped recipe, or None if there is none of that name."""
    if name not in recipe_names():
        return None
    return (_shelf() / f"{name}.toml").read_text(encoding="utf-8")


def joint_sets() -> dict[str, list[str]]:
    """Return the named sets of joints, each a list of names and patterns."""
    return _sets("joint-sets", "joints")


def marker_sets() -> dict[str, list[str]]:
    """Return the named sets of markers, each a list of names and patterns."""
    return _sets("marker-sets", "markers")


def skeletons() -> dict[str, list[str]]:
    """Return the joints of each canonical skeleton, in order, by the skeleton's name."""
    table = skeleton_table()["skeletons"]
    return {name: [joint["name"] for joint in skeleton["joints"]] for name, skeleton in table.items()}


def skeleton_table() -> dict[str, Any]:
    """Return the table of canonical skeletons and of what files call the places on a body."""
    return _table("skeletons")


def _sets(table: str, of: str) -> dict[str, list[str]]:
    return {name: list(value[of]) for name, value in _table(table).items()}


@cache
def _table(name: str) -> dict[str, Any]:
    import tomllib

    return tomllib.loads((_shelf() / "tables" / f"{name}.toml").read_text(encoding="utf-8"))
