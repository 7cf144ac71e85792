"""The fault campaign: the whole journey, killed at every point in memory, and under fire on the local stack."""
