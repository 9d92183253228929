"""What annotators delivered: what is there, where it stands, and the words that people said on it."""
