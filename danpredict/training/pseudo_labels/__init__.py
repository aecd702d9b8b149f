"""Pseudo-labels from several teachers: machine-made landmarks to train on.

Works without torch if all teachers are ``.dan`` models.
"""
