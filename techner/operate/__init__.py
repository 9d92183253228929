"""What a person does with a store: begin it, move and export models, look after it."""
