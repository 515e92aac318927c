"""BrainScaleS-2: analog AdEx circuits on a chip with 6-bit synapses and processors beside them."""
