"""Ready-made networks from the literature, at any scale."""
