"""Work on many pictures: find them, divide them among processes, resume after an interruption."""
