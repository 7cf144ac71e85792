"""Benchmarks: each prints a table for people and writes ``bench/results/{name}.json``."""
