"""Landmark labels whose sources all allow commercial use: MediaPipe's mesh mapped to ``ibug68``.

`docs/clean68.md` has the commands. Needs no torch.
"""
