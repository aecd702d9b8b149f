"""Files of faces with landmarks. Each format has one module that reads and writes it."""
