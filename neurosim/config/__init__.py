"""Networks described in files, YAML or TOML: read as data, nothing of them is executed.

The format is data too: :mod:`neurosim.config.schema`.
"""
