"""motionprep recipes: the recipes that ship."""

from __future__ import annotations

import click


@click.command()
@click.argument("name", required=False)
def recipes(name: str | None) -> None:
    """List the recipes that ship, or print the one called NAME, to be copied and changed."""
    from motionprep.errors import RecipeError
    from motionprep.naming.nearest import did_you_mean
    from motionprep.naming.shipped import recipe_names, recipe_text
    from motionprep.recipe.recipe import load_recipe

    from .tables import table

    if name is None:
        rows = [[known, load_recipe(known).description.strip().partition("\n")[0]] for known in recipe_names()]
        click.echo(table(["recipe", "description"], rows, left=2))
        return
    text = recipe_text(name)
    if text is None:
        raise RecipeError(f"there is no recipe {name!r}{did_you_mean(name, recipe_names())}")
    click.echo(text, nl=False)
