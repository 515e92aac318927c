"""Loihi and Loihi 2: integer neurons on cores that step together."""
