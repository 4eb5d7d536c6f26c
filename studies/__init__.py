"""Human studies of group conversations: one file describes a study, and everything else follows from it."""
