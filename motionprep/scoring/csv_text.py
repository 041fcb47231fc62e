"""Text in cells of CSV files that spreadsheets are to show, and not to compute."""

from __future__ import annotations

#: Signs at which a spreadsheet takes a cell for a formula: https://owasp.org/www-community/attacks/CSV_Injection.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_text(cell: str) -> str:
    """Return a cell that is read as text: with an apostrophe before it where it would be taken for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
