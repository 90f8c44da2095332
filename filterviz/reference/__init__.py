"""VGG16, the network to compare with."""
