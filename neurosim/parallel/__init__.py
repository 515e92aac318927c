"""One simulation on many processes: who owns which neurons, and how processes talk."""
