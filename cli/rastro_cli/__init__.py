"""The operator's command ``rastro``."""
