"""What runs on many cores cost: measured, and foreseen by a simple model fitted to it."""
