"""What is trained on and what only scores, and that the two never meet."""
