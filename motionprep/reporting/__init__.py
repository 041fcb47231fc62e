"""Pages to look at: a report about data or a dataset, and one motion in the player; see docs/report.md."""
