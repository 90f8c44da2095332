"""From bytes to a :class:`~filterviz.spec.ModelSpec`: nothing in a file is executed, everything is checked."""
