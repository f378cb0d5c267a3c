"""Benchmarks of search: relevance on known items, and CPU per question. Each prints a table and JSON."""
