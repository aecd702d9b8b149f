"""Aligned face chips, for recognition."""
