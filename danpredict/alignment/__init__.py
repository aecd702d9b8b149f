"""Aligned faces (chips) for face recognition."""
