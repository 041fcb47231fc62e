"""The recipes and tables that ship with motionprep, found by name in ``manifests/``."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any


def recipe_names() -> list[str]:
    """Return the names of the recipes that ship."""
    files = resources.files("motionprep_manifests").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def recipe_text(name: str) -> str | None:
    """Return the text of a shipped recipe, or None if there is none of that name."""
    if name not in recipe_names():
        return None
    return (resources.files("motionprep_manifests") / f"{name}.toml").read_text(encoding="utf-8")


@cache
def joint_sets() -> dict[str, list[str]]:
    """Return the named sets of joints, each a list of names and patterns."""
    text = (resources.files("motionprep_manifests") / "tables" / "joint-sets.toml").read_text(encoding="utf-8")
    sets: dict[str, Any] = tomllib.loads(text)
    return {name: list(value["joints"]) for name, value in sets.items()}
