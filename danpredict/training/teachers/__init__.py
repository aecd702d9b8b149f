"""Networks that only label pictures for training; never shipped.

Needs ``pip install 'danpredict[torch,teachers]'``.
"""
