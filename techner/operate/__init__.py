"""What a person does with a store: make it, move and export models, and maintain it."""
