"""Files on disk: pictures that are read, outputs that are written whole or not at all."""
