"""SpiNNaker: 32-bit fixed point in ticks, on cores that share a network's synaptic events."""
