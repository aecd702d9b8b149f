"""Networks that label pictures for training. They are not used for prediction.

Needs ``pip install 'danpredict[torch,teachers]'``.
"""
