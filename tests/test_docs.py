"""What README and docs show is run as it stands."""

from __future__ import annotations

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

import motionprep
from motionprep.formats.arrays_metadata import OF_FOLDER, describe
from motionprep.recipe.recipe import recipe_from_json
from motionprep.stages import STAGES
from motionprep.stages.base import Augment, Stage

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


#: What an example may need that need not be installed; it is left out then.
EXTRAS = ("torch", "jax", "tensorflow")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def examples(language: str) -> list[pytest.param]:
    return [
        pytest.param(block, id=f"{page.name}-{number}")
        for page in PAGES
        for number, block in enumerate(blocks(page, language), start=1)
    ]


@pytest.fixture(scope="session")
def folder_with_out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    motionprep.write_sample(folder / "DATA", subjects=6, motions=1, frames=60)
    motionprep.build(folder / "DATA", folder / "OUT")
    return folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_examples_of_a_page_run_as_written_one_after_the_other(page, folder_with_out, monkeypatch):
    monkeypatch.chdir(folder_with_out)
    names = {}
    for code in blocks(page, "python"):
        if all(find_spec(extra) for extra in EXTRAS if re.search(rf"\b{extra}\b", code)):
            exec(compile(code, page.name, "exec"), names)


@pytest.mark.parametrize("text", examples("toml"))
def test_a_recipe_in_the_docs_is_a_good_recipe(text):
    if text.startswith(f"# {OF_FOLDER}"):
        describe(((OF_FOLDER, text.encode()),), None)
    else:
        recipe_from_json(tomllib.loads(text))


ON_STAGES = [(ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8") for page in ("recipes", "augmentation")]


@pytest.mark.parametrize("name", STAGES)
def test_every_field_of_a_stage_is_in_its_row_of_a_table(name):
    stage = STAGES[name]
    rows = [line for page in ON_STAGES for line in page.splitlines() if line.startswith("| `")]
    of_stage = [row for row in rows if f"`{name}`" in row.split("|")[1]]
    told = {word for row in of_stage for quoted in re.findall(r"`([^`]*)`", row) for word in re.findall(r"\w+", quoted)}
    # What all stages of a kind have stands above the tables.
    own = set(stage.__struct_fields__) - set((Augment if issubclass(stage, Augment) else Stage).__struct_fields__)
    assert own - told == set()


@pytest.mark.parametrize("field", ["splits", "copies"])
def test_fields_of_all_stages_of_a_kind_are_reported_above_the_tables(field):
    assert any(f"`{field} = " in page.partition("| stage |")[0] for page in ON_STAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
