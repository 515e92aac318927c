"""Lowering: from a network description to a Program, plain data that every engine runs."""
