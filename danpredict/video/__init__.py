"""Track faces through a video."""
