"""PIX: the port that every provider stands behind, one module a provider, and the BR code."""
