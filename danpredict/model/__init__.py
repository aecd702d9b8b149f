"""The network, the model file, and the models that ship with danpredict."""
