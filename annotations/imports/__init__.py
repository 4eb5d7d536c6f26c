"""Ratings that were given elsewhere, on their way into the store."""
