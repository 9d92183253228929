"""What annotators delivered: the files, their state, and people's decisions about them."""
