"""One HTML file that needs nothing beside it: the player, tables and charts, under a policy that allows no request."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

from motionprep.files.reading import open_file
from motionprep.quality.reading import is_dataset

#: What ends a script, begins a comment or an entity, or is a line's end to JavaScript and not to JSON.
_ESCAPED = {mark: f"\\u{ord(mark):04x}" for mark in "<>&\u2028\u2029"}

#: What a page begins with.
_BEGIN = b"<!doctype html>"

#: What stands below each page.
FOOTER = "Written by motionprep. This page makes no request; it can be kept, moved and sent as one file."


class Section(NamedTuple):
    """A part of the page.

    Parameters
    ----------
    id, title
        Of its heading; the page's list of contents leads to it.
    html
        What is under the heading, with all text escaped.
    """

    id: str
    title: str
    html: str

    def __str__(self) -> str:
        return (
            f'<section id="{self.id}" aria-labelledby="{self.id}-title"><h2 id="{self.id}-title">'
            f"{escape(self.title)}</h2>\n{self.html}\n</section>"
        )


def page(
    *,
    kind: str,
    title: str,
    lead: str,
    footer: str,
    tiles: str = "",
    before: Sequence[Section] = (),
    after: Sequence[Section] = (),
    data: Mapping[str, Any] | None = None,
) -> bytes:
    """Return a whole page.

    Parameters
    ----------
    kind, title, lead, footer
        Plain text; it is escaped here.
    tiles
        Numbers at the top, as HTML.
    before, after
        Sections above and below the player.
    data
        What the player and the table of findings show; no player if None.
    """
    scripts = [] if data is None else [_part("player.js"), _part("page.js")]
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts) or "'none'"
    policy = (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    player = ""
    if data is not None:
        player = _part("player.html")
        if not data["takes"]:
            player = ""
        elif len(data["takes"]) == 1:
            player = f'<div class="single">{player}</div>'
    contents = [(section.id, section.title) for section in before]
    contents += [("player", "Player")] if player else []
    contents += [(section.id, section.title) for section in after]
    links = "".join(f'<li><a href="#{place}">{escape(words)}</a></li>' for place, words in contents)
    text = Template(_part("page.html")).substitute(
        policy=policy,
        title=escape(title),
        kind=escape(kind),
        lead=escape(lead),
        footer=escape(footer),
        links=f'<ul class="contents" aria-label="Contents">{links}</ul>' if len(contents) > 1 else "",
        style=_part("page.css"),
        before=tiles + "\n".join(map(str, before)),
        player=player,
        after="\n".join(map(str, after)),
        data=as_json(data or {}),
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
    )
    return text.encode("utf-8", "replace")


def check_place(out: str | os.PathLike[str], sources: Sequence[str | os.PathLike[str]]) -> None:
    """Raise if a page would be written into a dataset that it is about, or over a file that is no page.

    Raises
    ------
    ValueError
        If so.
    """
    place = Path(out).resolve()
    for source in map(Path, sources):
        if place == source.resolve() or (is_dataset(source) and place.is_relative_to(source.resolve())):
            raise ValueError(f"{out} is in {source}, which it is about; choose another place")
    if place.is_file():
        with open_file(place) as file:
            begin = file.read(len(_BEGIN))
        if begin.lower() != _BEGIN:
            raise ValueError(f"{out} is a file already, and no page; choose another place")


def as_json(value: Any) -> str:
    """Return JSON that can stand in a script of a page: nothing in it ends the script."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&\u2028\u2029]", lambda found: _ESCAPED[found[0]], text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """Return a table whose first column names the rows; cells are escaped, and those of some columns stand right."""

    def cell(kind: str, place: int, words: str, scope: str) -> str:
        return f"<{kind}{scope}{' class=number' if place in numbers else ''}>{escape(words)}</{kind}>"

    top = "".join(cell("th", place, words, ' scope="col"') for place, words in enumerate(head))
    body = "".join(
        "<tr>"
        + "".join(
            cell("td" if place else "th", place, words, "" if place else ' scope="row"')
            for place, words in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def figure(title: str, svg: str, note: str = "") -> str:
    """Return a chart with its title, and a note that says in words what is to be seen."""
    small = f"<small>{escape(note)}</small>" if note else ""
    return f"<figure><figcaption>{escape(title)}{small}</figcaption>{svg}</figure>"


@lru_cache
def _part(name: str) -> str:
    return files("motionprep.reporting").joinpath(name).read_text(encoding="utf-8").strip()


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
