"""Reading pictures, and writing outputs completely or not at all."""
