"""What the editor knows of SQL: its words, its tokens, what a statement names, and what may come next."""
