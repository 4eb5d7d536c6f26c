"""What ratings say: agreement, strengths of arms, quality of raters, planning and stopping."""
