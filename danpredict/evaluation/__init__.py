"""Measure predictors on annotated faces."""
