"""Measures servers and says how they compare: what stands behind scripts/bench."""
