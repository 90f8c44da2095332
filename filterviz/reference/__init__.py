"""VGG16, the network to compare with: where its weights are, and which of its layers belongs beside which."""
