"""Numbers about results, computed with NumPy alone: which layers correspond, similarity, order and cost."""
