"""``python -m motionprep``: the command line."""

from motionprep_cli import main

main()
