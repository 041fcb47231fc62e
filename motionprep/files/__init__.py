"""Files of this disk: opened where they are regular, read within bounds."""
