"""Recipes and tables that ship with motionprep; see ``motionprep.naming.shipped``."""
