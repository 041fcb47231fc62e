"""What README and docs show is run as it stands."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import motionprep
from motionprep.recipe import recipe_from_json
from motionprep.stages import STAGES
from motionprep.stages.base import Augment, Stage

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def examples(language: str) -> list[pytest.param]:
    found = []
    for page in PAGES:
        blocks = re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        found += [pytest.param(block, id=f"{page.name}-{number}") for number, block in enumerate(blocks, start=1)]
    return found


@pytest.fixture(scope="session")
def folder_with_out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    motionprep.write_sample(folder / "DATA", subjects=6, motions=1, frames=60)
    motionprep.build(folder / "DATA", folder / "OUT")
    return folder


@pytest.mark.parametrize("code", examples("python"))
def test_a_python_example_runs_as_written(code, folder_with_out, monkeypatch):
    monkeypatch.chdir(folder_with_out)
    exec(compile(code, "example", "exec"), {})


@pytest.mark.parametrize("text", examples("toml"))
def test_a_recipe_in_the_docs_is_a_good_recipe(text):
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
def test_fields_of_all_stages_of_a_kind_are_told_above_the_tables(field):
    assert any(f"`{field} = " in page.partition("| stage |")[0] for page in ON_STAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
