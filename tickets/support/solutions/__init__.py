"""Recommended solutions: a library, an index of all sources, a ranked search."""
