"""The redirect's page in a real Chromium: ``python -m tests.browser`` takes the pictures of the documentation."""
