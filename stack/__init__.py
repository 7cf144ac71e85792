"""The local stack: the real template on an embedded AWS emulator, with an embedded Valkey and the lab, on one machine.

``python -m stack dev`` starts it and stays; ``LocalStack`` is the same as a context manager, for the demo and the tests.
"""
