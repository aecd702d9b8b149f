"""Landmark conventions: definition, conversion, and measures such as the inter-ocular distance."""
