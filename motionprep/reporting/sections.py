"""The sections of a report, as HTML whose text is escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from math import isfinite, nan
from urllib.parse import quote

import numpy as np

from motionprep.dataset.dataset import Dataset
from motionprep.quality import SEVERITIES, Finding
from motionprep.reporting import charts
from motionprep.reporting.facts import Convention, MotionFacts
from motionprep.reporting.page import Section, figure, table

_MOST_CODES, _MOST_PAIRS, _FEW_PAIRS, _MOST_LABELS, _MOST_BARS = 12, 100, 5, 20, 24
#: Letters of a finding that stands as an example.
_EXAMPLE = 120
#: What is charted of each motion: its name in the facts, the chart's title, and the unit.
_NUMBERS = (
    ("seconds", "Duration", "seconds"),
    ("root_speed", "Mean speed of the pelvis", "body heights per second"),
    ("root_height", "Height of the pelvis above the feet", "body heights"),
    ("contact_share", "Share of frames with a foot on the floor", "share of frames"),
    ("skate", "Speed of standing feet", "body heights per second"),
    ("missing_share", "Share of marker samples that are missing", "share of samples"),
)


def lead(findings: Sequence[Finding], conventions: Sequence[Convention], motions: int) -> str:
    """Return in a sentence or two what is wrong, and what is mixed."""
    counts = Counter(finding.severity for finding in findings)
    parts = [_counted(counts[severity], severity) for severity in ("error", "warning") if counts[severity]]
    first = f"{' and '.join(parts) or 'No errors and no warnings'} in {_counted(motions, 'motion')}"
    mixed = [one.name for one in conventions if one.mixed]
    same = f"Mixed: {', '.join(mixed)}." if mixed else "All motions have the same conventions."
    return f"{first}. {same}"


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def tiles(motions: Sequence[MotionFacts], findings: Sequence[Finding], subjects: set[str]) -> str:
    """Return the numbers at the top of the page."""
    counts = Counter(finding.severity for finding in findings)
    seconds = sum(one.numbers["seconds"] for one in motions)
    hours = seconds >= 3600
    tiles = [
        ("motions", f"{len(motions):,}", ""),
        ("duration", f"{seconds / 3600:.1f}" if hours else f"{seconds / 60:.1f}", " h" if hours else " min"),
        ("frames", f"{sum(one.frames for one in motions):,}", ""),
        ("subjects", f"{len(subjects):,}" if subjects else "unknown", ""),
        ("skeletons", f"{len({one.structure for one in motions}):,}", ""),
        ("rates", f"{len({round(one.rate, 3) for one in motions}):,}", ""),
        *((f"{severity}s", f"{counts[severity]:,}", "") for severity in SEVERITIES),
    ]
    cells = "".join(
        f"<div{f' class={word[:-1]}' if word[:-1] in SEVERITIES and value != '0' else ''}><dt>{word}</dt>"
        f"<dd>{value}<small>{unit}</small></dd></div>"
        for word, value, unit in tiles
    )
    return f'<dl class="tiles">{cells}</dl>'


def overview(conventions: Sequence[Convention], findings: Sequence[Finding], dataset: Dataset | None) -> Section:
    """Return conventions, the codes of the findings, and the splits of a dataset."""
    rows = []
    for one in conventions:
        value = escape(one.value)
        if one.mixed:
            others = "; ".join(
                f"{other}: {', '.join(keys)}" + (f" and {count - len(keys):,} more" if count > len(keys) else "")
                for other, count, keys in one.others
            )
            value = f'<span class="mixed">mixed</span> mostly {value}<div class="who">{escape(others)}</div>'
        rows.append(f'<tr><th scope="row">{escape(one.name)}</th><td>{value}</td></tr>')
    card = f'<table class="facts-table"><tbody>{"".join(rows)}</tbody></table>' if rows else "<p>Nothing is known.</p>"
    by_code: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        by_code.setdefault((finding.severity, finding.code), []).append(finding)
    ordered = sorted(by_code.items(), key=lambda item: (SEVERITIES.index(item[0][0]), -len(item[1])))
    body = "".join(
        f'<tr><td><span class="badge {severity}">{severity}</span></td>'
        f'<td><a href="#check={code}">{escape(code)}</a>{_example(some[0])}</td>'
        f'<td class="number">{len(some):,}</td><td class="number">{len({one.motion for one in some}):,}</td></tr>'
        for (severity, code), some in ordered[:_MOST_CODES]
    )
    more = f'<p class="who">{len(ordered) - _MOST_CODES} more kinds are in the table of findings.</p>'
    grave = (
        '<div class="scroll"><table class="checks"><thead><tr><th scope="col">severity</th><th scope="col">check</th>'
        '<th scope="col" class="number">findings</th><th scope="col" class="number">motions</th></tr></thead>'
        f"<tbody>{body}</tbody></table></div>{more if len(ordered) > _MOST_CODES else ''}"
        if ordered
        else "<p>Every check ran, and none found anything.</p>"
    )
    html = f'<div class="columns"><div><h3>Conventions</h3>{card}</div><div><h3>What the checks found</h3>{grave}'
    html += f"</div></div><h3>Splits</h3>{_splits(dataset)}" if dataset else "</div></div>"
    return Section("overview", "At a glance", html)


def _example(finding: Finding) -> str:
    """Return a finding in a line; nothing of a note."""
    if finding.severity == "note":
        return ""
    words = " ".join(f"{finding.motion}: {finding.message}".split())
    shown = words if len(words) <= _EXAMPLE else f"{words[: _EXAMPLE - 1].rstrip()}…"
    return f'<div class="who">{escape(shown)}</div>'


def findings_table(findings: Sequence[Finding]) -> Section | None:
    """Return the table that the page's script fills, with what filters it; None if nothing was found."""
    if not findings:
        return None
    columns = (
        ("severity", "severity"),
        ("code", "check"),
        ("motion", "motion"),
        ("frames", "frames"),
        ("joint", "joint or marker"),
        ("value", "value"),
    )
    boxes = "".join(
        f'<label class="check"><input type="checkbox" id="finding-{severity}" checked> {severity}s</label>'
        for severity in SEVERITIES
    )
    heads = "".join(
        f'<th scope="col" data-column="{column}"{" class=number" if column == "value" else ""}>'
        f'<button type="button">{title}</button></th>'
        for column, title in columns
    )
    html = (
        f'<div class="filters" role="group" aria-label="Filter findings">{boxes}'
        '<label>check <select id="finding-code"><option value="">all</option></select></label>'
        '<input type="search" id="finding-search" placeholder="motion, joint, words" aria-label="Search findings">'
        '<output id="finding-count" aria-live="polite"></output></div>'
        f'<div class="scroll"><table id="findings"><thead><tr>{heads}<th scope="col">what it means</th></tr></thead>'
        '<tbody id="finding-rows"></tbody></table></div>'
        '<button type="button" id="finding-more" class="quiet more" hidden>Show more</button>'
    )
    return Section("all-findings", "Findings", html)


def duplicates(findings: Sequence[Finding], shown: set[str]) -> Section | None:
    """Return the pairs of motions that share frames; those in the player are shown side by side."""
    pairs = [one for one in findings if one.code.startswith("duplicate") and one.other]
    if not pairs:
        return None
    items = []
    for one in pairs[:_MOST_PAIRS]:
        start = one.frames[0] if one.frames else 1
        other = one.other_frames[0] if one.other_frames else 1
        words = f"{escape(one.motion)} and {escape(one.other)}"
        if {one.motion, one.other} <= shown:
            address = f"#motion={quote(one.motion, safe='')}&amp;frame={start}&amp;beside={quote(one.other, safe='')}"
            words = f'<a href="{address}&amp;start={other}">{words}, side by side</a>'
        items.append(
            f'<li><span class="badge {one.severity}">{one.severity}</span> {words}'
            f'<div class="who">{escape(one.message)}</div></li>'
        )
    first, rest = items[:_FEW_PAIRS], items[_FEW_PAIRS:]
    html = f'<ul class="pairs">{"".join(first)}</ul>'
    if rest:
        beyond = f" of {len(pairs) - len(first):,}" if len(pairs) > _MOST_PAIRS else ""
        html += f"<details><summary>{len(rest):,}{beyond} more pairs</summary>"
        html += f'<ul class="pairs">{"".join(rest)}</ul></details>'
    return Section("duplicates", "Duplicates", html)


def _splits(dataset: Dataset) -> str:
    whole = sum(split["frames"] for split in dataset.facts["splits"].values()) or 1
    rows = [
        [
            name,
            f"{split['motions']:,}",
            f"{split['subjects']:,}",
            f"{split['frames']:,}",
            f"{split['seconds'] / 3600:.2f}",
            f"{split['frames'] / whole:.1%}",
        ]
        for name, split in dataset.facts["splits"].items()
    ]
    head = ["split", "motions", "subjects", "frames", "hours", "share of frames"]
    return table(head, rows, range(1, 6))


def distributions(motions: Sequence[MotionFacts]) -> Section | None:
    """Return how durations and measures are spread, split by split."""
    by_split: dict[str, list[MotionFacts]] = {}
    for one in motions:
        by_split.setdefault(one.split or "motions", []).append(one)
    shown = []
    for name, title, unit in _NUMBERS:
        values = {
            split: [one.numbers[name] for one in some if isfinite(one.numbers.get(name, nan))]
            for split, some in by_split.items()
        }
        values = {split: some for split, some in values.items() if some}
        if values:
            several = len(by_split) > 1
            medians = ", ".join(
                f"{f'{split} ' if several else ''}{np.median(some):.3g}" for split, some in values.items()
            )
            shown.append(figure(title, charts.histogram(f"spread-{name}", values, unit), f"median {medians}"))
    if not shown:
        return None
    key = "".join(
        f'<span><i class="dots" style="color:var(--{charts.colour_of(split, place)})">■</i>{escape(split)}</span> '
        for place, split in enumerate(by_split)
    )
    legend = f'<p class="who">{key}</p>' if len(by_split) > 1 else ""
    return Section("distributions", "Distributions", f'{legend}<div class="charts">{"".join(shown)}</div>')


def labels(dataset: Dataset) -> Section | None:
    """Return how much of each split has each label; None if there are no labels."""
    if not dataset.classes:
        return None
    some = dataset.class_table[:_MOST_LABELS]
    rows = [
        [row.label or "(none)", row.split, f"{row.motions:,}", f"{row.frames:,}", f"{row.percent:.1f} %"]
        for row in some
    ]
    more = len(dataset.class_table) - len(some)
    html = table(["label", "split", "motions", "frames", "of the split's frames"], rows, (2, 3, 4))
    return Section("labels", "Labels", html + (f'<p class="who">{more:,} more</p>' if more else ""))


def missing(motions: Sequence[MotionFacts]) -> Section | None:
    """Return which markers are missing, and when; None if there are no markers."""
    with_markers = [one for one in motions if one.missing]
    worst = sorted(with_markers, key=lambda one: -sum(one.missing))[:_MOST_BARS]
    worst = [one for one in worst if sum(one.missing) > 0]
    if not with_markers:
        return None
    if not worst:
        return Section("missing", "Missing markers", "<p>No marker is missing in any frame.</p>")
    shares: dict[str, list[float]] = {}
    for one in with_markers:
        for name, share in one.by_marker.items():
            shares.setdefault(name, []).append(share)
    means = sorted(((float(np.mean(some)), name) for name, some in shares.items()), reverse=True)[:_MOST_BARS]
    over_time = charts.heat(
        "missing-time", [one.key for one in worst], np.array([one.missing for one in worst]), "of the motion"
    )
    by_name = charts.bars("missing-marker", [name for _, name in means], [share for share, _ in means], "of the frames")
    html = (
        '<div class="charts">'
        + figure(
            "Over time, in the motions with the most missing",
            over_time,
            "the stronger the colour, the more markers are missing at once",
        )
        + figure("By marker, over all motions", by_name, f"{means[0][1]} is missing most, in {means[0][0]:.1%}")
        + "</div>"
    )
    return Section("missing", "Missing markers", html)


def left_out(dataset: Dataset) -> Section | None:
    """Return why motions were left out of a dataset; None if none was."""
    reasons: Mapping[str, Mapping[str, int]] = dataset.facts["left_out"]
    rows = [[status, f"{count:,}", reason] for status, some in reasons.items() for reason, count in some.items()]
    if not rows:
        return None
    return Section("left-out", "Left out", table(["status", "motions", "reason"], rows[:_MOST_PAIRS], (1,)))
