"""What is kept on disk: patterns, uploads, the bundled patterns and the weights of VGG16."""
