"""From a rebuilt network and a recipe to patterns. The only place that imports Keras; it runs in child processes."""
