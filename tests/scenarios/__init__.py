"""The scenario matrix: journeys from an ad to a sale as a table, each played over real HTTP on the local stack.

``python -m tests.scenarios`` plays them on a stack of its own and prints what became of each; ``test_matrix.py`` holds
each against its expectation.
"""
