"""See what a Keras image network has learned, filter by filter."""
