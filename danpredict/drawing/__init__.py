"""Draw landmarks, boxes and text into pictures."""
