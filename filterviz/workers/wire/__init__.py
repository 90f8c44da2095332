"""What the two sides of the wall say to each other, and how it is written as bytes."""
