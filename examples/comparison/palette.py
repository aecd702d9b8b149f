"""Colours and markers of the predictors in the plots of ``compare.py``."""

from __future__ import annotations

from danpredict.evaluation import plots

COLOURS = (*plots.COLOURS, "#999999")  # gray is easy to tell from the palette of Okabe and Ito
MARKERS = "os^DvpX"
