"""`revtops …`: one module per noun. `commands` lists them; `main` runs one; each is a thin face of the engine."""
