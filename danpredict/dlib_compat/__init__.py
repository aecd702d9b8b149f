"""dlib's classes, or stand-ins where dlib is not installed."""
