"""The way out: from what is to be said to the provider, and what became of it."""
