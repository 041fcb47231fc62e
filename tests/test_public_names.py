from __future__ import annotations

import importlib.resources
import subprocess
import sys
from pathlib import Path

import pytest

import motionprep


def test_there_are_few_names() -> None:
    assert len(motionprep.__all__) <= 35


def test_names_are_sorted_and_stand_once() -> None:
    assert motionprep.__all__ == sorted(set(motionprep.__all__))


@pytest.mark.parametrize("name", motionprep.__all__)
def test_each_name_can_be_had_from_the_module(name: str) -> None:
    assert callable(getattr(motionprep, name)) or name == "__version__"


@pytest.mark.parametrize("name", motionprep.__all__)
def test_each_name_has_a_docstring(name: str) -> None:
    assert getattr(motionprep, name).__doc__


@pytest.mark.parametrize("name", ["Motion", "Recipe", "Skeleton", "build", "open", "read_bvh", "write_bvh"])
def test_what_the_documentation_promises_is_there(name: str) -> None:
    assert name in motionprep.__all__


def test_a_listing_shows_the_public_names_alone() -> None:
    assert dir(motionprep) == motionprep.__all__


@pytest.mark.parametrize("name", motionprep.__all__)
def test_no_folder_of_the_package_hides_a_name(name: str) -> None:
    folders = {Path(path.name).stem for path in importlib.resources.files("motionprep").iterdir()}
    assert name not in folders


def test_the_command_line_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "motionprep", "--version"], check=True, capture_output=True, text=True)
    assert motionprep.__version__ in done.stdout


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'motionprep' has no attribute 'bulid'"):
        _ = motionprep.bulid


def test_type_checkers_find_that_the_package_is_typed() -> None:
    assert importlib.resources.files("motionprep").joinpath("py.typed").is_file()


def test_importing_the_module_imports_nothing_slow() -> None:
    code = "import motionprep, sys; print({'numpy', 'numba', 'pandas', 'zarr', 'pyarrow', 'joblib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"
