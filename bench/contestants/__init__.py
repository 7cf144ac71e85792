"""What the redirect is measured against: handlers that do its input and output, and nothing else."""
