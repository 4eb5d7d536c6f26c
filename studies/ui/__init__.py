"""The pages of a study: a participant's, a researcher's, and the one on which answers are taken back."""
