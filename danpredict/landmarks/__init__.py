"""Landmark conventions: their points, how to convert them, and what is measured on them."""
