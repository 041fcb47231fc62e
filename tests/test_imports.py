"""Imports point one way, and what is slow to import waits until it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import motionprep_cli
import motionprep_manifests
import pytest

import motionprep

#: From the top down. A part imports from lines below its own, never from above.
ORDER = [
    "cli",
    "reporting",
    "exporting",
    "scoring",
    "building",
    "torch",
    "dataset",
    "quality",
    "storage",
    "recipe",
    "sources",
    "stages",
    "sample",
    "formats",
    "maths",
    "naming",
    "motion",
    "files",
    "errors",
]
#: Which parts alone may import a library.
ALONE = {
    "click": {"cli"},
    "tqdm": {"cli"},
    "joblib": {"building"},
    "pyarrow": {"storage", "exporting"},
    "zarr": {"storage"},
    "filelock": {"storage", "exporting"},
    "ezc3d": {"formats"},
    "matplotlib": {"reporting"},
    "torch": {"torch"},
}
FORBIDDEN = {"pymo", "pickle", "cPickle", "cloudpickle", "dill", "shelve", "marshal"}
SLOW = ("numpy", "numba", "pandas", "zarr", "pyarrow", "joblib", "ezc3d")

LIBRARY, CLI = Path(motionprep.__file__).parent, Path(motionprep_cli.__file__).parent
FILES = [*sorted(LIBRARY.rglob("*.py")), *sorted(CLI.rglob("*.py"))]
RANK = {part: rank for rank, part in enumerate(ORDER)}


def part_of(path: Path) -> str:
    """Return the part of the product that a file belongs to; empty for the table of contents."""
    if path.is_relative_to(CLI):
        return "cli"
    part = path.relative_to(LIBRARY).parts[0].removesuffix(".py")
    return "" if part in ("__init__", "__main__") else part


def imports(path: Path, *, types: bool = False) -> Iterator[str]:
    """Yield the full name of everything that a file imports anywhere; what it imports for types alone if asked."""
    root, name = (CLI, "motionprep_cli") if path.is_relative_to(CLI) else (LIBRARY, "motionprep")
    package = [name, *path.parent.relative_to(root).parts]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [
        node for node in tree.body if types or not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def parts(path: Path) -> set[str]:
    """Return the parts of the product that a file imports."""
    found = set()
    for name in imports(path):
        package, _, rest = name.partition(".")
        if package == "motionprep_cli":
            found.add("cli")
        elif package == "motionprep" and rest:
            found.add(rest.partition(".")[0])
    return found


def module_of(path: Path) -> str:
    root = CLI.parent if path.is_relative_to(CLI) else LIBRARY.parent
    name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
    return f"motionprep_cli{name.removeprefix(CLI.name)}" if path.is_relative_to(CLI) else name


def modules(path: Path) -> set[str]:
    """Return the modules of the product that a file imports, also for types alone or when a function is called."""
    known = {module_of(file) for file in FILES}
    names = set(imports(path, types=True))
    return {name if name in known else name.rpartition(".")[0] for name in names} & known


def libraries(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


def name_of(path: Path) -> str:
    return path.relative_to(LIBRARY.parent).as_posix() if path.is_relative_to(LIBRARY) else f"cli/{path.name}"


each_file = pytest.mark.parametrize("path", FILES, ids=name_of)


@pytest.mark.parametrize("path", [path for path in FILES if part_of(path)], ids=name_of)
def test_a_part_imports_from_below_alone(path: Path) -> None:
    part = part_of(path)
    assert part in RANK, f"{name_of(path)} is new: enter {part!r} in ORDER, where it belongs"

    assert {other for other in parts(path) if other in RANK and RANK[other] < RANK[part]} == set()


def test_the_root_of_the_package_holds_the_public_face_alone() -> None:
    files = {path.name for path in LIBRARY.glob("*.*") if path.is_file()}

    assert files == {"__init__.py", "__main__.py", "errors.py", "torch.py", "py.typed"}


def test_no_imports_go_round_in_a_circle() -> None:
    graph = {module_of(path): modules(path) - {module_of(path)} for path in FILES}
    while free := {module for module, others in graph.items() if not others & graph.keys()}:
        graph = {module: others for module, others in graph.items() if module not in free}

    assert {module: sorted(others & graph.keys()) for module, others in graph.items()} == {}


@each_file
def test_each_library_is_known_to_its_parts_alone(path: Path) -> None:
    assert {name for name in libraries(path) if part_of(path) not in ALONE.get(name, {part_of(path)})} == set()


@each_file
def test_nothing_that_runs_what_it_reads_and_no_namesake_is_imported(path: Path) -> None:
    assert libraries(path) & FORBIDDEN == set()


@pytest.mark.parametrize("stage", [path for path in FILES if part_of(path) == "stages"], ids=name_of)
def test_no_stage_knows_another(stage: Path) -> None:
    named = {name for name in imports(stage) if name.startswith("motionprep.stages.")}

    assert stage.stem == "__init__" or all(name.startswith("motionprep.stages.base.") for name in named)


def loaded_after(code: str) -> set[str]:
    """Return which slow libraries a fresh interpreter has imported after some code, which may exit with 0."""
    report = f"print('loaded:', *(name for name in {SLOW} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\ntry:\n {code}\nexcept SystemExit as end:\n assert not end.code\n{report}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.rpartition("loaded:")[2].split())


@pytest.mark.parametrize(
    "module",
    [
        "motionprep",
        "motionprep.exporting",
        "motionprep.building.plan",
        "motionprep.recipe.recipe",
        "motionprep.storage.verify",
    ],
)
def test_a_plan_costs_no_slow_import(module: str) -> None:
    assert loaded_after(f"import {module}") == set()


@pytest.mark.parametrize("words", ["--help", "build --help", "export --help", "sample --help", "score --help"])
def test_help_costs_no_slow_import(words: str) -> None:
    assert loaded_after(f"sys.argv[1:] = {words.split()}; import motionprep_cli; motionprep_cli.main()") == set()


def test_a_dataset_costs_no_import_of_what_builds_it() -> None:
    assert loaded_after("import motionprep.dataset.dataset") & {"numba", "joblib", "ezc3d"} == set()


def test_a_build_costs_no_import_of_pandas(corpus: Path, tmp_path: Path) -> None:
    code = f"import motionprep; motionprep.build({str(corpus)!r}, {str(tmp_path / 'out')!r})"

    assert "pandas" not in loaded_after(code)


def test_a_build_with_checks_and_nothing_to_do_costs_no_slow_import(corpus: Path, tmp_path: Path) -> None:
    code = f"import motionprep; motionprep.build({str(corpus)!r}, {str(tmp_path / 'out')!r}, check=True)"
    first, again = loaded_after(code), loaded_after(code)

    assert "numpy" in first
    assert again == set()


def test_every_folder_and_table_is_in_the_wheel() -> None:
    project = LIBRARY.parent / "pyproject.toml"
    if not project.is_file():
        pytest.skip("motionprep is not run from its own folder")
    tool = tomllib.loads(project.read_text(encoding="utf-8"))["tool"]["setuptools"]
    packages = {".".join(path.parent.relative_to(LIBRARY.parent).parts) for path in LIBRARY.rglob("*.py")}
    beside = {path.relative_to(LIBRARY / "reporting") for path in (LIBRARY / "reporting").rglob("*.*")}
    manifests = Path(motionprep_manifests.__path__[0])
    shipped = {file for pattern in tool["package-data"]["motionprep_manifests"] for file in manifests.glob(pattern)}

    assert set(tool["packages"]) == packages | {"motionprep_manifests", "motionprep_cli"}
    assert shipped == set(manifests.rglob("*.toml"))
    assert {path.suffix for path in beside} - {".py", ".pyc"} == {
        pattern.removeprefix("*") for pattern in tool["package-data"]["motionprep.reporting"]
    }
