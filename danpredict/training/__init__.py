"""Training of Deep Alignment Networks; needs torch (``pip install 'danpredict[torch]'``)."""
