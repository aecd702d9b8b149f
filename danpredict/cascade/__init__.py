"""The stages of a model, run one after the other."""
