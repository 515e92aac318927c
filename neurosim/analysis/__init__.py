"""Analysis of recordings: ``statistics`` (arrays), ``metrics`` (the survey's), ``plots``."""
