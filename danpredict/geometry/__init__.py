"""Similarity transforms and sampling, in numpy and in torch."""
