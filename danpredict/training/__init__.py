"""Train Deep Alignment Networks. Needs torch: ``pip install 'danpredict[torch]'``."""
