"""One simulation on many processes: who owns which neurons, and how processes talk."""

from .leaving import is_first as first_rank

__all__ = ["first_rank"]
