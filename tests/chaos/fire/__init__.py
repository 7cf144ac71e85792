"""The whole journey under load on the local stack, while one fault after the other comes and goes."""
