"""Small in-memory counterparts of the ports; they pass the same contract suites as the adapters."""
