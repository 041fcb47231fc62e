"""What a recipe says, which split a motion is in, and which label it has."""
