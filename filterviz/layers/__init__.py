"""All that is known about a kind of layer, a file for each family."""
