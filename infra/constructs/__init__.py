"""The building blocks of the stacks: each owns the defaults of one kind of thing."""
