"""Evidence: statements that are made about a bundle after it was written, and that leave its digest as it is."""
