"""Compare landmarks with annotated faces."""
