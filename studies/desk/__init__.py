"""What the researcher sees: how a study stands, its figures, its exports."""
