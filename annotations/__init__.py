"""The store of ratings, how work is handed out, what the numbers say, and the datasets that leave."""
