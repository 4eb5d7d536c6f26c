"""What each command does: one function per command, from parsed options to an exit code."""
