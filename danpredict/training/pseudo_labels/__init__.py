"""Pseudo-labels: landmarks from one or several models, to train on.

Needs torch only if one of the models is a ``teacher.pt``.
"""
