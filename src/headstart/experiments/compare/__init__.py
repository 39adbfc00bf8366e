"""Compare: one network trained from several initializations, many seeds each."""
