"""What users write: models, populations, rules, inputs and recorders, checked as declared."""

from .. import _brian2  # noqa: F401
