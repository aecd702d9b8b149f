"""dlib's classes, or stand-ins if dlib is not installed."""
