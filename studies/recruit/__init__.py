"""Where participants come from, and where they go back to."""
